#pragma once

// What a topology's supervisor says of its services.

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

namespace holm::cli {

struct ListedService {
    std::string name;
    pid_t process = 0;  // its part of holm run, which its InstanceRecord is listed by; 0: none
    std::chrono::microseconds start_time{};  // from its last start until it was ready
    std::string state;
};

std::vector<ListedService> list_services(const std::string& topology);

}  // namespace holm::cli

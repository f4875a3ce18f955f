#pragma once

// What `holm run` was asked for, and the command line of the tender that follows from it.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/run/port_forward.h"

namespace holm::cli {

struct RunOptions {
    std::string image;
    std::string name;  // for holm ps, logs and stop; "": the image's
    std::string tender = "process";
    std::string memory;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::vector<std::string> net;
    std::vector<std::string> block;
    std::vector<std::string> publish;
    std::string grace = "5s";
    bool quiet = false;
    bool trace_system_calls = false;
    bool prefault = false;    // the vm tender
    bool huge_pages = false;  // the vm tender
    bool detach = false;
    bool stopped = false;  // before the first instruction, until a debugger lets it go on
    std::string gdb;       // the debugger's socket (not the process tender)
    std::string dump;      // core file on a panic
    // Of the qemu tender.
    std::string machine;      // "": its default
    std::string accelerator;  // "": kvm if it can be had
    bool print_command = false;
};

// Checked values of the options that holm itself acts on; the others go to the tender as they are.
struct RunPlan {
    std::filesystem::path image;
    std::string name;      // for holm ps, logs and stop
    std::string topology;  // that it is part of; "": none
    std::vector<PortForward> forwards;
    std::string passt_device;  // the network device that passt serves; "": no -p
    std::chrono::milliseconds grace{};
};

RunPlan plan_run(const RunOptions& options);

// `net_setting`: what passt's device is granted, behind "NAME="; unused without -p.
std::vector<std::string> tender_command(const RunOptions& options, const RunPlan& plan,
                                        const std::string& net_setting);

}  // namespace holm::cli

#pragma once

// The command line of QEMU that runs an image, and the kernel command line in it (docs/stock-vmms.md). Pure.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tender/devices/grants.h"
#include "tender/instance/options.h"
#include "tender/loader/load_plan.h"

namespace holm::cli {

enum class QemuMachine : std::uint8_t { kMicrovm, kQ35, kPc };

struct QemuSettings {
    QemuMachine machine = QemuMachine::kMicrovm;
    bool kvm = false;
    bool entropy_device = false;  // the processor has no random numbers
    int status = -1;              // socket that takes the service's exit status as one byte; -1: none
    // With a core file to write, the machine stands still at its end: gdb reads it there, and QMP on this
    // socket says when.
    int control = -1;
    std::string gdb_socket;  // empty: none
    // For people who run it themselves: a network device that passt would serve is QEMU's own user network.
    bool by_hand = false;
    std::vector<std::string> forwards;  // its hostfwd settings, such as tcp:127.0.0.1:8080-:80
    // The addresses of network devices that are not given any; each is used once.
    std::vector<std::array<std::uint8_t, 6>> macs;
    // For each of the options' network devices, what its IPv6 addresses are made of (host_secret.h); may be
    // shorter.
    std::vector<std::array<std::uint8_t, 16>> secrets;
};

std::vector<std::string> qemu_command(const std::string& program, const tender::Options& options,
                                      const tender::LoadPlan& plan, const tender::Grants& grants,
                                      const QemuSettings& settings);

// Megabytes of memory for a machine that leaves the image this heap.
std::uint64_t machine_megabytes(const tender::LoadPlan& plan, std::uint64_t heap, QemuMachine machine);

// As the kernel command line wants it (kernel/platform/virtio/command_line.h), and as a shell does.
std::string kernel_word(std::string_view text);
std::string shell_word(std::string_view text);

}  // namespace holm::cli

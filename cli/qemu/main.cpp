// holm-qemu: runs a Holm image under QEMU, with the options of a tender.

#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include <cpuid.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/image/image_head.h"
#include "cli/places.h"
#include "cli/qemu/command.h"
#include "cli/qemu/core_by_gdb.h"
#include "cli/qemu/machine.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "tender/devices/host_secret.h"

namespace holm::cli {
namespace {

constexpr int kNotRun = 125;
constexpr tender::TenderTraits kTraits{
    .program = "holm-qemu",
    .does = "Runs a Holm image as a virtual machine under QEMU.\n\n",
    .own_usage =
        "  --gdb SOCKET       let a debugger in at this unix socket; QEMU itself answers it\n"
        "  --machine NAME     microvm (the default), q35 or pc\n"
        "  --accel NAME       kvm or tcg (default: kvm if it can be had)\n"
        "  --print-command    print QEMU's command line, for people who run it themselves\n"
        "  --forward SETTING  with --print-command: hostfwd of QEMU's user network\n",
    .has_gdb = true};

struct OwnOptions {
    std::string_view machine = "microvm";
    std::string_view accelerator;
    bool print = false;
    std::vector<std::string> forwards;
};

// Takes out what only this program knows; `words` keeps the rest.
OwnOptions take_own(std::vector<char*>& words) {
    OwnOptions own;
    std::vector<char*> others;
    std::size_t i = 0;
    const auto value = [&](std::string_view name) -> std::optional<std::string_view> {
        const std::string_view word = words[i];
        if (word.starts_with(name) && word.size() > name.size() && word[name.size()] == '=')
            return word.substr(name.size() + 1);
        if (word != name) return std::nullopt;
        if (++i == words.size()) fail_with("{} needs a value; try holm-qemu --help", name);
        return words[i];
    };
    for (; i < words.size() && std::string_view(words[i]) != "--"; ++i) {
        if (const auto machine = value("--machine")) {
            own.machine = *machine;
        } else if (const auto accelerator = value("--accel")) {
            own.accelerator = *accelerator;
        } else if (const auto forward = value("--forward")) {
            own.forwards.emplace_back(*forward);
        } else if (std::string_view(words[i]) == "--print-command") {
            own.print = true;
        } else {
            others.push_back(words[i]);
        }
    }
    for (; i < words.size(); ++i) others.push_back(words[i]);
    words = std::move(others);
    return own;
}

QemuMachine machine_named(std::string_view name) {
    if (name == "microvm") return QemuMachine::kMicrovm;
    if (name == "q35") return QemuMachine::kQ35;
    if (name == "pc") return QemuMachine::kPc;
    fail_with("--machine {} is not known; allowed: microvm, q35, pc", quote(name));
}

bool choose_kvm(std::string_view accelerator) {
    if (accelerator == "tcg") return false;
    if (!accelerator.empty() && accelerator != "kvm")
        fail_with("--accel {} is not known; allowed: kvm, tcg", quote(accelerator));
    const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm >= 0) {
        close(kvm);
        return true;
    }
    const char* why = std::strerror(errno);
    if (!accelerator.empty()) fail_with("/dev/kvm cannot be opened: {}", why);
    print_line(stderr, "holm-qemu: /dev/kvm cannot be opened ({}), so QEMU emulates the processor", why);
    return false;
}

bool processor_has_random_numbers() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_RDRND) != 0;
}

std::vector<std::array<std::uint8_t, 6>> make_macs(std::size_t count) {
    std::vector<std::array<std::uint8_t, 6>> macs(count);
    for (auto& mac : macs) {
        if (getrandom(mac.data(), mac.size(), 0) != static_cast<ssize_t>(mac.size()))
            fail_with("the host gives no random numbers: {}", std::strerror(errno));
        mac[0] = 0x02;  // of one station, administered here
    }
    return macs;
}

int run(std::vector<char*> words) {
    const OwnOptions own = take_own(words);
    const auto options = std::make_unique<tender::Options>();
    if (const auto parsed = tender::parse_options(words, kTraits, *options); !parsed)
        throw Failure(std::string(parsed.error().view()));
    if (options->help) {
        for (const std::string_view piece : tender::usage_of(kTraits)) print_text("{}", piece);
        return 0;
    }
    if (options->stopped && options->gdb == nullptr)
        fail_with("--stopped needs --gdb SOCKET: nothing else could let the machine go on");
    if (options->dump != nullptr && options->gdb != nullptr)
        fail_with(
            "--dump and --gdb exclude each other under QEMU, which lets in one debugger: that of --dump");
    const auto plan = read_image_head(options->image);
    if ((plan->manifest.platforms & 1u << HOLM_PLATFORM_VIRTIO) == 0)
        fail_with("the image was built without the platform \"virtio\" (holm.toml: platforms)");
    const auto grants = tender::match_grants(plan->devices(), options->nets(), options->blocks());
    if (!grants) throw Failure(std::string(grants.error().view()));
    const auto program = find_on_path("qemu-system-x86_64");
    if (!program && !own.print)
        fail_with("qemu-system-x86_64 is not installed; on Debian: apt install qemu-system-x86");

    QemuSettings settings;
    settings.machine = machine_named(own.machine);
    settings.kvm = choose_kvm(own.accelerator);
    settings.entropy_device = settings.kvm && !processor_has_random_numbers();
    settings.forwards = own.forwards;
    settings.by_hand = own.print;
    if (options->gdb != nullptr) settings.gdb_socket = options->gdb;
    settings.macs = make_macs(options->net_count);
    for (const tender::NetRequest& net : options->nets())
        settings.secrets.push_back(tender::host_secret(net));
    if (own.print) {
        std::string line;
        for (const std::string& word : qemu_command("qemu-system-x86_64", *options, *plan, *grants, settings))
            line += (line.empty() ? "" : " ") + shell_word(word);
        print_line("{}", line);
        return 0;
    }
    std::optional<CoreByGdb> core;
    if (options->dump != nullptr) {
        core.emplace(options->image, options->dump);
        settings.gdb_socket = core->socket();
    }
    hold_stop_signals();
    const SocketToQemu status = SocketToQemu::create();
    settings.status = status.of_qemu;
    LastLook look;
    if (core) {
        look = {.control = SocketToQemu::create(), .after_panic = [&core] { core->write(); }};
        settings.control = look.control.of_qemu;
    }
    return run_qemu(qemu_command(program->string(), *options, *plan, *grants, settings), status,
                    std::chrono::milliseconds(options->grace_ms), core ? &look : nullptr);
}

}  // namespace
}  // namespace holm::cli

int main(int count, char** words) {
    try {
        return holm::cli::run({words + 1, words + count});
    } catch (const std::exception& error) {
        holm::cli::print_line(stderr, "holm-qemu: {}", error.what());
        return holm::cli::kNotRun;
    }
}

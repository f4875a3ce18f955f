#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "cli/qemu/command.h"

using namespace holm;
using namespace holm::cli;

namespace {

struct Example {
    std::unique_ptr<tender::Options> options = std::make_unique<tender::Options>();
    std::unique_ptr<tender::LoadPlan> plan = std::make_unique<tender::LoadPlan>();
    tender::Grants grants{};
    QemuSettings settings;

    Example() {
        options->image = "build/images/hello";
        options->grace_ms = 5000;
        plan->link_base = 0x200000;
        plan->span = 0x40000;
        plan->manifest.stack_size = 256 << 10;
        plan->manifest.memory_default = 16 << 20;
        plan->manifest.device_count = 0;
        settings.macs = {{2, 0, 0, 0, 0, 9}, {2, 0, 0, 0, 0, 10}};
    }
    void declare(const char* name, holm_device_kind kind, int grant) {
        holm_manifest_device& device = plan->device_storage[plan->manifest.device_count];
        std::ranges::copy(std::string_view(name), device.name);
        device.kind = kind;
        grants[plan->manifest.device_count++] = grant;
    }
    void grant_net(const char* text) {
        options->net_storage[options->net_count++] = *tender::parse_net_request(text);
    }
    void grant_block(const char* text) {
        options->block_storage[options->block_count++] = *tender::parse_block_request(text);
    }
    std::vector<std::string> command() const {
        return qemu_command("qemu", *options, *plan, grants, settings);
    }
};

std::string after(const std::vector<std::string>& command, const std::string& option, std::size_t which = 0) {
    for (std::size_t i = 0; i + 1 < command.size(); ++i) {
        if (command[i] == option && which-- == 0) return command[i + 1];
    }
    return "";
}

}  // namespace

TEST_CASE("QEMU's command line for an image without devices") {
    Example example;
    example.options->arguments.add("a \"b\" \\c");
    example.options->environment.add("A=1 2");
    example.settings.status = 5;
    const auto command = example.command();
    CHECK(command.front() == "qemu");
    CHECK(after(command, "-kernel") == "build/images/hello");
    CHECK(after(command, "-accel") == "tcg");
    CHECK(after(command, "-cpu") == "max");
    CHECK(after(command, "-machine") == "microvm,acpi=off,pic=off,pit=off,rtc=on");
    CHECK(after(command, "-append") ==
          R"(holm.mem=16777216 holm.grace=5000 "holm.env=A=1 2" -- "a \"b\" \\c")");
    CHECK(after(command, "-chardev", 1) == "socket,id=status,fd=5");
    CHECK(after(command, "-serial") == "chardev:console");
    CHECK(std::ranges::find(command, "-no-reboot") != command.end());
}

TEST_CASE("network devices, and what the image is told about them") {
    Example example;
    example.declare("wan", HOLM_DEVICE_NET, 1);
    example.declare("spare", HOLM_DEVICE_NET, tender::kNotGranted);
    example.declare("lan", HOLM_DEVICE_NET, 0);
    example.grant_net("lan=tap0,ip=10.0.0.2/24,gw=10.0.0.1,dns=10.0.0.3,mac=02:00:00:00:00:01,mtu=9000");
    example.grant_net("wan=fd:7,ip=dhcp,ip6=fd00::2/64,gw6=fd00::1,dns=fd00::53");
    example.settings.secrets = {{0x12, 0x34, 0, 5}};  // of the first that was granted
    const auto command = example.command();
    CHECK(after(command, "-netdev", 0) == "tap,id=net0,fd=7");
    CHECK(after(command, "-device", 1) == "virtio-net-device,netdev=net0,mac=02:00:00:00:00:09");
    CHECK(after(command, "-netdev", 1) == "tap,id=net1,ifname=tap0,script=no,downscript=no");
    CHECK(after(command, "-device", 2) == "virtio-net-device,netdev=net1,mac=02:00:00:00:00:01");
    CHECK(after(command, "-append") ==
          "holm.mem=16777216 holm.grace=5000 holm.net=wan,mac=02:00:00:00:00:09,ip=dhcp,"
          "ip6=fd00::2/64,gw6=fd00::1,dns=fd00::53 "
          "holm.net=lan,mac=02:00:00:00:00:01,ip=10.0.0.2/24,gw=10.0.0.1,dns=10.0.0.3,"
          "secret=1234:5:0:0:0:0:0:0,mtu=9000");

    example.settings.machine = QemuMachine::kQ35;
    CHECK(after(example.command(), "-device", 1) ==
          "virtio-net-pci,netdev=net0,mac=02:00:00:00:00:09,romfile=");
}

TEST_CASE("passt's socket, and QEMU's own network for those who run it by hand") {
    Example example;
    example.declare("lan", HOLM_DEVICE_NET, 0);
    example.grant_net("lan=stream:5,ip=10.0.2.15/24,gw=10.0.2.2");
    CHECK(after(example.command(), "-netdev") == "stream,id=net0,server=off,addr.type=fd,addr.str=5");
    example.settings.by_hand = true;
    example.settings.forwards = {"tcp:127.0.0.1:8080-:80"};
    CHECK(after(example.command(), "-netdev") == "user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80");
    CHECK(after(example.command(), "-serial") == "mon:stdio");
}

TEST_CASE("block devices are told apart by their serial number") {
    Example example;
    example.declare("data", HOLM_DEVICE_BLOCK, 0);
    example.grant_block("data=a,b.img,sector=4096,ro");
    const auto command = example.command();
    CHECK(after(command, "-drive") ==
          "if=none,id=block0,file=file:a,,b.img,format=raw,discard=unmap,werror=report,rerror=report,"
          "readonly=on");
    CHECK(after(command, "-device", 1) ==
          "virtio-blk-device,drive=block0,serial=data,logical_block_size=4096,physical_block_size=4096");
}

TEST_CASE(
    "a block device that the image declares read-only is opened so, and a colon in a path is no protocol") {
    Example example;
    example.declare("data", HOLM_DEVICE_BLOCK, 0);
    example.plan->device_storage[0].flags = HOLM_DEVICE_READ_ONLY;
    example.grant_block("data=fat:rw:folder");
    CHECK(after(example.command(), "-drive") ==
          "if=none,id=block0,file=file:fat:rw:folder,format=raw,discard=unmap,werror=report,rerror=report,"
          "readonly=on");
}

TEST_CASE("a comma in the path of gdb's socket is part of it") {
    Example example;
    example.settings.gdb_socket = "a,b.gdb";
    CHECK(after(example.command(), "-gdb") == "unix:a,,b.gdb,server=on,wait=off");
}

TEST_CASE("a machine whose core is written stands still at its end") {
    Example example;
    CHECK(after(example.command(), "-mon").empty());
    CHECK(after(example.command(), "-device") == "isa-debug-exit,iobase=0xf4,iosize=4");
    example.settings.control = 7;
    const auto command = example.command();
    CHECK(std::ranges::contains(command, "-no-shutdown"));
    CHECK(after(command, "-mon") == "chardev=control,mode=control");
    CHECK(std::ranges::none_of(command, [](const auto& word) { return word.starts_with("isa-debug-exit"); }));
}

TEST_CASE("the machine has memory for heap, image and boot") {
    const Example example;
    CHECK(machine_megabytes(*example.plan, 16 << 20, QemuMachine::kMicrovm) == 20);
    CHECK(machine_megabytes(*example.plan, 4096, QemuMachine::kMicrovm) == 4);
    CHECK(machine_megabytes(*example.plan, std::uint64_t{1} << 40, QemuMachine::kQ35) > 1 << 20);
}

TEST_CASE("words for the kernel's command line and for a shell") {
    CHECK(kernel_word("") == "\"\"");
    CHECK(kernel_word("a b\"c\\") == R"("a b\"c\\")");
    CHECK(shell_word("a=b,c") == "a=b,c");
    CHECK(shell_word("") == "''");
    CHECK(shell_word("it's $x") == "'it'\\''s $x'");
}

#include "cli/qemu/command.h"

#include <algorithm>
#include <string_view>

#include "base/address_text.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;

std::string ipv4(const std::uint8_t (&a)[4]) {
    return formatted("{}.{}.{}.{}", a[0], a[1], a[2], a[3]);
}
bool is_set(const std::uint8_t (&a)[4]) {
    return (a[0] | a[1] | a[2] | a[3]) != 0;
}
template <typename Bytes>
std::string mac_text(const Bytes& m) {
    return formatted("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", m[0], m[1], m[2], m[3], m[4], m[5]);
}

// QEMU's lists of settings are separated by commas; one that belongs to a value is written twice.
std::string setting(std::string_view value) {
    std::string text;
    for (const char c : value) text += c == ',' ? ",," : std::string(1, c);
    return text;
}

class Builder {
  public:
    Builder(const tender::Options& options, const tender::LoadPlan& plan, const QemuSettings& settings)
        : options_(options), plan_(plan), settings_(settings) {}

    std::vector<std::string> build(const std::string& program, const tender::Grants& grants) {
        const std::uint64_t heap = options_.memory.value_or(plan_.manifest.memory_default);
        words_ = {program};
        add("-machine", machine());
        add("-accel", settings_.kvm ? "kvm" : "tcg");
        // Not all of KVM's features of the host's processor exist on a KVM that is itself emulated.
        add("-cpu", settings_.kvm ? "host,-arch-capabilities" : "max");
        add("-m", formatted("{}M", machine_megabytes(plan_, heap, settings_.machine)));
        for (const char* word : {"-nodefaults", "-no-user-config", "-no-reboot"}) words_.emplace_back(word);
        add("-display", "none");
        if (!settings_.gdb_socket.empty())
            add("-gdb", formatted("unix:{},server=on,wait=off", setting(settings_.gdb_socket)));
        if (options_.stopped) words_.emplace_back("-S");
        if (is_microvm()) add("-global", "virtio-mmio.force-legacy=false");
        console();
        std::string line = formatted("holm.mem={} holm.grace={}", heap, options_.grace_ms);
        if (options_.quiet) line += " holm.quiet";
        for (std::size_t i = 0; i < plan_.devices().size(); ++i) {
            if (grants[i] == tender::kNotGranted) continue;
            const auto index = static_cast<std::size_t>(grants[i]);
            if (plan_.devices()[i].kind == HOLM_DEVICE_NET) line += net(options_.nets()[index], index);
            if (plan_.devices()[i].kind == HOLM_DEVICE_BLOCK)
                block(options_.blocks()[index], (plan_.devices()[i].flags & HOLM_DEVICE_READ_ONLY) != 0);
        }
        if (settings_.entropy_device) device("virtio-rng", "");
        add("-kernel", options_.image);
        for (const std::string_view variable : options_.environment.items())
            line += " " + kernel_word(formatted("holm.env={}", variable));
        if (!options_.arguments.items().empty()) line += " --";
        for (const std::string_view argument : options_.arguments.items())
            line += " " + kernel_word(argument);
        add("-append", line);
        return std::move(words_);
    }

  private:
    bool is_microvm() const { return settings_.machine == QemuMachine::kMicrovm; }

    void add(const char* option, std::string value) {
        words_.emplace_back(option);
        words_.push_back(std::move(value));
    }

    std::string machine() const {
        switch (settings_.machine) {
            case QemuMachine::kMicrovm:
                // What an image does not use would cost time at the start; without KVM's clock it reads the
                // battery-backed one.
                return settings_.kvm ? "microvm,acpi=off,pic=off,pit=off,rtc=off"
                                     : "microvm,acpi=off,pic=off,pit=off,rtc=on";
            case QemuMachine::kQ35:
                return "q35";
            case QemuMachine::kPc:
                break;
        }
        return "pc";
    }

    void console() {
        if (settings_.by_hand) {
            add("-serial", "mon:stdio");  // Ctrl-C goes to the service, Ctrl-A X to QEMU
        } else {
            add("-chardev", "stdio,id=console,signal=off");
            add("-serial", "chardev:console");
        }
        if (settings_.status >= 0) {
            add("-chardev", formatted("socket,id=status,fd={}", settings_.status));
            add("-device", "isa-debugcon,iobase=0xe9,chardev=status");
        }
        if (settings_.control >= 0) {
            words_.emplace_back("-no-shutdown");
            add("-chardev", formatted("socket,id=control,fd={}", settings_.control));
            add("-mon", "chardev=control,mode=control");
        } else {
            add("-device", "isa-debug-exit,iobase=0xf4,iosize=4");  // would end QEMU itself
        }
    }

    void device(std::string_view kind, std::string_view more) {
        // The option ROM of a network device would be loaded for nothing.
        const std::string_view no_rom = !is_microvm() && kind == "virtio-net" ? ",romfile=" : "";
        add("-device", formatted("{}-{}{}{}", kind, is_microvm() ? "device" : "pci", more, no_rom));
    }

    // The device, and what the image is told about it.
    std::string net(const tender::NetRequest& request, std::size_t index) {
        const std::string id = formatted("net{}", net_count_);
        add("-netdev", backend(request, id));
        const std::string mac =
            request.has_mac ? mac_text(request.settings.mac) : mac_text(settings_.macs[net_count_]);
        ++net_count_;
        device("virtio-net", formatted(",netdev={},mac={}", id, mac));
        std::string word = formatted(" holm.net={},mac={}", request.name, mac);
        const holm_boot_net& net = request.settings;
        if (net.configuration == HOLM_NET_DHCP) word += ",ip=dhcp";
        if (net.configuration == HOLM_NET_STATIC)
            word += formatted(",ip={}/{}", ipv4(net.ipv4_address), net.ipv4_prefix_length);
        if (is_set(net.ipv4_gateway)) word += ",gw=" + ipv4(net.ipv4_gateway);
        for (const auto& server : net.ipv4_dns) {
            if (is_set(server)) word += ",dns=" + ipv4(server);
        }
        if (net.configuration == HOLM_NET_OFF) word += ",ip=off";
        word += net_v6(net);
        if (net.vlan == HOLM_NET_UNTAGGED) word += ",vlan=off";
        if (net.vlan != 0 && net.vlan != HOLM_NET_UNTAGGED) word += formatted(",vlan={}", net.vlan);
        if (index < settings_.secrets.size()) word += secret_word(settings_.secrets[index]);
        if (net.mtu != 0) word += formatted(",mtu={}", net.mtu);
        return word;
    }

    // In groups like an address, so that the image needs no other reader.
    static std::string secret_word(const std::array<std::uint8_t, 16>& secret) {
        if (std::ranges::all_of(secret, [](std::uint8_t byte) { return byte == 0; })) return "";
        std::string word = ",secret=";
        for (std::size_t i = 0; i < secret.size(); i += 2)
            word += formatted("{}{:x}", i == 0 ? "" : ":", secret[i] << 8 | secret[i + 1]);
        return word;
    }

    static std::string net_v6(const holm_boot_net& net) {
        const auto text = [](const std::uint8_t(&bytes)[16]) {
            return std::string(AddressText(std::span(bytes)).view());
        };
        switch (net.ipv6_configuration) {
            case HOLM_NET_AUTOMATIC:
                return ",ip6=auto";
            case HOLM_NET_DHCP:
                return ",ip6=dhcp";
            case HOLM_NET_OFF:
                return ",ip6=off";
            case HOLM_NET_STATIC:
                break;
            default:
                return "";
        }
        std::string word = formatted(",ip6={}/{}", text(net.ipv6_address), net.ipv6_prefix_length);
        const std::string none = "::";
        if (text(net.ipv6_gateway) != none) word += ",gw6=" + text(net.ipv6_gateway);
        for (const auto& server : net.ipv6_dns) {
            if (text(server) != none) word += ",dns=" + text(server);
        }
        return word;
    }

    std::string backend(const tender::NetRequest& request, const std::string& id) const {
        switch (request.source) {
            case tender::NetRequest::Source::kTap:
                return formatted("tap,id={},ifname={},script=no,downscript=no", id,
                                 setting(request.interface));
            case tender::NetRequest::Source::kTapDescriptor:
                return formatted("tap,id={},fd={}", id, request.descriptor);
            case tender::NetRequest::Source::kStream:
                break;
        }
        if (!settings_.by_hand)
            return formatted("stream,id={},server=off,addr.type=fd,addr.str={}", id, request.descriptor);
        std::string user = "user,id=" + id;
        for (const std::string& forward : settings_.forwards) user += ",hostfwd=" + setting(forward);
        return user;
    }

    // Read-only if either the operator or the image says so. "file:" keeps QEMU from taking what stands
    // before a colon in a path for a protocol.
    void block(const tender::BlockRequest& request, bool declared_read_only) {
        const std::string id = formatted("block{}", block_count_++);
        add("-drive",
            formatted("if=none,id={},file=file:{},format=raw,discard=unmap,werror=report,rerror=report{}", id,
                      setting(request.file), request.read_only || declared_read_only ? ",readonly=on" : ""));
        std::string more = formatted(",drive={},serial={}", id, request.name);
        if (request.sector_size != 0)
            more += formatted(",logical_block_size={0},physical_block_size={0}", request.sector_size);
        device("virtio-blk", more);
    }

    const tender::Options& options_;
    const tender::LoadPlan& plan_;
    const QemuSettings& settings_;
    std::vector<std::string> words_;
    std::size_t net_count_ = 0;
    std::size_t block_count_ = 0;
};

}  // namespace

std::vector<std::string> qemu_command(const std::string& program, const tender::Options& options,
                                      const tender::LoadPlan& plan, const tender::Grants& grants,
                                      const QemuSettings& settings) {
    return Builder(options, plan, settings).build(program, grants);
}

std::uint64_t machine_megabytes(const tender::LoadPlan& plan, std::uint64_t heap, QemuMachine machine) {
    // Page tables take 1/512 of what they map; stacks, boot information and rings of queues stay below this.
    constexpr std::uint64_t kBoot = kMegabyte;
    // Firmware keeps the end of memory for its tables.
    const std::uint64_t firmware = machine == QemuMachine::kMicrovm ? 0 : kMegabyte;
    const std::uint64_t bytes =
        plan.link_base + plan.span + plan.manifest.stack_size + heap + heap / 512 + kBoot + firmware;
    return (bytes + kMegabyte - 1) / kMegabyte;
}

std::string kernel_word(std::string_view text) {
    std::string word = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') word += '\\';
        word += c;
    }
    return word + '"';
}

std::string shell_word(std::string_view text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%";
    if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
    std::string word = "'";
    for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
    return word + "'";
}

}  // namespace holm::cli

#include "kernel/platform/virtio/command_line.h"

#include <algorithm>
#include <optional>

#include "base/address_text.h"
#include "base/result.h"
#include "kernel/platform/virtio/words.h"

namespace holm::platform {
namespace {

constexpr std::string_view kMmioDevice = "virtio_mmio.device=";
constexpr std::uint64_t kHighestAddress = (std::uint64_t{1} << 52) - 1;
constexpr std::uint64_t kHighestVlan = 4094;
constexpr std::uint64_t kLowestMtu = 576;  // RFC 791
constexpr std::uint64_t kLongestGrace = 24ull * 60 * 60 * 1000;

using Mistake = CommandLine::Mistake;
using Outcome = CommandLine::Outcome;

std::unexpected<Mistake> wrong(const char* what, std::string_view word) {
    return std::unexpected(Mistake{what, word});
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Takes words off a text, writing each over its own beginning without quotes and escapes.
class Words {
  public:
    explicit Words(std::span<char> text) : text_(text) {}

    struct Word {
        std::string_view text;
        bool quoted;
    };
    std::expected<std::optional<Word>, Mistake> next() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
        if (at_ == text_.size()) return std::nullopt;
        char* const begin = text_.data() + at_;
        char* end = begin;
        bool inside = false;
        bool quoted = false;
        for (; at_ < text_.size() && (inside || !is_blank(text_[at_])); ++at_) {
            if (text_[at_] == '"') {
                inside = !inside;
                quoted = true;
                continue;
            }
            if (inside && text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            *end++ = text_[at_];
        }
        const std::string_view word(begin, static_cast<std::size_t>(end - begin));
        if (inside) return wrong("quotes that do not end", word);
        return Word{word, quoted};
    }

  private:
    std::span<char> text_;
    std::size_t at_ = 0;
};

Outcome add(StringRun& run, std::string_view text) {
    if (run.room.size() - run.size <= text.size()) return wrong("no room for it", text);
    std::ranges::copy(text, run.room.data() + run.size);
    run.room[run.size + text.size()] = 0;
    run.size += static_cast<std::uint32_t>(text.size() + 1);
    ++run.count;
    return {};
}

}  // namespace

Outcome CommandLine::parse(std::span<char> text) {
    Words words(text);
    bool service = false;  // from "--" on the words are the service's
    for (;;) {
        const auto word = TRY(words.next());
        if (!word) return {};
        if (!word->quoted && word->text.starts_with(kMmioDevice)) {
            TRY(take_mmio_device(word->text));
        } else if (service) {
            TRY(add(arguments, word->text));
        } else if (!word->quoted && word->text == "--") {
            service = true;
        } else if (word->text.starts_with("holm.")) {
            TRY(take_own(word->text));
        }
    }
}

Outcome CommandLine::take_own(std::string_view word) {
    std::string_view value = word;
    const std::string_view key = cut(value, '=');
    if (key == "holm.quiet" && word == key) {
        quiet = true;
        return {};
    }
    if (key == "holm.mem") {
        const auto size = parse_size(value, HOLM_MEMORY_LIMIT);
        if (!size || *size == 0) return wrong("no size; expected holm.mem=64M and the like", word);
        memory = *size;
        return {};
    }
    if (key == "holm.grace") {
        const auto milliseconds = parse_number(value, kLongestGrace);
        if (!milliseconds) return wrong("no time; expected holm.grace=MILLISECONDS, at most a day", word);
        grace_ms = static_cast<std::uint32_t>(*milliseconds);
        return {};
    }
    if (key == "holm.console") {
        if (value != "serial" && value != "virtio")
            return wrong("no console; expected holm.console=serial or holm.console=virtio", word);
        console = value == "serial" ? Console::kSerial : Console::kVirtio;
        return {};
    }
    if (key == "holm.env") {
        if (value.find('=') == std::string_view::npos || value.starts_with('='))
            return wrong("no variable; expected holm.env=NAME=VALUE", word);
        return add(environment, value);
    }
    if (key == "holm.net") return take_net(word);
    return wrong(
        "no word of ours; expected holm.mem= holm.env= holm.net= holm.grace= holm.console= holm.quiet", word);
}

// SIZE@ADDRESS:INTERRUPT[:ID], as Linux has it.
Outcome CommandLine::take_mmio_device(std::string_view word) {
    std::string_view rest = word.substr(kMmioDevice.size());
    const auto size = parse_size(cut(rest, '@'), 1 << 20);
    const auto address = parse_number(cut(rest, ':'), kHighestAddress);
    const auto interrupt = parse_number(cut(rest, ':'), 0xffff);
    if (!size || *size < 0x100 || !address || *address % 4 != 0 || !interrupt)
        return wrong("no device; expected virtio_mmio.device=SIZE@ADDRESS:INTERRUPT", word);
    if (mmio_device_count == kMaxMmioDevices) return wrong("more than 64 devices", word);
    mmio_devices[mmio_device_count++] = {*address, static_cast<std::uint32_t>(*size),
                                         static_cast<std::uint32_t>(*interrupt)};
    return {};
}

namespace {

bool take_ipv6(std::string_view text, std::uint8_t (&address)[16]) {
    const auto parsed = parse_ipv6(text);
    if (parsed) std::copy(parsed->begin(), parsed->end(), address);
    return parsed.has_value();
}

bool take_address_v6(std::string_view value, holm_boot_net& net) {
    net.ipv6_configuration = value == "auto"   ? HOLM_NET_AUTOMATIC
                             : value == "dhcp" ? HOLM_NET_DHCP
                             : value == "off"  ? HOLM_NET_OFF
                                               : HOLM_NET_STATIC;
    if (net.ipv6_configuration != HOLM_NET_STATIC) return true;
    const bool address = take_ipv6(cut(value, '/'), net.ipv6_address);
    const auto length = parse_number(value, 128);
    if (!address || !length || *length == 0) return false;
    net.ipv6_prefix_length = static_cast<std::uint8_t>(*length);
    return true;
}

}  // namespace

Outcome CommandLine::take_net(std::string_view word) {
    std::string_view rest = word;
    cut(rest, '=');
    if (net_count == nets.size()) return wrong("more than 64 devices", word);
    Net& net = nets[net_count++];
    net = {};
    net.name = cut(rest, ',');
    if (net.name.empty())
        return wrong("names no device; expected holm.net=NAME,ip=A.B.C.D/N and so on", word);
    unsigned servers = 0, servers_v6 = 0;
    bool gateway = false, gateway_v6 = false;
    while (!rest.empty()) {
        std::string_view value = cut(rest, ',');
        const std::string_view key = cut(value, '=');
        bool good = false;
        if (key == "ip" && (value == "dhcp" || value == "off")) {
            net.settings.configuration = value == "dhcp" ? HOLM_NET_DHCP : HOLM_NET_OFF;
            good = true;
        } else if (key == "ip6") {
            good = take_address_v6(value, net.settings);
        } else if (key == "gw6") {
            good = gateway_v6 = take_ipv6(value, net.settings.ipv6_gateway);
        } else if (key == "secret") {
            good = take_ipv6(value, net.settings.ipv6_secret);
        } else if (key == "dns" && value.find(':') != value.npos && servers_v6 < 2) {
            good = take_ipv6(value, net.settings.ipv6_dns[servers_v6++]);
        } else if (key == "ip") {
            const bool address = parse_ipv4(cut(value, '/'), net.settings.ipv4_address);
            const auto length = parse_number(value, 32);
            good = address && length && *length != 0;
            if (good) net.settings.ipv4_prefix_length = static_cast<std::uint8_t>(*length);
            net.settings.configuration = HOLM_NET_STATIC;
        } else if (key == "gw") {
            good = gateway = parse_ipv4(value, net.settings.ipv4_gateway);
        } else if (key == "dns" && servers < 2) {
            good = parse_ipv4(value, net.settings.ipv4_dns[servers++]);
        } else if (key == "mac") {
            good = net.has_mac = parse_mac(value, net.settings.mac);
        } else if (key == "vlan") {
            const auto id = parse_number(value, kHighestVlan);
            good = value == "off" || (id && *id != 0);
            if (good)
                net.settings.vlan = value == "off" ? HOLM_NET_UNTAGGED : static_cast<std::uint16_t>(*id);
        } else if (key == "mtu") {
            const auto mtu = parse_number(value, 65535);
            good = mtu && *mtu >= kLowestMtu;
            if (good) net.settings.mtu = static_cast<std::uint16_t>(*mtu);
        }
        if (!good)
            return wrong(
                "a setting that is none; expected ip=A.B.C.D/N or ip=dhcp, gw= ip6= gw6= dns= vlan= mac= "
                "mtu= secret=",
                word);
    }
    if (net.settings.configuration != HOLM_NET_STATIC && (gateway || servers != 0))
        return wrong("gw= or dns= without an address, ip=A.B.C.D/N", word);
    if (net.settings.ipv6_configuration != HOLM_NET_STATIC && (gateway_v6 || servers_v6 != 0))
        return wrong("gw6= or an IPv6 dns= without an address, ip6=fd00::2/N", word);
    return {};
}

}  // namespace holm::platform

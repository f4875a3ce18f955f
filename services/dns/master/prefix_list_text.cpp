#include "services/dns/master/prefix_list_text.h"

#include "base/address_text.h"
#include "services/dns/master/text_encodings.h"

namespace holm::dns {

namespace {

// "!1:192.168.38.0/28": what is not in it, of IPv4.
std::optional<std::string> parse_item(std::string_view text) {
    const bool is_negated = text.starts_with('!');
    if (is_negated) text.remove_prefix(1);
    const std::size_t colon = text.find(':'), slash = text.rfind('/');
    if (colon != 1 || slash == text.npos) return std::nullopt;
    const std::string_view address = text.substr(2, slash - std::min<std::size_t>(slash, 2));
    std::string bytes;
    if (text[0] == '1') {
        if (const auto ipv4 = parse_ipv4(address)) bytes.assign(ipv4->begin(), ipv4->end());
    } else if (text[0] == '2') {
        if (const auto ipv6 = parse_ipv6(address)) bytes.assign(ipv6->begin(), ipv6->end());
    }
    const auto prefix = parse_number(text.substr(slash + 1), static_cast<std::uint32_t>(bytes.size() * 8));
    if (bytes.empty() || !prefix) return std::nullopt;
    while (bytes.ends_with('\0')) bytes.pop_back();  // section 4
    std::string item = {'\0', static_cast<char>(text[0] - '0'), static_cast<char>(*prefix),
                        static_cast<char>(bytes.size() | (is_negated ? 0x80 : 0))};
    return item + bytes;
}

}  // namespace

bool read_prefix_list(WordReader& words) {
    while (!words.is_over()) {
        if (!words.bytes(parse_item,
                         "a network such as 1:192.0.2.0/24, 2:2001:db8::/32 or, for what is not in it, "
                         "!1:192.0.2.128/25"))
            return false;
    }
    return true;
}

}  // namespace holm::dns

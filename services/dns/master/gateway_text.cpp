#include "services/dns/master/gateway_text.h"

#include "base/address_text.h"
#include "services/dns/master/text_encodings.h"

namespace holm::dns {

namespace {

constexpr std::uint32_t kMostGatewayType = 3;

std::optional<std::string> parse_no_gateway(std::string_view text) {
    return text == "." ? std::optional<std::string>("") : std::nullopt;
}

// One bit of flag, and which kind of gateway follows.
std::optional<std::uint32_t> gateway_type(WordReader& words) {
    const Word* word = words.take("a type of gateway, 0 to 3");
    if (word == nullptr) return std::nullopt;
    const auto type = parse_number(word->text, kMostGatewayType);
    if (!type)
        words.wrong(word->where,
                    "a type of gateway is expected here: 0 (none), 1 (IPv4), 2 (IPv6) or 3 (a name)");
    return type;
}

bool gateway(WordReader& words, std::uint32_t type) {
    switch (type) {
        case 0:
            return words.bytes(parse_no_gateway, "\".\", since there is no gateway of type 0,");
        case 1:
            return words.bytes(parse_ipv4, "an IPv4 address such as 192.0.2.1");
        case 2:
            return words.bytes(parse_ipv6, "an IPv6 address such as 2001:db8::1");
        default:
            return words.name();
    }
}

}  // namespace

bool read_ipsec_key(WordReader& words) {
    if (!words.number(1)) return false;
    const auto type = gateway_type(words);
    if (!type) return false;
    words.append(*type, 1);
    return words.number(1) && gateway(words, *type) && (words.is_over() || words.base64_to_end());
}

bool read_relay(WordReader& words) {
    if (!words.number(1)) return false;
    const Word* optional = words.take("0 or 1, whether discovery is optional");
    if (optional == nullptr) return false;
    const auto flag = parse_number(optional->text, 1);
    if (!flag) return words.wrong(optional->where, "0 or 1 is expected here, whether discovery is optional");
    const auto type = gateway_type(words);
    if (!type) return false;
    words.append(*flag << 7 | *type, 1);
    return gateway(words, *type);
}

bool read_host_identity(WordReader& words) {
    WordReader identity(words.left(), words.end(), words.origin());
    if (!identity.number(1)) return words.adopt(identity);
    const Word* tag = identity.take("a host identity tag in hexadecimal digits");
    if (tag == nullptr) return words.adopt(identity);
    const auto tag_bytes = parse_hex(tag->text);
    if (!tag_bytes || tag_bytes->empty() || tag_bytes->size() > 255) {
        return words.wrong(tag->where,
                           "a host identity tag is expected here: hexadecimal digits of at most 255 bytes");
    }
    const Word* key = identity.take("a key in base64, in one word");
    if (key == nullptr) return words.adopt(identity);
    const auto key_bytes = parse_base64(key->text);
    if (!key_bytes || key_bytes->empty() || key_bytes->size() > 65'535)
        return words.wrong(key->where, "a key is expected here, in base64 and in one word");
    words.append(static_cast<std::uint32_t>(tag_bytes->size()), 1);
    words.append(identity.data());  // the algorithm
    words.append(static_cast<std::uint32_t>(key_bytes->size()), 2);
    words.append(*tag_bytes);
    words.append(*key_bytes);
    words.skip_to(identity);
    while (!words.is_over()) {
        if (!words.name()) return false;
    }
    return true;
}

}  // namespace holm::dns

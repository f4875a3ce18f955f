#include "services/dns/master/service_parameters.h"

#include <algorithm>
#include <array>
#include <format>
#include <map>

#include "base/address_text.h"
#include "services/dns/master/name_text.h"
#include "services/dns/master/text_encodings.h"

namespace holm::dns {

namespace {

constexpr std::array<std::string_view, 8> kKeys = {"mandatory", "alpn", "no-default-alpn", "port",
                                                   "ipv4hint",  "ech",  "ipv6hint",        "dohpath"};
enum Key : std::uint16_t { kMandatory, kAlpn, kNoDefaultAlpn, kPort, kIpv4Hint, kEch, kIpv6Hint, kDohPath };
constexpr std::uint16_t kInvalid = 65'535;

std::optional<std::uint16_t> parse_key(std::string_view text) {
    const auto known = std::ranges::find(kKeys, text);
    if (known != kKeys.end()) return static_cast<std::uint16_t>(known - kKeys.begin());
    if (!text.starts_with("key") || (text.size() > 4 && text[3] == '0')) return std::nullopt;
    const auto number = parse_number(text.substr(3), kInvalid - 1);
    if (!number) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

void append_u16(std::string& bytes, std::size_t number) {
    bytes += static_cast<char>(number >> 8);
    bytes += static_cast<char>(number);
}

// Splits at commas that no backslash stands before; of the rest "\\," and "\\\\" become one character (RFC
// 9460, appendix A.1, after the escapes of the zone file are gone).
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) {
            parts.back() += text[++i];
        } else if (text[i] == ',') {
            parts.emplace_back();
        } else {
            parts.back() += text[i];
        }
    }
    return parts;
}

using Value = std::expected<std::string, std::string>;

template <typename Address>
Value addresses(std::string_view text, Address parse, std::string_view allowed) {
    std::string bytes;
    for (const std::string& part : split(text)) {
        const auto address = parse(part);
        if (!address) return std::unexpected(std::format("\"{}\" is not {}", part, allowed));
        bytes.append(address->begin(), address->end());
    }
    return bytes;
}

Value value_of(std::uint16_t key, std::string_view text) {
    std::string bytes;
    switch (key) {
        case kMandatory: {
            std::vector<std::uint16_t> keys;
            for (const std::string& part : split(text)) {
                const auto one = parse_key(part);
                if (!one || *one == kMandatory) return std::unexpected("mandatory lists other keys, by name");
                keys.push_back(*one);
            }
            std::ranges::sort(keys);
            if (std::ranges::adjacent_find(keys) != keys.end())
                return std::unexpected("mandatory names a key twice");
            for (const std::uint16_t one : keys) append_u16(bytes, one);
            return bytes;
        }
        case kAlpn:
            for (const std::string& part : split(text)) {
                if (part.empty() || part.size() > 255)
                    return std::unexpected("alpn lists protocols of 1 to 255 bytes, such as h2,h3");
                bytes += static_cast<char>(part.size());
                bytes += part;
            }
            return bytes;
        case kPort: {
            const auto port = parse_number(text, 65'535);
            if (!port) return std::unexpected("port is a number from 0 to 65535");
            append_u16(bytes, *port);
            return bytes;
        }
        case kIpv4Hint:
            return addresses(text, parse_ipv4, "an IPv4 address");
        case kIpv6Hint:
            return addresses(text, parse_ipv6, "an IPv6 address");
        case kEch: {
            auto decoded = parse_base64(text);
            if (!decoded || decoded->empty()) return std::unexpected("ech is base64");
            return *decoded;
        }
        default:
            return std::string(text);
    }
}

}  // namespace

std::expected<std::string, Mistake> parse_service_parameters(std::span<const Word> words) {
    std::map<std::uint16_t, std::string> parameters;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const Word& word = words[i];
        const auto mistake = [&](std::string text) {
            return std::unexpected(Mistake{word.where, std::move(text)});
        };
        const std::size_t equals = word.text.find('=');
        const auto key = word.quoted ? std::nullopt : parse_key(word.text.substr(0, equals));
        if (!key) {
            std::string allowed;
            for (const std::string_view name : kKeys) allowed += std::string(name) + ", ";
            return mistake("this is no parameter of a service; allowed: " + allowed +
                           "key0 to key65534, with =value");
        }
        std::string_view raw = equals == word.text.npos ? "" : word.text.substr(equals + 1);
        // key="value": the quotation mark ends the word in front of it.
        if (equals != word.text.npos && raw.empty() && i + 1 < words.size() && words[i + 1].quoted &&
            words[i + 1].where.line == word.where.line &&
            words[i + 1].where.column == word.where.column + word.text.size()) {
            raw = words[++i].text;
        }
        const auto text = unescape(raw);
        if (!text) return mistake("an escape that is none; allowed: \\ and a character, or \\000 to \\255");
        const bool takes_value = *key != kNoDefaultAlpn && *key < kKeys.size();
        if (takes_value && text->empty()) return mistake(std::format("{} needs a value", kKeys[*key]));
        if (*key == kNoDefaultAlpn && !text->empty()) return mistake("no-default-alpn has no value");
        auto value = value_of(*key, *text);
        if (!value) return mistake(std::move(value.error()));
        if (!parameters.emplace(*key, std::move(*value)).second) return mistake("a parameter is given twice");
    }
    const auto mandatory = parameters.find(kMandatory);
    if (mandatory != parameters.end()) {
        for (std::size_t i = 0; i + 1 < mandatory->second.size(); i += 2) {
            const int key = static_cast<std::uint8_t>(mandatory->second[i]) << 8 |
                            static_cast<std::uint8_t>(mandatory->second[i + 1]);
            if (!parameters.contains(static_cast<std::uint16_t>(key)))
                return std::unexpected(
                    Mistake{words.front().where, "mandatory names a parameter that is not there"});
        }
    }
    std::string bytes;
    for (const auto& [key, value] : parameters) {
        append_u16(bytes, key);
        append_u16(bytes, value.size());
        bytes += value;
    }
    return bytes;
}

}  // namespace holm::dns

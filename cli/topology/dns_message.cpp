#include "cli/topology/dns_message.h"

#include <algorithm>

namespace holm::cli {
namespace {

using namespace std::string_literals;

constexpr std::size_t kHeader = 12;
constexpr std::string_view kId = "\x48\x6f";

unsigned byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

// Past the name that starts at `at`; npos when it runs out of the message. A pointer ends a name
// (section 4.1.4).
std::size_t behind_name(std::string_view message, std::size_t at) {
    while (at < message.size()) {
        const unsigned length = byte_at(message, at);
        if (length == 0) return at + 1;
        if (length >= 0xc0) return at + 2;
        at += 1 + length;
    }
    return std::string_view::npos;
}

}  // namespace

std::string dns_query(std::string_view name, DnsType type) {
    std::string query =
        std::string(kId) + "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"s;  // recursion desired, one question
    while (!name.empty() && name != ".") {
        const std::size_t dot = std::min(name.find('.'), name.size());
        const std::string_view label = name.substr(0, std::min<std::size_t>(dot, 63));
        query += static_cast<char>(label.size());
        query += label;
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    query += "\x00\x00"s;
    query += static_cast<char>(type);
    query += "\x00\x01"s;
    return query;
}

bool is_good_dns_answer(std::string_view answer) {
    return answer.size() >= kHeader && answer.starts_with(kId) && (byte_at(answer, 2) & 0x80) != 0 &&
           (byte_at(answer, 3) & 0x0f) == 0;
}

std::optional<Ipv4> first_dns_address(std::string_view answer) {
    if (!is_good_dns_answer(answer)) return std::nullopt;
    std::size_t at = behind_name(answer, kHeader);
    if (at == std::string_view::npos) return std::nullopt;
    at += 4;  // type and class of the question
    for (unsigned left = byte_at(answer, 6) << 8 | byte_at(answer, 7); left > 0; --left) {
        at = behind_name(answer, at);
        if (at == std::string_view::npos || at + 10 > answer.size()) return std::nullopt;
        const unsigned type = byte_at(answer, at) << 8 | byte_at(answer, at + 1);
        const unsigned length = byte_at(answer, at + 8) << 8 | byte_at(answer, at + 9);
        at += 10;
        if (at + length > answer.size()) return std::nullopt;
        if (type == static_cast<unsigned>(DnsType::kA) && length == 4) {
            Ipv4 address;
            for (std::size_t i = 0; i < 4; ++i)
                address.bytes[i] = static_cast<std::uint8_t>(byte_at(answer, at + i));
            return address;
        }
        at += length;
    }
    return std::nullopt;
}

}  // namespace holm::cli

#include "services/dns/master/name_text.h"

#include <algorithm>
#include <format>

#include "services/dns/protocol.h"

namespace holm::dns {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::uint8_t length_at(std::string_view name, std::size_t at) {
    return static_cast<std::uint8_t>(name[at]);
}

}  // namespace

int parse_escape(std::string_view& text) {
    if (text.empty()) return -1;
    if (!is_digit(text[0])) {
        const auto byte = static_cast<unsigned char>(text[0]);
        text.remove_prefix(1);
        return byte;
    }
    if (text.size() < 3 || !is_digit(text[1]) || !is_digit(text[2])) return -1;
    const int number = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    text.remove_prefix(3);
    return number > 255 ? -1 : number;
}

std::expected<WireName, std::string> parse_name(std::string_view text, const WireName& origin) {
    if (text.empty()) return std::unexpected("a name is expected, not nothing");
    if (text == ".") return WireName(1, '\0');
    if (text == "@") {
        if (origin.empty()) return std::unexpected("\"@\" stands for the origin, and there is none");
        return origin;
    }
    WireName name;
    std::string label;
    bool absolute = false;
    const auto finish_label = [&]() -> const char* {
        if (label.empty()) return "an empty label, between two dots; only the root's is empty, at the end";
        if (label.size() > kMaximumLabel) return "a label of more than 63 bytes";
        name += static_cast<char>(label.size());
        name += label;
        label.clear();
        return nullptr;
    };
    while (!text.empty()) {
        const char c = text[0];
        text.remove_prefix(1);
        if (c == '\\') {
            const int byte = parse_escape(text);
            if (byte < 0)
                return std::unexpected(
                    "an escape that is none; allowed: \\ and a character, or \\000 to \\255");
            label += static_cast<char>(byte);
        } else if (c == '.') {
            if (const char* wrong = finish_label()) return std::unexpected(wrong);
            absolute = text.empty();
        } else {
            label += c;
        }
    }
    if (!absolute) {
        if (const char* wrong = finish_label()) return std::unexpected(wrong);
        if (origin.empty())
            return std::unexpected(
                "a relative name, and there is no origin; allowed: a dot at its end, or $ORIGIN");
        name += origin;
    } else {
        name += '\0';
    }
    if (name.size() > kMaximumName)
        return std::unexpected(std::format("a name of {} bytes; allowed: {}", name.size(), kMaximumName));
    return name;
}

std::string to_text(std::string_view name) {
    if (name.size() <= 1) return ".";
    std::string text;
    for (std::size_t at = 0; at < name.size() && name[at] != 0; at += 1 + std::size_t{length_at(name, at)}) {
        for (const char c : name.substr(at + 1, length_at(name, at))) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte <= 0x20 || byte >= 0x7f) {
                text += std::format("\\{:03}", byte);
            } else {
                if (std::string_view("\"().;\\@$").contains(c)) text += '\\';
                text += c;
            }
        }
        text += '.';
    }
    return text;
}

WireName lower(WireName name) {
    // Lengths are below 64, and no letters.
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c; });
    return name;
}

std::string_view parent(std::string_view name) {
    return name.substr(1 + std::size_t{length_at(name, 0)});
}

bool is_within(std::string_view name, std::string_view ancestor) {
    while (name.size() > ancestor.size()) name = parent(name);
    return name == ancestor;
}

std::vector<std::size_t> label_offsets(std::string_view name) {
    std::vector<std::size_t> offsets;
    for (std::size_t at = 0; name[at] != 0; at += 1 + std::size_t{length_at(name, at)}) offsets.push_back(at);
    return offsets;
}

int compare_canonically(std::string_view left, std::string_view right) {
    const auto left_labels = label_offsets(left), right_labels = label_offsets(right);
    const std::size_t common = std::min(left_labels.size(), right_labels.size());
    for (std::size_t i = 1; i <= common; ++i) {
        const std::size_t a = left_labels[left_labels.size() - i], b = right_labels[right_labels.size() - i];
        // std::string_view compares as unsigned bytes, and a label before those it is the start of.
        const int order =
            left.substr(a + 1, length_at(left, a)).compare(right.substr(b + 1, length_at(right, b)));
        if (order != 0) return order;
    }
    return left_labels.size() < right_labels.size() ? -1 : left_labels.size() > right_labels.size() ? 1 : 0;
}

}  // namespace holm::dns

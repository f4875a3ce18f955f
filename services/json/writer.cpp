#include "services/json/writer.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "services/json/utf8.h"

namespace holm::json {

void Writer::separate() {
    if (comma_) out_ += ',';
    comma_ = true;
}

Writer& Writer::open(char bracket) {
    separate();
    out_ += bracket;
    comma_ = false;
    return *this;
}

Writer& Writer::close(char bracket) {
    out_ += bracket;
    comma_ = true;
    return *this;
}

Writer& Writer::literal(std::string_view text) {
    separate();
    out_ += text;
    return *this;
}

Writer& Writer::key(std::string_view name) {
    value(name);
    out_ += ':';
    comma_ = false;
    return *this;
}

Writer& Writer::value(std::string_view text) {
    separate();
    out_ += '"';
    while (!text.empty()) {
        const char c = text.front();
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            out_ += "\xef\xbf\xbd";  // U+FFFD
            text.remove_prefix(1);
            continue;
        }
        switch (c) {
            case '"':
                out_ += "\\\"";
                break;
            case '\\':
                out_ += "\\\\";
                break;
            case '\n':
                out_ += "\\n";
                break;
            case '\r':
                out_ += "\\r";
                break;
            case '\t':
                out_ += "\\t";
                break;
            case '<':
                out_ += "\\u003c";
                break;  // so that no "</script>" survives in a page that embeds the text
            default:
                if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
                    constexpr std::string_view kDigits = "0123456789abcdef";
                    out_ += "\\u00";
                    out_ += kDigits[static_cast<unsigned char>(c) >> 4];
                    out_ += kDigits[c & 15];
                } else {
                    out_.append(text.substr(0, length));
                }
        }
        text.remove_prefix(length);
    }
    out_ += '"';
    return *this;
}

Writer& Writer::value(std::int64_t number) {
    char digits[20];
    return literal({digits, std::to_chars(digits, digits + sizeof digits, number).ptr});
}

Writer& Writer::value(std::uint64_t number) {
    char digits[20];
    return literal({digits, std::to_chars(digits, digits + sizeof digits, number).ptr});
}

Writer& Writer::value(double number) {
    if (!std::isfinite(number)) return literal("null");
    // The tables behind std::to_chars(double) are larger than many an image; 17 digits always suffice.
    char digits[32];
    for (int precision = 15; precision <= 17; ++precision) {
        std::snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (std::strtod(digits, nullptr) == number) break;
    }
    return literal(digits);
}

Writer& Writer::value(const Value& tree) {
    if (const bool* truth = tree.as_bool()) return value(*truth);
    if (const std::int64_t* integer = tree.as_integer()) return value(*integer);
    if (const double* number = tree.as_double()) return value(*number);
    if (const std::string* text = tree.as_string()) return value(std::string_view(*text));
    if (const Array* array = tree.as_array()) {
        begin_array();
        for (const Value& element : *array) value(element);
        return end_array();
    }
    if (const Object* object = tree.as_object()) {
        begin_object();
        for (const Member& member : *object) key(member.key).value(member.value);
        return end_object();
    }
    return value(nullptr);
}

std::string to_string(const Value& value) {
    std::string text;
    Writer(text).value(value);
    return text;
}

}  // namespace holm::json

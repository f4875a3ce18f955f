#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "services/json/utf8.h"
#include "services/json/value.h"

namespace holm::json {
namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

class Parser {
  public:
    Parser(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

    Result<Value, ParseError> parse_document() {
        if (text_.size() > limits_.bytes) return error_at(limits_.bytes, "the text is too long");
        skip_space();
        Value value = TRY(parse_value(0));
        skip_space();
        if (at_ < text_.size()) return error("something follows the value");
        return value;
    }

  private:
    std::unexpected<ParseError> error(const char* what) const { return error_at(at_, what); }
    std::unexpected<ParseError> error_at(std::size_t at, const char* what) const {
        ParseError error{what, 1, 1};
        for (const char c : text_.substr(0, at)) {
            if (c == '\n') {
                ++error.line;
                error.column = 1;
            } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
                ++error.column;
            }
        }
        return std::unexpected(error);
    }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool take(char c) {
        if (peek() != c || at_ == text_.size()) return false;
        ++at_;
        return true;
    }
    void skip_space() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
            ++at_;
        }
    }

    Result<Value, ParseError> parse_value(std::size_t depth) {
        if (++values_ > limits_.values) return error("too many values");
        switch (peek()) {
            case '{':
                return parse_object(depth);
            case '[':
                return parse_array(depth);
            case '"':
                return Value(TRY(parse_string()));
            case 't':
                return parse_literal("true", Value(true));
            case 'f':
                return parse_literal("false", Value(false));
            case 'n':
                return parse_literal("null", Value());
            default:
                if (peek() == '-' || is_digit(peek())) return parse_number();
                return error(at_ == text_.size() ? "the text ends where a value is expected"
                                                 : "no value begins like this");
        }
    }

    Result<Value, ParseError> parse_literal(std::string_view word, Value value) {
        if (text_.substr(at_, word.size()) != word) return error("no value begins like this");
        at_ += word.size();
        return value;
    }

    Result<Value, ParseError> parse_array(std::size_t depth) {
        if (depth >= limits_.depth) return error("arrays and objects are nested too deeply");
        ++at_;
        Array array;
        skip_space();
        if (take(']')) return Value(std::move(array));
        while (true) {
            skip_space();
            array.push_back(TRY(parse_value(depth + 1)));
            skip_space();
            if (take(']')) return Value(std::move(array));
            if (!take(',')) return error("',' or ']' is expected");
        }
    }

    Result<Value, ParseError> parse_object(std::size_t depth) {
        if (depth >= limits_.depth) return error("arrays and objects are nested too deeply");
        ++at_;
        Object object;
        skip_space();
        if (take('}')) return Value(std::move(object));
        while (true) {
            skip_space();
            const std::size_t key_at = at_;
            if (peek() != '"') return error("an object's key is expected, in double quotes");
            std::string key = TRY(parse_string());
            if (object.size() < kSearched && std::ranges::contains(object, key, &Member::key)) {
                return error_at(key_at, "an object's key appears twice");
            }
            skip_space();
            if (!take(':')) return error("':' is expected after a key");
            skip_space();
            Value value = TRY(parse_value(depth + 1));
            object.push_back({std::move(key), std::move(value)});
            skip_space();
            if (take('}')) break;
            if (!take(',')) return error("',' or '}' is expected");
        }
        if (object.size() > kSearched && has_repeated_key(object)) {
            return error_at(at_ - 1, "an object's key appears twice");
        }
        return Value(std::move(object));
    }

    // Beyond this many members, keys are compared once at the object's end: searching would take quadratic
    // time.
    static constexpr std::size_t kSearched = 16;

    static bool has_repeated_key(const Object& object) {
        std::vector<std::string_view> keys;
        keys.reserve(object.size());
        for (const Member& member : object) keys.push_back(member.key);
        std::ranges::sort(keys);
        return std::ranges::adjacent_find(keys) != keys.end();
    }

    Result<Value, ParseError> parse_number() {
        const std::size_t begin = at_;
        bool integer = true;
        take('-');
        if (!is_digit(peek())) return error("a digit is expected");
        if (take('0')) {
            if (is_digit(peek())) return error("a number does not begin with 0");
        } else {
            while (is_digit(peek())) ++at_;
        }
        if (take('.')) {
            integer = false;
            if (!is_digit(peek())) return error("a digit is expected after '.'");
            while (is_digit(peek())) ++at_;
        }
        if (peek() == 'e' || peek() == 'E') {
            integer = false;
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            if (!is_digit(peek())) return error("a digit is expected in the exponent");
            while (is_digit(peek())) ++at_;
        }
        const std::string_view digits = text_.substr(begin, at_ - begin);
        std::int64_t exact = 0;
        if (integer && digits != "-0" &&
            std::from_chars(digits.data(), digits.data() + digits.size(), exact).ec == std::errc()) {
            return Value(exact);
        }
        // strtod is correctly rounded in musl and glibc; libc++ 19 has no from_chars for double.
        const double nearest = std::strtod(std::string(digits).c_str(), nullptr);
        if (std::isinf(nearest)) return error_at(begin, "a number is too great");
        return Value(nearest);
    }

    Result<std::string, ParseError> parse_string() {
        ++at_;
        std::string result;
        while (true) {
            // What needs no thought is taken as one run.
            std::size_t end = at_;
            while (end < text_.size() && text_[end] != '"' && text_[end] != '\\' && text_[end] >= 0x20) ++end;
            result.append(text_, at_, end - at_);
            at_ = end;
            if (at_ == text_.size()) return error("the text ends within a string");
            if (take('"')) return result;
            if (peek() == '\\') {
                TRY(parse_escape(result));
            } else if (const std::size_t length = utf8_length(text_.substr(at_)); length > 1) {
                result.append(text_, at_, length);
                at_ += length;
            } else {
                return error(length == 0 ? "a string is not UTF-8"
                                         : "a control character in a string must be escaped");
            }
        }
    }

    Result<void, ParseError> parse_escape(std::string& result) {
        const std::size_t begin = at_++;
        const char c = peek();
        ++at_;
        switch (c) {
            case '"':
            case '\\':
            case '/':
                result += c;
                return {};
            case 'b':
                result += '\b';
                return {};
            case 'f':
                result += '\f';
                return {};
            case 'n':
                result += '\n';
                return {};
            case 'r':
                result += '\r';
                return {};
            case 't':
                result += '\t';
                return {};
            case 'u':
                break;
            default:
                return error_at(begin, "an unknown escape in a string");
        }
        std::uint32_t code = TRY(parse_hex4(begin));
        if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_, 2) == "\\u") {
            at_ += 2;
            const std::uint32_t low = TRY(parse_hex4(begin));
            if (low < 0xdc00 || low > 0xdfff) return error_at(begin, "half a surrogate pair in a string");
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        } else if (code >= 0xd800 && code <= 0xdfff) {
            return error_at(begin, "half a surrogate pair in a string");
        }
        append_utf8(result, code);
        return {};
    }

    Result<std::uint32_t, ParseError> parse_hex4(std::size_t begin) {
        std::uint32_t code = 0;
        const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        if (digits.size() != 4 || read.ptr != digits.data() + 4 || read.ec != std::errc()) {
            return error_at(begin, "four hexadecimal digits are expected after \\u");
        }
        at_ += 4;
        return code;
    }

    static void append_utf8(std::string& out, std::uint32_t code) {
        const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
        if (code < 0x80) return put(code);
        if (code < 0x800) {
            put(0xc0 | (code >> 6));
        } else {
            if (code < 0x10000) {
                put(0xe0 | (code >> 12));
            } else {
                put(0xf0 | (code >> 18));
                put(0x80 | ((code >> 12) & 0x3f));
            }
            put(0x80 | ((code >> 6) & 0x3f));
        }
        put(0x80 | (code & 0x3f));
    }

    std::string_view text_;
    const Limits& limits_;
    std::size_t at_ = 0;
    std::size_t values_ = 0;
};

}  // namespace

Result<Value, ParseError> parse(std::string_view text, const Limits& limits) {
    return Parser(text, limits).parse_document();
}

std::string ParseError::to_string() const {
    return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what;
}

const Value* Value::find(std::string_view key) const {
    const Object* const object = as_object();
    if (object == nullptr) return nullptr;
    const auto found = std::ranges::find(*object, key, &Member::key);
    return found == object->end() ? nullptr : &found->value;
}

bool operator==(const Value& left, const Value& right) {
    return left.data_ == right.data_;
}

}  // namespace holm::json

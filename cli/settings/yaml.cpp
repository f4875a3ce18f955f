#include "cli/settings/yaml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <yaml.h>

#include "cli/settings/yaml_error.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

// An event of libyaml, which it has allocated.
class Event {
  public:
    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() { yaml_event_delete(&event_); }
    yaml_event_t* operator->() { return &event_; }
    yaml_event_t* get() { return &event_; }

  private:
    yaml_event_t event_{};
};

// The core schema of YAML 1.2 (section 10.3.2), but for fractions, which no setting has.
void resolve(Value& value) {
    using enum Value::Kind;
    constexpr std::array<std::string_view, 5> kNothings{"", "~", "null", "Null", "NULL"};
    constexpr std::array<std::string_view, 3> kYes{"true", "True", "TRUE"}, kNo{"false", "False", "FALSE"};
    const std::string& text = value.text;
    value.without_quotes = true;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value.number);
    if (std::ranges::contains(kNothings, text)) {
        value.kind = kNothing;
    } else if (std::ranges::contains(kYes, text) || std::ranges::contains(kNo, text)) {
        value.kind = kBoolean;
        value.number = std::ranges::contains(kYes, text) ? 1 : 0;
    } else if (error == std::errc{} && rest == end) {
        value.kind = kWholeNumber;
    }
}

// libyaml compares each with all before it: a file full of them would take minutes.
std::optional<Position> find_tag_directive(std::string_view text) {
    constexpr std::string_view kDirective = "\n%TAG";
    const std::size_t place = text.starts_with(kDirective.substr(1)) ? 0 : text.find(kDirective);
    if (place == text.npos) return std::nullopt;
    const auto lines = std::ranges::count(text.substr(0, place), '\n') + (text[place] == '\n' ? 1 : 0);
    return Position{static_cast<std::uint32_t>(lines + 1), 1};
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {
        if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                     text.size());
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { yaml_parser_delete(&parser_); }

    Value read_stream() {
        Value top{.kind = Value::Kind::kTable, .where = {1, 1}};
        bool found = false;
        while (true) {
            Event event;
            next(event);
            if (event->type == YAML_STREAM_END_EVENT) return top;
            if (event->type != YAML_DOCUMENT_START_EVENT)
                continue;  // the stream's beginning, a document's end
            const Position where = position_of(event->start_mark);
            if (std::exchange(found, true))
                throw Mistake{where, "a second document begins; expected: the end of the file"};
            top = read_next(0);
            if (top.kind == Value::Kind::kNothing) top = {.kind = Value::Kind::kTable, .where = {1, 1}};
            if (top.kind != Value::Kind::kTable)
                throw Mistake{top.where, "the file is no table of settings; expected: KEY: VALUE"};
        }
    }

  private:
    void next(Event& event) {
        if (yaml_parser_parse(&parser_, event.get()) == 0) throw describe_yaml_error(parser_, text_);
    }

    Value read_next(int depth) {
        Event event;
        next(event);
        return read_value(event, depth);
    }

    Value read_value(Event& event, int depth) {
        Value value{.where = position_of(event->start_mark)};
        if (depth > kMostYamlLevels)
            throw Mistake{value.where,
                          formatted("more than {} tables and lists within each other", kMostYamlLevels)};
        switch (event->type) {
            case YAML_SCALAR_EVENT:
                read_scalar(event, value);
                break;
            case YAML_SEQUENCE_START_EVENT:
                refuse_extras(event->data.sequence_start.anchor, event->data.sequence_start.tag, value.where);
                read_list(value, depth);
                break;
            case YAML_MAPPING_START_EVENT:
                refuse_extras(event->data.mapping_start.anchor, event->data.mapping_start.tag, value.where);
                read_table(value, depth);
                break;
            default:  // an alias: nothing else can stand in the place of a value
                refuse_extras(event->data.alias.anchor, nullptr, value.where);
        }
        return value;
    }

    void refuse_extras(const yaml_char_t* anchor, const yaml_char_t* tag, Position where) {
        if (anchor != nullptr)
            throw Mistake{where,
                          "anchors (&NAME) and aliases (*NAME) are not taken; expected: the value itself"};
        if (tag != nullptr)
            throw Mistake{
                where,
                "tags (!NAME) are not taken; expected: the value alone, in quotation marks if it is text"};
    }

    void read_scalar(Event& event, Value& value) {
        const auto& scalar = event->data.scalar;
        refuse_extras(scalar.anchor, scalar.tag, value.where);
        value.kind = Value::Kind::kText;
        value.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
        if (scalar.style == YAML_PLAIN_SCALAR_STYLE) resolve(value);
    }

    void read_list(Value& value, int depth) {
        value.kind = Value::Kind::kList;
        while (true) {
            Event event;
            next(event);
            if (event->type == YAML_SEQUENCE_END_EVENT) return;
            value.list.push_back(read_value(event, depth + 1));
        }
    }

    void read_table(Value& value, int depth) {
        value.kind = Value::Kind::kTable;
        while (true) {
            Event event;
            next(event);
            if (event->type == YAML_MAPPING_END_EVENT) break;
            const Position where = position_of(event->start_mark);
            if (event->type != YAML_SCALAR_EVENT) {
                read_value(event, depth + 1);  // complains first of what is wrong within
                throw Mistake{where, "a key that is a table or a list; expected: text"};
            }
            Value key = read_value(event, depth + 1);
            value.table.push_back({{std::move(key.text), where}, read_next(depth + 1)});
        }
        const auto by_key = [](const Value::Member& member) -> const std::string& {
            return member.key.value;
        };
        std::ranges::stable_sort(value.table, {}, by_key);
        const auto twice = std::ranges::adjacent_find(value.table, {}, by_key);
        if (twice != value.table.end())
            throw Mistake{
                std::next(twice)->key.where,
                formatted(
                    "the key {} stands here for the second time, after line {}; expected: each key once",
                    quote(twice->key.value), twice->key.where.line)};
    }

    std::string_view text_;
    yaml_parser_t parser_{};
};

}  // namespace

std::expected<Value, Mistake> parse_yaml(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
    if (const auto where = find_tag_directive(text))
        return std::unexpected(Mistake{*where, "tags (%TAG) are not taken; expected: KEY: VALUE"});
    try {
        return Reader(text).read_stream();
    } catch (Mistake& mistake) {
        return std::unexpected(std::move(mistake));
    }
}

}  // namespace holm::cli

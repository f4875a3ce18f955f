#include "services/dns/master/reader.h"

#include <algorithm>
#include <format>

#include "services/dns/master/rdata_text.h"
#include "services/dns/master/record_format.h"
#include "services/dns/master/text_encodings.h"
#include "services/dns/protocol.h"

namespace holm::dns {

namespace {

std::string upper(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c; });
    return result;
}

enum class ClassWord { kNone, kInternet, kOther };

ClassWord class_word(std::string_view text) {
    const std::string word = upper(text);
    if (word == "IN" || word == "CLASS1") return ClassWord::kInternet;
    if (word == "CH" || word == "HS" || word == "CS" || word == "ANY" || word == "NONE" ||
        (word.starts_with("CLASS") && parse_number(std::string_view(word).substr(5), 65'535)))
        return ClassWord::kOther;
    return ClassWord::kNone;
}

// Text from a file, fit for a message.
std::string shown(std::string_view text) {
    std::string result = "\"";
    for (const char c : text.substr(0, 60)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7f) {
            result += std::format("\\{:03}", byte);
        } else {
            result += c;
        }
    }
    return result + (text.size() > 60 ? "...\"" : "\"");
}

std::string beside(const std::string& file, std::string_view path) {
    const std::size_t slash = file.rfind('/');
    if (path.starts_with('/') || slash == std::string::npos) return std::string(path);
    return file.substr(0, slash + 1) + std::string(path);
}

}  // namespace

void Reader::mistake(Place where, std::string text) {
    if (!has_too_many()) mistakes_.push_back({where, std::move(text)});
}

std::string Reader::place_text(Place where) const {
    const std::string& path = files_[where.file].path;
    return where.line == 0 ? path : std::format("{}:{}:{}", path, where.line, where.column);
}

std::vector<Record> Reader::read(const std::string& path, const WireName& origin) {
    std::vector<Record> records;
    State state{origin, {}, {}, {}, 0};
    read_file(path, {static_cast<std::uint32_t>(files_.size()), 0, 0}, state, records);
    return records;
}

void Reader::read_file(const std::string& path, Place from, State& state, std::vector<Record>& records) {
    auto text = load_(path);
    const auto index = static_cast<std::uint32_t>(files_.size());
    files_.push_back({path, text ? std::move(*text) : std::string()});
    if (!text) return mistake(from, std::format("{} cannot be read", shown(path)));
    // A file that is included twice is held twice: it is all of them together that must have an end.
    std::string& held = files_.back().text;
    if (held.size() > bytes_left_) {
        held.clear();
        bytes_left_ = 0;
        return mistake(from, "the files are larger together than what is read of a zone, 1 GiB");
    }
    bytes_left_ -= held.size();
    Lexer lexer(files_[index].text, index);
    Entry entry;
    while (!has_too_many()) {
        const auto more = lexer.next(entry);
        if (!more) {
            mistake(more.error().where, more.error().text);
        } else if (!*more) {
            return;
        } else {
            read_entry(entry, state, records);
        }
    }
}

void Reader::read_entry(const Entry& entry, State& state, std::vector<Record>& records) {
    const Word& first = entry.words[0];
    if (!entry.begins_with_space && !first.quoted && first.text.starts_with('$')) {
        read_directive(entry, state, records);
    } else {
        read_record(entry, state, records);
    }
}

void Reader::read_directive(const Entry& entry, State& state, std::vector<Record>& records) {
    const std::string name = upper(entry.words[0].text);
    const auto needs = [&](std::size_t most, std::string_view what) {
        if (entry.words.size() < 2) {
            mistake(entry.end, std::format("{} needs {} behind it", name, what));
        } else if (entry.words.size() > most + 1) {
            mistake(entry.words[most + 1].where, std::format("{} ends before this word", name));
        } else {
            return true;
        }
        return false;
    };
    if (name == "$ORIGIN") {
        if (!needs(1, "a name")) return;
        auto origin = parse_name(entry.words[1].text, state.origin);
        if (!origin) return mistake(entry.words[1].where, std::move(origin.error()));
        state.origin = std::move(*origin);
    } else if (name == "$TTL") {
        if (!needs(1, "seconds")) return;
        const auto ttl = parse_seconds(entry.words[1].text);
        if (!ttl) {
            return mistake(entry.words[1].where,
                           "seconds are expected here: a number up to 2147483647, or such as 1h30m or 2w");
        }
        state.default_ttl = ttl;
    } else if (name == "$INCLUDE") {
        if (needs(2, "a file")) include(entry, state, records);
    } else {
        mistake(entry.words[0].where, std::format("{} is no directive; allowed: $ORIGIN, $TTL, $INCLUDE",
                                                  shown(entry.words[0].text)));
    }
}

// The origin and the owner of this file are not changed by what is included (RFC 1035, section 5.1).
void Reader::include(const Entry& entry, const State& state, std::vector<Record>& records) {
    const Place where = entry.words[1].where;
    const auto path = unescape(entry.words[1].text);
    if (!path || path->empty() || path->contains('\0'))
        return mistake(where, "the name of a file is expected here");
    if (state.depth == kDeepestInclude) {
        return mistake(where,
                       std::format("files are included in one another more than {} deep: do they include "
                                   "themselves?",
                                   kDeepestInclude));
    }
    if (files_.size() == kMostFiles) return mistake(where, std::format("more than {} files", kMostFiles));
    State inner = state;
    ++inner.depth;
    if (entry.words.size() > 2) {
        auto origin = parse_name(entry.words[2].text, state.origin);
        if (!origin) return mistake(entry.words[2].where, std::move(origin.error()));
        inner.origin = std::move(*origin);
    }
    read_file(beside(files_[where.file].path, *path), where, inner, records);
}

// [owner] [TTL] [class] type data, TTL and class in either order.
void Reader::read_record(const Entry& entry, State& state, std::vector<Record>& records) {
    std::size_t next = 0;
    if (!entry.begins_with_space) {
        auto owner = parse_name(entry.words[0].text, state.origin);
        if (!owner) {
            state.owner.clear();
            return mistake(entry.words[0].where, std::move(owner.error()));
        }
        state.owner = std::move(*owner);
        ++next;
    }
    std::optional<std::uint32_t> ttl;
    bool has_class = false;
    while (next < entry.words.size() && !entry.words[next].quoted) {
        const Word& word = entry.words[next];
        const ClassWord kind = class_word(word.text);
        const bool is_number = word.text[0] >= '0' && word.text[0] <= '9';
        if (kind == ClassWord::kOther) {
            return mistake(word.where,
                           std::format("the class {} is not served; allowed: IN", shown(word.text)));
        } else if (kind == ClassWord::kInternet && !has_class) {
            has_class = true;
        } else if (is_number && !ttl) {
            ttl = parse_seconds(word.text);
            if (!ttl) {
                return mistake(
                    word.where,
                    std::format("{} is no TTL; allowed: seconds up to 2147483647, or such as 1h30m or 2w",
                                shown(word.text)));
            }
        } else {
            break;
        }
        ++next;
    }
    if (next == entry.words.size()) return mistake(entry.end, "a record type is expected here");
    const Word& type_word = entry.words[next++];
    const auto type = type_word.quoted ? std::nullopt : parse_type(type_word.text);
    if (!type) {
        return mistake(type_word.where, std::format("{} is no record type; allowed: {}",
                                                    shown(type_word.text), all_type_names()));
    }
    if (type::is_question_only(*type) || *type == type::kOpt || *type == 0) {
        return mistake(type_word.where,
                       std::format("{} is a type for messages, not for zones", type_text(*type)));
    }
    if (state.owner.empty()) {
        return mistake(entry.words[0].where,
                       "a record without a name, and there is no record before it to take it from");
    }
    auto data = parse_data(*type, std::span(entry.words).subspan(next), entry.end, state.origin);
    if (!data) return mistake(data.error().where, std::move(data.error().text));
    if (ttl) state.last_ttl = ttl;
    if (!ttl) ttl = state.default_ttl ? state.default_ttl : state.last_ttl;
    if (!ttl) {
        return mistake(type_word.where,
                       "the record has no TTL, and there is neither a $TTL nor a record with one before it");
    }
    records.push_back({state.owner, *type, *ttl, std::move(*data), entry.words[0].where});
}

}  // namespace holm::dns

#include "services/dns/master/word_reader.h"

#include <algorithm>
#include <format>

#include "services/dns/master/record_format.h"
#include "services/dns/master/text_encodings.h"

namespace holm::dns {

bool WordReader::wrong(Place where, std::string text) {
    mistake_ = {where, std::move(text)};
    return false;
}

const Word* WordReader::take(std::string_view what) {
    if (next_ < words_.size()) return &words_[next_++];
    wrong(end_, std::format("{} is expected here", what));
    return nullptr;
}

void WordReader::append(std::uint32_t number, unsigned bytes) {
    while (bytes-- > 0) data_ += static_cast<char>(number >> bytes * 8);
}

std::optional<std::uint32_t> value_of(const Word& word, std::span<const Mnemonic> mnemonics,
                                      std::uint32_t largest) {
    const auto found = std::ranges::find(mnemonics, word.text, &Mnemonic::name);
    return found != mnemonics.end() ? std::optional(found->number) : parse_number(word.text, largest);
}

bool WordReader::number(unsigned bytes) {
    const std::uint32_t largest = bytes == 4 ? 0xffffffff : (1u << bytes * 8) - 1;
    const Word* word = take(std::format("a number from 0 to {}", largest));
    if (word == nullptr) return false;
    const auto value = parse_number(word->text, largest);
    if (!value) return wrong(word->where, std::format("a number from 0 to {} is expected here", largest));
    append(*value, bytes);
    return true;
}

bool WordReader::mnemonic(std::span<const Mnemonic> mnemonics, unsigned bytes, std::string_view what) {
    const Word* word = take(what);
    if (word == nullptr) return false;
    const auto value = value_of(*word, mnemonics, (1u << bytes * 8) - 1);
    if (!value) {
        std::string allowed;
        for (const Mnemonic& one : mnemonics) allowed += std::format(", {}", one.name);
        return wrong(word->where, std::format("{} is expected here: a number{}", what, allowed));
    }
    append(*value, bytes);
    return true;
}

bool WordReader::seconds() {
    const Word* word = take("a number of seconds");
    if (word == nullptr) return false;
    const auto value = parse_seconds(word->text);
    if (!value)
        return wrong(word->where,
                     "seconds are expected here: a number up to 2147483647, or such as 1h30m or 2w");
    append(*value, 4);
    return true;
}

bool WordReader::name() {
    const Word* word = take("a domain name");
    if (word == nullptr) return false;
    const auto parsed = parse_name(word->text, origin_);
    if (!parsed) return wrong(word->where, parsed.error());
    data_ += *parsed;
    return true;
}

bool WordReader::type() {
    const Word* word = take("a record type");
    if (word == nullptr) return false;
    const auto number = parse_type(word->text);
    if (!number) return wrong(word->where, "a record type is expected here; allowed: " + all_type_names());
    append(*number, 2);
    return true;
}

bool WordReader::timestamp() {
    const Word* word = take("a time");
    if (word == nullptr) return false;
    const auto time = parse_timestamp(word->text);
    if (!time) return wrong(word->where, "a time is expected here: YYYYMMDDHHmmSS, or seconds since 1970");
    append(*time, 4);
    return true;
}

bool WordReader::text(bool with_length) {
    const Word* word = take("text");
    if (word == nullptr) return false;
    const auto bytes = unescape(word->text);
    if (!bytes)
        return wrong(word->where, "an escape that is none; allowed: \\ and a character, or \\000 to \\255");
    if (with_length) {
        if (bytes->size() > 255)
            return wrong(
                word->where,
                std::format("a string of {} bytes; allowed: 255, and several strings behind one another",
                            bytes->size()));
        data_ += static_cast<char>(bytes->size());
    }
    data_ += *bytes;
    return true;
}

bool WordReader::texts() {
    do {
        if (!text(true)) return false;
    } while (next_ < words_.size());
    return true;
}

// RFC 8659, section 4.1: 1 to 15 letters and digits here, as most checkers have it; 255 bytes on the
// wire.
bool WordReader::tag() {
    const Word* word = take("a property tag");
    if (word == nullptr) return false;
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (word->text.empty() || word->text.size() > 255 || !std::ranges::all_of(word->text, plain))
        return wrong(word->where, "a property tag of letters and digits is expected here, such as issue");
    data_ += static_cast<char>(word->text.size());
    data_ += word->text;
    return true;
}

// All the words that are left, as one.
bool WordReader::rest(std::string_view what, std::string& joined, bool may_be_empty) {
    if (next_ == words_.size() && !may_be_empty) return take(what) != nullptr;
    while (next_ < words_.size()) joined += words_[next_++].text;
    return true;
}

bool WordReader::hex_to_end(bool may_be_empty) {
    std::string joined;
    const std::size_t first = next_;
    if (!rest("hexadecimal digits", joined, may_be_empty)) return false;
    const auto bytes = parse_hex(joined);
    if (!bytes)
        return wrong(words_[first].where, "an even number of hexadecimal digits is expected from here on");
    data_ += *bytes;
    return true;
}

bool WordReader::base64_to_end() {
    std::string joined;
    const std::size_t first = next_;
    if (!rest("base64", joined, false)) return false;
    const auto bytes = parse_base64(joined);
    if (!bytes) return wrong(words_[first].where, "base64 is expected from here on");
    data_ += *bytes;
    return true;
}

bool WordReader::counted(bool is_salt) {
    const Word* word = take(is_salt ? "a salt" : "a hash in base32hex");
    if (word == nullptr) return false;
    const auto bytes = !is_salt            ? parse_base32hex(word->text)
                       : word->text == "-" ? std::optional<std::string>("")
                                           : parse_hex(word->text);
    if (!bytes || bytes->size() > 255 || (!is_salt && bytes->empty())) {
        return wrong(word->where,
                     is_salt ? "a salt is expected here: hexadecimal digits of at most 255 bytes, or -"
                             : "a hash is expected here, in base32hex without padding");
    }
    data_ += static_cast<char>(bytes->size());
    data_ += *bytes;
    return true;
}

}  // namespace holm::dns

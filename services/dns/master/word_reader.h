#pragma once

// The words of a record's data, taken one by one; what they say is put together as it stands on the wire. A
// function that returns false has complained of a word, or of one that is missing.

#include <cstdint>
#include <format>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "services/dns/master/lexer.h"
#include "services/dns/master/mnemonics.h"
#include "services/dns/master/name_text.h"

namespace holm::dns {

class WordReader {
  public:
    // `end` is where a missing word would stand.
    WordReader(std::span<const Word> words, Place end, const WireName& origin)
        : words_(words), end_(end), origin_(origin) {}

    bool is_over() const { return next_ == words_.size(); }
    std::span<const Word> left() const { return words_.subspan(next_); }
    Place end() const { return end_; }
    const WireName& origin() const { return origin_; }
    // Null, with a complaint, at the end.
    const Word* take(std::string_view what);
    bool wrong(Place where, std::string text);

    const std::string& data() const { return data_; }
    std::string take_data() { return std::move(data_); }
    Mistake take_mistake() { return std::move(mistake_); }
    bool has_mistake() const { return !mistake_.text.empty(); }

    // For words that are read before it is their turn on the wire: another reader of what is left reads them.
    // Its complaint becomes that of this one; or this one goes on behind them.
    bool adopt(WordReader& other) {
        mistake_ = std::move(other.mistake_);
        return false;
    }
    bool skip_to(const WordReader& other) {
        next_ = words_.size() - other.left().size();
        return true;
    }
    bool skip_all() {
        next_ = words_.size();
        return true;
    }

    void append(std::string_view bytes) { data_ += bytes; }
    void append(std::uint32_t number, unsigned bytes);

    bool number(unsigned bytes);
    bool mnemonic(std::span<const Mnemonic> mnemonics, unsigned bytes, std::string_view what);
    bool seconds();
    bool name();
    bool type();
    bool timestamp();
    // `parse` makes bytes of a word, or nothing.
    template <typename Parse>
    bool bytes(Parse parse, std::string_view what) {
        const Word* word = take(what);
        if (word == nullptr) return false;
        const auto bytes = parse(word->text);
        if (!bytes) return wrong(word->where, std::format("{} is expected here", what));
        data_.append(bytes->begin(), bytes->end());
        return true;
    }

    bool text(bool with_length);
    bool texts();
    bool tag();
    bool hex_to_end(bool may_be_empty);
    bool base64_to_end();
    // Behind its length: a salt, or a hash.
    bool counted(bool is_salt);
    // All that are left, as one.
    bool rest(std::string_view what, std::string& joined, bool may_be_empty);

  private:
    std::span<const Word> words_;
    std::size_t next_ = 0;
    Place end_;
    const WireName& origin_;
    std::string data_;
    Mistake mistake_;
};

// What a word says that may be a mnemonic or a number.
std::optional<std::uint32_t> value_of(const Word& word, std::span<const Mnemonic> mnemonics,
                                      std::uint32_t largest);

}  // namespace holm::dns

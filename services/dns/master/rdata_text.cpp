#include "services/dns/master/rdata_text.h"

#include <algorithm>
#include <array>
#include <format>
#include <map>
#include <set>

#include "base/address_text.h"
#include "services/dns/master/rdata_wire.h"
#include "services/dns/master/record_format.h"
#include "services/dns/master/service_parameters.h"
#include "services/dns/master/text_encodings.h"

namespace holm::dns {

namespace {

struct Mnemonic {
    std::string_view name;
    std::uint32_t number;
};

// IANA, "DNS Security Algorithm Numbers".
constexpr Mnemonic kAlgorithms[] = {
    {"RSAMD5", 1},
    {"DH", 2},
    {"DSA", 3},
    {"RSASHA1", 5},
    {"DSA-NSEC3-SHA1", 6},
    {"RSASHA1-NSEC3-SHA1", 7},
    {"RSASHA256", 8},
    {"RSASHA512", 10},
    {"ECC-GOST", 12},
    {"ECDSAP256SHA256", 13},
    {"ECDSAP384SHA384", 14},
    {"ED25519", 15},
    {"ED448", 16},
    {"PRIVATEDNS", 253},
    {"PRIVATEOID", 254},
};
// RFC 4398, section 2.1.
constexpr Mnemonic kCertificates[] = {
    {"PKIX", 1}, {"SPKI", 2},   {"PGP", 3},     {"IPKIX", 4}, {"ISPKI", 5},
    {"IPGP", 6}, {"ACPKIX", 7}, {"IACPKIX", 8}, {"URI", 253}, {"OID", 254},
};

class DataParser {
  public:
    DataParser(std::span<const Word> words, Place end, const WireName& origin)
        : words_(words), end_(end), origin_(origin) {}

    std::expected<std::string, Mistake> known(const RecordFormat& format) {
        for (const char letter : format.fields) {
            if (!field(letter)) return std::unexpected(std::move(mistake_));
        }
        if (next_ < words_.size()) {
            wrong(words_[next_].where, std::format("the data of {} ends before this word", format.name));
            return std::unexpected(std::move(mistake_));
        }
        return finish();
    }

    // RFC 3597: \# SIZE HEX...
    std::expected<std::string, Mistake> generic() {
        ++next_;
        const Word* size = take("the size of the data in bytes, behind \\#");
        if (size == nullptr) return std::unexpected(std::move(mistake_));
        const auto number = parse_number(size->text, kLargestData);
        if (!number) {
            wrong(size->where, "the size of the data in bytes is expected, 0 to 65535");
        } else if (hex_to_end(*number == 0) && data_.size() != *number) {
            wrong(size->where,
                  std::format("the size is said to be {}, but there are {} bytes", *number, data_.size()));
        }
        if (!mistake_.text.empty()) return std::unexpected(std::move(mistake_));
        return finish();
    }

  private:
    std::expected<std::string, Mistake> finish() {
        if (data_.size() <= kLargestData) return std::move(data_);
        wrong(words_.front().where, std::format("data of {} bytes; allowed: {}", data_.size(), kLargestData));
        return std::unexpected(std::move(mistake_));
    }

    bool wrong(Place where, std::string text) {
        mistake_ = {where, std::move(text)};
        return false;
    }

    const Word* take(std::string_view what) {
        if (next_ < words_.size()) return &words_[next_++];
        wrong(end_, std::format("{} is expected here", what));
        return nullptr;
    }

    void append(std::uint32_t number, unsigned bytes) {
        while (bytes-- > 0) data_ += static_cast<char>(number >> bytes * 8);
    }

    bool number(unsigned bytes) {
        const std::uint32_t largest = bytes == 4 ? 0xffffffff : (1u << bytes * 8) - 1;
        const Word* word = take(std::format("a number from 0 to {}", largest));
        if (word == nullptr) return false;
        const auto value = parse_number(word->text, largest);
        if (!value) return wrong(word->where, std::format("a number from 0 to {} is expected here", largest));
        append(*value, bytes);
        return true;
    }

    bool mnemonic(std::span<const Mnemonic> mnemonics, unsigned bytes, std::string_view what) {
        const Word* word = take(what);
        if (word == nullptr) return false;
        const auto found = std::ranges::find(mnemonics, word->text, &Mnemonic::name);
        if (found != mnemonics.end()) {
            append(found->number, bytes);
            return true;
        }
        const auto value = parse_number(word->text, (1u << bytes * 8) - 1);
        if (!value) {
            std::string allowed;
            for (const Mnemonic& one : mnemonics) allowed += std::format(", {}", one.name);
            return wrong(word->where, std::format("{} is expected here: a number{}", what, allowed));
        }
        append(*value, bytes);
        return true;
    }

    bool seconds() {
        const Word* word = take("a number of seconds");
        if (word == nullptr) return false;
        const auto value = parse_seconds(word->text);
        if (!value)
            return wrong(word->where,
                         "seconds are expected here: a number up to 2147483647, or such as 1h30m or 2w");
        append(*value, 4);
        return true;
    }

    bool name() {
        const Word* word = take("a domain name");
        if (word == nullptr) return false;
        const auto parsed = parse_name(word->text, origin_);
        if (!parsed) return wrong(word->where, parsed.error());
        data_ += *parsed;
        return true;
    }

    template <typename Parse>
    bool address(Parse parse, std::string_view what) {
        const Word* word = take(what);
        if (word == nullptr) return false;
        const auto bytes = parse(word->text);
        if (!bytes) return wrong(word->where, std::format("{} is expected here", what));
        data_.append(bytes->begin(), bytes->end());
        return true;
    }

    bool type() {
        const Word* word = take("a record type");
        if (word == nullptr) return false;
        const auto number = parse_type(word->text);
        if (!number)
            return wrong(word->where, "a record type is expected here; allowed: " + all_type_names());
        append(*number, 2);
        return true;
    }

    bool timestamp() {
        const Word* word = take("a time");
        if (word == nullptr) return false;
        const auto time = parse_timestamp(word->text);
        if (!time)
            return wrong(word->where, "a time is expected here: YYYYMMDDHHmmSS, or seconds since 1970");
        append(*time, 4);
        return true;
    }

    bool text(bool with_length) {
        const Word* word = take("text");
        if (word == nullptr) return false;
        const auto bytes = unescape(word->text);
        if (!bytes)
            return wrong(word->where,
                         "an escape that is none; allowed: \\ and a character, or \\000 to \\255");
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

    bool texts() {
        do {
            if (!text(true)) return false;
        } while (next_ < words_.size());
        return true;
    }

    // RFC 8659, section 4.1: 1 to 15 letters and digits here, as most checkers have it; 255 bytes on the
    // wire.
    bool tag() {
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
    bool rest(std::string_view what, std::string& joined, bool may_be_empty) {
        if (next_ == words_.size() && !may_be_empty) return take(what) != nullptr;
        while (next_ < words_.size()) joined += words_[next_++].text;
        return true;
    }

    bool hex_to_end(bool may_be_empty) {
        std::string joined;
        const std::size_t first = next_;
        if (!rest("hexadecimal digits", joined, may_be_empty)) return false;
        const auto bytes = parse_hex(joined);
        if (!bytes)
            return wrong(words_[first].where,
                         "an even number of hexadecimal digits is expected from here on");
        data_ += *bytes;
        return true;
    }

    bool base64_to_end() {
        std::string joined;
        const std::size_t first = next_;
        if (!rest("base64", joined, false)) return false;
        const auto bytes = parse_base64(joined);
        if (!bytes) return wrong(words_[first].where, "base64 is expected from here on");
        data_ += *bytes;
        return true;
    }

    bool counted(bool is_salt) {
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

    bool bitmap() {
        std::map<std::uint8_t, std::array<std::uint8_t, 32>> blocks;
        while (next_ < words_.size()) {
            const Word& word = words_[next_++];
            const auto number = parse_type(word.text);
            if (!number)
                return wrong(word.where, "a record type is expected here; allowed: " + all_type_names());
            auto& block = blocks.try_emplace(static_cast<std::uint8_t>(*number >> 8)).first->second;
            block[(*number & 0xff) / 8] |= static_cast<std::uint8_t>(0x80 >> *number % 8);
        }
        for (const auto& [index, block] : blocks) {
            std::size_t size = block.size();
            while (block[size - 1] == 0) --size;
            data_ += static_cast<char>(index);
            data_ += static_cast<char>(size);
            data_.append(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(size));
        }
        return true;
    }

    bool parameters() {
        auto bytes = parse_service_parameters(words_.subspan(next_));
        next_ = words_.size();
        if (!bytes) return wrong(bytes.error().where, std::move(bytes.error().text));
        data_ += *bytes;
        return true;
    }

    bool eui(std::size_t size) {
        return address(
            [size](std::string_view text) { return parse_eui(text, size); },
            size == 6 ? "an EUI-48 such as 00-00-5e-00-53-2a" : "an EUI-64 such as 00-00-5e-ef-10-00-00-2a");
    }

    bool field(char letter) {
        switch (letter) {
            case 'N':
            case 'n':
                return name();
            case '1':
                return number(1);
            case '2':
                return number(2);
            case '4':
                return number(4);
            case 't':
                return seconds();
            case 'A':
                return address(parse_ipv4, "an IPv4 address such as 192.0.2.1");
            case '6':
                return address(parse_ipv6, "an IPv6 address such as 2001:db8::1");
            case 'T':
                return type();
            case 'a':
                return mnemonic(kAlgorithms, 1, "an algorithm");
            case 'c':
                return mnemonic(kCertificates, 2, "a type of certificate");
            case 'd':
                return timestamp();
            case 's':
                return text(true);
            case 'S':
                return texts();
            case 'q':
                return text(false);
            case 'g':
                return tag();
            case 'x':
                return hex_to_end(false);
            case 'b':
                return base64_to_end();
            case 'l':
                return counted(true);
            case 'h':
                return counted(false);
            case 'B':
                return bitmap();
            case 'v':
                return parameters();
            default:
                return eui(letter == 'e' ? 6 : 8);
        }
    }

    std::span<const Word> words_;
    std::size_t next_ = 0;
    Place end_;
    const WireName& origin_;
    std::string data_;
    Mistake mistake_;
};

}  // namespace

std::expected<std::string, Mistake> parse_data(std::uint16_t type, std::span<const Word> words, Place end,
                                               const WireName& origin) {
    const RecordFormat* format = find_format(type);
    DataParser parser(words, end, origin);
    if (!words.empty() && words[0].text == "\\#" && !words[0].quoted) {
        auto data = parser.generic();
        if (data && !names_in(type, *data)) {
            return std::unexpected(
                Mistake{words[0].where,
                        std::format("these bytes are not what the data of {} consists of", format->name)});
        }
        return data;
    }
    if (format != nullptr) return parser.known(*format);
    return std::unexpected(Mistake{
        words.empty() ? end : words[0].where,
        std::format("the data of {} is written as \\# SIZE HEXADECIMAL (RFC 3597)", type_text(type))});
}

}  // namespace holm::dns

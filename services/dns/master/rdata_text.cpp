#include "services/dns/master/rdata_text.h"

#include <format>

#include "base/address_text.h"
#include "services/dns/master/bitmap_text.h"
#include "services/dns/master/gateway_text.h"
#include "services/dns/master/location_text.h"
#include "services/dns/master/prefix_list_text.h"
#include "services/dns/master/rdata_wire.h"
#include "services/dns/master/record_format.h"
#include "services/dns/master/service_parameters.h"
#include "services/dns/master/text_encodings.h"
#include "services/dns/master/word_reader.h"

namespace holm::dns {

namespace {

bool read_parameters(WordReader& words) {
    auto bytes = parse_service_parameters(words.left());
    if (!bytes) return words.wrong(bytes.error().where, std::move(bytes.error().text));
    words.append(*bytes);
    return words.skip_all();
}

bool read_eui(WordReader& words, std::size_t size) {
    return words.bytes(
        [size](std::string_view text) { return parse_eui(text, size); },
        size == 6 ? "an EUI-48 such as 00-00-5e-00-53-2a" : "an EUI-64 such as 00-00-5e-ef-10-00-00-2a");
}

// A letter of RecordFormat::fields.
bool read_field(WordReader& words, char letter) {
    switch (letter) {
        case 'N':
        case 'n':
            return words.name();
        case '1':
            return words.number(1);
        case '2':
            return words.number(2);
        case '4':
            return words.number(4);
        case 't':
            return words.seconds();
        case 'A':
            return words.bytes(parse_ipv4, "an IPv4 address such as 192.0.2.1");
        case '6':
            return words.bytes(parse_ipv6, "an IPv6 address such as 2001:db8::1");
        case 'T':
            return words.type();
        case 'a':
            return words.mnemonic(algorithm_mnemonics(), 1, "an algorithm");
        case 'c':
            return words.mnemonic(certificate_mnemonics(), 2, "a type of certificate");
        case 'd':
            return words.timestamp();
        case 's':
            return words.text(true);
        case 'o':
            return words.is_over() || words.text(true);
        case 'S':
            return words.texts();
        case 'q':
            return words.text(false);
        case 'g':
            return words.tag();
        case 'x':
            return words.hex_to_end(false);
        case 'b':
            return words.base64_to_end();
        case 'l':
            return words.counted(true);
        case 'h':
            return words.counted(false);
        case 'B':
            return read_type_bitmap(words);
        case 'w':
            return read_services(words);
        case 'v':
            return read_parameters(words);
        case 'e':
            return read_eui(words, 6);
        case 'E':
            return read_eui(words, 8);
        case 'i':
            return words.bytes(parse_locator,
                               "a locator or identifier of 64 bits such as 2001:db8:1140:1000");
        case 'z':
            return words.bytes(parse_nsap, "an NSAP address such as 0x47.0005.80");
        case 'L':
            return read_location(words);
        case 'p':
            return read_prefix_list(words);
        case 'k':
            return read_ipsec_key(words);
        case 'r':
            return read_relay(words);
        default:  // H
            return read_host_identity(words);
    }
}

std::expected<std::string, Mistake> finish(WordReader& words, Place begin) {
    if (words.has_mistake()) return std::unexpected(words.take_mistake());
    if (words.data().size() <= kLargestData) return words.take_data();
    return std::unexpected(
        Mistake{begin, std::format("data of {} bytes; allowed: {}", words.data().size(), kLargestData)});
}

std::expected<std::string, Mistake> read_known(const RecordFormat& format, WordReader& words, Place begin) {
    for (const char letter : format.fields) {
        if (!read_field(words, letter)) return std::unexpected(words.take_mistake());
    }
    if (!words.is_over())
        words.wrong(words.left()[0].where, std::format("the data of {} ends before this word", format.name));
    return finish(words, begin);
}

// RFC 3597: \# SIZE HEX...
std::expected<std::string, Mistake> read_generic(WordReader& words, Place begin) {
    words.take("");
    const Word* size = words.take("the size of the data in bytes, behind \\#");
    if (size == nullptr) return std::unexpected(words.take_mistake());
    const auto number = parse_number(size->text, kLargestData);
    if (!number) {
        words.wrong(size->where, "the size of the data in bytes is expected, 0 to 65535");
    } else if (words.hex_to_end(*number == 0) && words.data().size() != *number) {
        words.wrong(size->where, std::format("the size is said to be {}, but there are {} bytes", *number,
                                             words.data().size()));
    }
    return finish(words, begin);
}

}  // namespace

std::expected<std::string, Mistake> parse_data(std::uint16_t type, std::span<const Word> words, Place end,
                                               const WireName& origin) {
    const RecordFormat* format = find_format(type);
    WordReader reader(words, end, origin);
    const Place begin = words.empty() ? end : words[0].where;
    if (!words.empty() && words[0].text == "\\#" && !words[0].quoted) {
        auto data = read_generic(reader, begin);
        if (data && !names_in(type, *data)) {
            return std::unexpected(
                Mistake{words[0].where,
                        std::format("these bytes are not what the data of {} consists of", format->name)});
        }
        return data;
    }
    if (format != nullptr) return read_known(*format, reader, begin);
    return std::unexpected(Mistake{
        begin, std::format("the data of {} is written as \\# SIZE HEXADECIMAL (RFC 3597)", type_text(type))});
}

}  // namespace holm::dns

#pragma once

// What the data of each record type consists of: one list, from which text is read (rdata_text.h), wire data
// is checked, and the names in it are found (rdata_wire.h).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holm::dns {

// A field of a record's data, as a letter of RecordFormat::fields:
//   N  name that may be compressed (RFC 3597, section 4: those of RFC 1035 only)
//   n  name that may not
//   1 2 4  number of so many bytes        t  seconds, 4 bytes; also "1h30m"
//   A 6  IPv4, IPv6 address                T  record type
//   a  DNSSEC algorithm                    c  certificate type (RFC 4398)
//   d  time of a signature (RFC 4034, section 3.2)
//   s  character string                    S  one of them or more, to the end      o  one, if need be
//   x b  hexadecimal, base64 to the end
//   l  salt: hexadecimal or "-" behind its length (RFC 5155)     h  base32hex behind its length
//   B  bitmap of types to the end (RFC 4034, section 4.1.2)
//   g  CAA's property tag                  q  text to the end, without its length
//   v  parameters of a service (RFC 9460, section 2.1), to the end
//   e E  EUI-48, EUI-64                    i  locator or identifier of 64 bits (RFC 6742)
//   w  protocol and bitmap of ports        z  NSAP address to the end (RFC 1706)
//   L  location (RFC 1876)                 p  networks to the end (RFC 3123)
//   k  IPSECKEY (RFC 4025)                 r  AMTRELAY (RFC 8777)         H  HIP (RFC 8005)
struct RecordFormat {
    std::uint16_t type;
    std::string_view name;
    std::string_view fields;
};

const RecordFormat* find_format(std::uint16_t type);

// "AAAA", "TYPE65280"; in any case. The error is left to who asked.
std::optional<std::uint16_t> parse_type(std::string_view text);
std::string type_text(std::uint16_t type);
// All mnemonics, for messages.
std::string all_type_names();

}  // namespace holm::dns

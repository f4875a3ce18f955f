#pragma once

// Numbers of the DNS protocol (IANA, "Domain Name System (DNS) Parameters") that code asks for by name.

#include <cstddef>
#include <cstdint>

namespace holm::dns {

namespace type {
inline constexpr std::uint16_t kA = 1, kNs = 2, kCname = 5, kSoa = 6, kPtr = 12, kMx = 15, kKey = 25,
                               kAaaa = 28, kSrv = 33, kDname = 39, kOpt = 41, kDs = 43, kRrsig = 46,
                               kNsec = 47, kDnskey = 48, kNsec3 = 50, kNsec3param = 51, kSvcb = 64,
                               kHttps = 65, kTsig = 250, kIxfr = 251, kAxfr = 252, kMailb = 253, kMaila = 254,
                               kAny = 255;
// Types that are questions, never records (RFC 6895, section 3.1).
constexpr bool is_question_only(std::uint16_t type) {
    return type >= 249 && type <= 255;
}
}  // namespace type

namespace kind {
inline constexpr std::uint16_t kInternet = 1, kChaos = 3, kNone = 254, kAny = 255;
}  // namespace kind

// Response codes; those above 15 have their upper bits in the OPT record (RFC 6891, section 6.1.3).
enum class Code : std::uint16_t {
    kNoError = 0,
    kFormatError = 1,
    kServerFailure = 2,
    kNameError = 3,
    kNotImplemented = 4,
    kRefused = 5,
    kNameTooLong = 6,  // YXDOMAIN, of a DNAME record (RFC 6672, section 2.2)
    kNotAuthoritative = 9,
    kBadVersion = 16,
    kBadCookie = 23,
};

enum class Operation : std::uint8_t { kQuery = 0, kNotify = 4 };

inline constexpr std::size_t kMaximumName = 255;  // bytes on the wire
inline constexpr std::size_t kMaximumLabel = 63;
inline constexpr std::size_t kMaximumLabels = 127;  // without the root's
inline constexpr std::size_t kMinimumUdp = 512;     // RFC 1035, section 4.2.1
inline constexpr std::size_t kMaximumMessage = 65'535;

}  // namespace holm::dns

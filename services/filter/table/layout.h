#pragma once

// The compiled rule set: one block of read-only memory without pointers, little-endian, every part 16-byte
// aligned. holm-rules writes it, the image uses it where it lies. Table::open checks all of it once, so that
// the evaluator follows offsets without looking.
//
// Rules are operations. A rule that does not match goes to its `next`, which always lies ahead in the same
// chain; a set that is asked for a rule's body gives an operation's number.

#include <array>
#include <cstdint>

namespace holm::filter {

inline constexpr std::uint32_t kMagic = 0x31465248;  // "HRF1"
inline constexpr std::uint32_t kNoSet = ~0u;

// What a rule can ask of a packet. The order is part of the format.
enum class Field : std::uint8_t {
    kNone,
    kIpSource,
    kIpDestination,
    kIpProtocol,
    kIpTtl,
    kIpLength,
    kIpDscp,
    kIpId,
    kIp6Source,
    kIp6Destination,
    kIp6NextHeader,
    kIp6HopLimit,
    kIp6Length,
    kIp6Dscp,
    kIp6FlowLabel,
    kTcpSource,
    kTcpDestination,
    kTcpFlags,
    kTcpWindow,
    kUdpSource,
    kUdpDestination,
    kUdpLength,
    kThSource,
    kThDestination,
    kIcmpType,
    kIcmpCode,
    kIcmpv6Type,
    kIcmpv6Code,
    kMetaIif,  // the number that a name has in this rule set; 0: no interface; kOtherInterface: not named
               // here
    kMetaOif,
    kMetaIifNames,  // the patterns that its name meets, a bit each
    kMetaOifNames,
    kMetaL4proto,
    kMetaNfproto,
    kMetaMark,
    kMetaLength,
    kCtState,
    kCtStatus,
    kCtMark,
    kCtDirection,
    kCount,
};
inline constexpr std::uint16_t kOtherInterface = 0xffff;

// Bytes that a field's value has in a key.
constexpr std::uint8_t field_size(Field field) {
    switch (field) {
        case Field::kIpSource:
        case Field::kIpDestination:
        case Field::kIp6FlowLabel:
        case Field::kMetaMark:
        case Field::kMetaLength:
        case Field::kCtState:
        case Field::kCtStatus:
        case Field::kCtMark:
            return 4;
        case Field::kIp6Source:
        case Field::kIp6Destination:
            return 16;
        case Field::kMetaIifNames:
        case Field::kMetaOifNames:
            return 8;
        case Field::kIpLength:
        case Field::kIpId:
        case Field::kIp6Length:
        case Field::kTcpSource:
        case Field::kTcpDestination:
        case Field::kTcpWindow:
        case Field::kUdpSource:
        case Field::kUdpDestination:
        case Field::kUdpLength:
        case Field::kThSource:
        case Field::kThDestination:
        case Field::kMetaIif:
        case Field::kMetaOif:
            return 2;
        default:
            return 1;
    }
}

// Values of ct state, as Linux numbers them.
inline constexpr std::uint32_t kStateInvalid = 1, kStateEstablished = 2, kStateRelated = 4, kStateNew = 8,
                               kStateUntracked = 64;
// Bits of ct status.
inline constexpr std::uint32_t kStatusSeenReply = 2, kStatusAssured = 4, kStatusConfirmed = 8,
                               kStatusSnat = 16, kStatusDnat = 32;

enum class Code : std::uint8_t {
    // Go to `next` unless …
    kCompare,      // … (field & mask) lies in [low, high]; negated: unless it does not
    kCompareWide,  // the same for 16 bytes: low, high and mask are three constants from `index` on
    kMember,       // … the key is in set `index`
    kDispatch,     // … the key is in set `index`; its value is the operation to go on with
    kLimit,        // … limit `index` has tokens
    // Actions.
    kCount,      // counter `index`
    kLog,        // log entry `index`
    kSetMark,    // mark = (source & mask) ^ low; source: `field`, kNone: 0; or by set `index`, if it is one
    kSetCtMark,  // the same for the connection's mark
    kNotrack,    // the connection tracker leaves this packet alone
    // Ends.
    kAccept,
    kDrop,
    kReject,  // rejection `index`
    kJump,    // chain `index`
    kGoto,
    kReturn,
    kNat,   // translation `index`; goes to `next` if its map has nothing for the packet
    kNext,  // go to `next`
    kCount_,
};

struct Operation {
    Code code = Code::kNext;
    Field field = Field::kNone;
    std::uint8_t negate = 0;
    std::uint8_t unused = 0;
    std::uint32_t next = 0;
    std::uint32_t index = 0;
    std::uint32_t reserved = 0;
    std::uint64_t mask = 0;
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    friend bool operator==(const Operation&, const Operation&) = default;
};
static_assert(sizeof(Operation) == 40);

enum class Hook : std::uint8_t { kPrerouting, kInput, kForward, kOutput, kPostrouting, kNone };
inline constexpr std::size_t kHooks = 5;
enum class ChainType : std::uint8_t { kFilter, kNat, kRoute };
// Which packets a table sees. The values are those of meta nfproto, 0 for both.
enum class TableFamily : std::uint8_t { kInet = 0, kIpv4 = 2, kIpv6 = 10 };

struct Chain {
    std::uint32_t begin = 0;  // operations
    std::uint32_t end = 0;
    std::uint32_t name = 0;  // string: "table chain"
    std::int32_t priority = 0;
    Hook hook = Hook::kNone;  // kNone: reached by jump and goto only
    ChainType type = ChainType::kFilter;
    TableFamily family = TableFamily::kInet;
    std::uint8_t drop = 0;  // policy
};
static_assert(sizeof(Chain) == 20);

enum class SetKind : std::uint8_t {
    kSorted64,   // keys of up to 8 bytes: starts of stretches, ascending, each with a value
    kSorted128,  // the same for up to 16 bytes
    kHash,       // longer keys, exact: open addressing
    kList,       // ranges in several parts of a key: tried in order, at most kListElements
};
inline constexpr std::size_t kKeyFields = 5;
inline constexpr std::size_t kKeyBytes = 40;
inline constexpr std::uint32_t kListElements = 1024;
inline constexpr std::uint32_t kMiss = ~0u;

// A set, a map or the table of merged rules. `data` counts bytes from the start of the data part.
//
// Sorted: `count` starts (8 or 16 bytes each, host order, the first is 0), then `count` values (4 bytes;
// kMiss for gaps), then (1 << index_bits) + 1 positions (4 bytes): where among the starts to look for a key
// whose (key - base) >> shift is that number; keys beyond are in the last stretch. Hash: (1 << index_bits)
// positions of elements plus one (0: free), then `count` elements: key, then value. List: `count` elements:
// low key, high key, value.
struct Set {
    SetKind kind = SetKind::kSorted64;
    std::uint8_t key_size = 0;
    std::uint8_t fields = 0;
    std::uint8_t index_bits = 0;
    std::uint8_t shift = 0;
    std::uint8_t is_dispatch = 0;  // values are operations
    std::uint16_t unused = 0;
    std::uint32_t count = 0;
    std::uint32_t data = 0;
    std::uint64_t base = 0;      // kSorted128: of the upper 8 bytes
    std::uint32_t name = 0;      // string; empty: nobody gave it one
    std::uint32_t elements = 0;  // as written, for people
    std::array<Field, 8> key{};
};
static_assert(sizeof(Set) == 40);

struct CounterEntry {
    std::uint32_t chain = 0;  // string
    std::uint32_t text = 0;   // string: the rule
    std::uint32_t line = 0;
    std::uint32_t file = 0;  // string
};

struct LimitEntry {
    std::uint64_t rate = 1;         // packets or bytes …
    std::uint64_t nanoseconds = 1;  // … in this time
    std::uint64_t burst = 5;
    std::uint8_t by_bytes = 0;
    std::uint8_t over = 0;  // matches what is beyond the rate
    std::array<std::uint8_t, 6> unused{};
};

struct LogEntry {
    std::uint32_t prefix = 0;  // string
    std::uint32_t level = 4;
};

enum class RejectKind : std::uint8_t { kIcmp, kIcmpv6, kTcpReset };
// What a rejected packet's sender is told, for each family: ICMP's code.
struct RejectEntry {
    std::uint8_t tcp_reset = 0;
    std::uint8_t icmp_code = 3;
    std::uint8_t icmpv6_code = 4;
    std::uint8_t unused = 0;
};

enum class NatKind : std::uint8_t { kSource, kDestination, kMasquerade, kRedirect };
struct NatEntry {
    NatKind kind = NatKind::kSource;
    std::uint8_t family = 0;  // 4, 6; 0: any (masquerade, redirect)
    std::uint8_t has_address = 0;
    std::uint8_t has_port = 0;
    std::uint8_t random = 0;
    std::uint8_t persistent = 0;
    std::uint16_t port_low = 0;
    std::uint16_t port_high = 0;
    std::uint16_t unused = 0;
    std::uint32_t map = kNoSet;  // the key's value is an index of a constant: address, then port
    std::array<std::uint8_t, 16> address_low{};
    std::array<std::uint8_t, 16> address_high{};
};
static_assert(sizeof(NatEntry) == 48);

// 16 bytes that an operation or a map's value refers to.
struct Constant {
    std::array<std::uint8_t, 16> bytes{};
    friend bool operator==(const Constant&, const Constant&) = default;
};

// An interface's name, or a beginning of one; its number is its place, from 1. A pattern's bit is its place
// among the patterns.
struct InterfaceName {
    std::uint32_t name = 0;  // string
    std::uint32_t is_pattern = 0;
};
inline constexpr std::size_t kPatterns = 64;
inline constexpr std::size_t kInterfaceNames = 256;

struct Part {
    std::uint32_t offset = 0;  // bytes, a multiple of 16
    std::uint32_t count = 0;   // entries; of strings and data: bytes
};

struct TableHeader {
    std::uint32_t magic = kMagic;
    std::uint32_t size = 0;  // of all of it
    Part operations, chains, sets, data, constants, counters, limits, logs, rejections, translations,
        interfaces, strings;
    std::uint32_t rules = 0;         // as written
    std::uint32_t merged_rules = 0;  // of them: found by a lookup instead of one after the other
    std::array<std::uint32_t, 4> unused{};
};
static_assert(sizeof(TableHeader) == 128);

inline constexpr std::uint32_t kMaximumTable = 256U << 20U;
inline constexpr std::uint32_t kChains = 1024;
inline constexpr std::size_t kStringBytes = 8192;
inline constexpr std::size_t kJumpDepth = 16;  // as nft has it

}  // namespace holm::filter

#pragma once

// The zones of an image as holm-zone writes them and the server uses them where they lie: one run of bytes
// without pointers. Numbers are little-endian, and their places multiples of their sizes; an "offset" counts
// bytes from the first of the table, 0 stands for nothing. What an offset leads to is checked when it is
// followed (table.h), so a table that was spoiled gives wrong answers or none, never a wild read; and
// starting reads only the header.
//
// What records look like: an RRset is kept as its records will stand in a message, name compression included,
// with a list of the few places (fixups) that depend on where it is put. Each record begins with the pointer
// C0 0C to the name in question, so that the answer to most questions is one copy.

#include <cstdint>

namespace holm::dns::table {

inline constexpr char kMagic[8] = {'h', 'o', 'l', 'm', 'z', 'o', 'n', 'e'};
inline constexpr std::uint32_t kVersion = 3;
inline constexpr std::uint64_t kLargest = 0xffff'ffff;
inline constexpr std::uint32_t kNsec3HashSize = 20;  // SHA-1

struct Text {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;  // bytes
};

struct Array {
    std::uint32_t offset = 0;
    std::uint32_t count = 0;
};

struct Network {
    std::uint8_t address[16];  // IPv4 mapped
    std::uint16_t prefix_length;
    std::uint16_t port;
    std::uint16_t key;  // which one of Header::keys signs what is said, from 1; 0: none need do so
    std::uint16_t reserved;
};
static_assert(sizeof(Network) == 24);

// Of transactions (RFC 8945), for hmac-sha256.
struct Key {
    Text name;  // on the wire, in lower case
    Text secret;
};
static_assert(sizeof(Key) == 16);

struct Header {
    char magic[8];
    std::uint32_t version;
    std::uint32_t most_labels;  // of a zone's name
    std::uint64_t size;         // bytes of the table
    Array zones;                // Zone[]
    Array zone_slots;           // Slot[]: zones by the hash of their names; `target` is an index and 1
    // For version.bind and id.server (RFC 4892); size 0: refused.
    Text version_text;
    Text identity;
    // Answers a second to one network, of one kind; 0: no limit.
    std::uint32_t rate;
    std::uint32_t
        slip;  // every so many of those that are too many are answered by a truncated message; 0: none
    std::uint16_t udp_size;  // the largest answer by UDP
    std::uint16_t flags;     // kCookies
    Network metrics;         // where counters are shown; port 0: nowhere
    Array keys;              // Key[]
    std::uint32_t reserved;
};
static_assert(sizeof(Header) == 104);
enum HeaderFlag : std::uint16_t { kCookies = 1 };

struct Zone {
    std::uint32_t apex;  // Node
    std::uint32_t serial;
    Array slots;        // Slot[]: the nodes by the hash of their names
    Array order;        // uint32[]: offsets of all nodes, in canonical order
    Array denial;       // kNsec: uint32[], nodes that have NSEC, in canonical order; kNsec3: Nsec3[], by hash
    std::uint32_t soa;  // SetReference
    std::uint32_t negative_soa;  // SetReference: the same with the TTL of RFC 2308, section 3
    Text salt;                   // of NSEC3
    std::uint16_t iterations;
    std::uint16_t flags;  // ZoneFlag
    Array transfer;       // Network[]: who may have the whole zone
    Array notify;         // Target addresses: Network[] with the port in it
    std::uint32_t reserved;
};
static_assert(sizeof(Zone) == 72);
enum ZoneFlag : std::uint16_t { kSigned = 1, kNsec = 2, kNsec3 = 4 };

struct Slot {
    std::uint32_t tag;     // upper half of the hash
    std::uint32_t target;  // 0: free
};

// A name of the zone, with its records, or one that has names below it only.
struct Node {
    std::uint32_t cut;       // Node: the delegation at or above this name, the topmost; 0: none
    std::uint32_t wildcard;  // Node "*." below this name; 0: none
    std::uint16_t flags;     // NodeFlag
    std::uint8_t name_size;
    std::uint8_t set_count;
    std::uint32_t reserved;
    // name, letters as written, padded with zeros to a multiple of 8; then SetReference[set_count], by type
};
static_assert(sizeof(Node) == 16);
enum NodeFlag : std::uint16_t { kApex = 1, kDelegation = 2, kOccluded = 4, kAlias = 8, kDname = 16 };

struct SetReference {
    std::uint16_t type;
    std::uint16_t reserved;
    std::uint32_t set;         // Set; 0: there are signatures only
    std::uint32_t signatures;  // Set of the RRSIG records that cover it; 0: none
};
static_assert(sizeof(SetReference) == 12);

struct Set {
    std::uint16_t records;
    std::uint16_t fixups;
    std::uint32_t targets;
    std::uint32_t size;  // bytes of the image
    // Target[targets], Fixup[fixups], image
};
static_assert(sizeof(Set) == 12);

// A compression pointer inside an image: to the zone's name in question, or to a place in the image itself.
struct Fixup {
    static constexpr std::uint16_t kApex = 0x8000;
    std::uint16_t at;     // bytes from the image's first
    std::uint16_t value;  // kApex, or bytes from the image's first, below 0x4000
};

// A name in the data of a record, whose addresses go into the additional section.
struct Target {
    std::uint32_t node;
    std::uint16_t value;     // where the name stands, as in a Fixup
    std::uint16_t required;  // 1: glue without which the delegation is of no use (RFC 9471)
};

struct Nsec3 {
    std::uint8_t hash[kNsec3HashSize];
    std::uint32_t node;
};

}  // namespace holm::dns::table

#pragma once

// What router.toml is compiled to (holm-routes): one read-only block without pointers, used where it lies in
// the image. A directory of sections, each an array of one kind of record. Little-endian, as the machines are
// that it is made for.
//
// open() checks the directory; records are checked as they are used: an index that leads nowhere is a route
// that leads nowhere.

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "net/address.h"
#include "services/route/fib.h"

namespace holm::route {

inline constexpr std::uint32_t kTableMagic = 0x3152'4c48;  // "HLR1"
inline constexpr std::size_t kNameSize = 32;               // of devices, with the NUL
inline constexpr std::size_t kMaximumInterfaces = 127;     // of a router: the stack's, but the loopback

enum class ReversePath : std::uint8_t {
    kOff,
    kLoose,   // RFC 3704, section 2.4: there is some way back to the source
    kStrict,  // section 2.2: the way back leads through where it came from
};

// Where addresses of a family come from.
enum class AddressSource : std::uint8_t { kNone, kStatic, kAutomatic };  // automatic: DHCP, or SLAAC

struct StoredAddress {
    std::array<std::uint8_t, 16> bytes{};  // IPv4 addresses in their mapped form

    static StoredAddress of(const net::IpAddress& address) { return {address.bytes()}; }
    net::IpAddress get() const { return net::IpAddress::v6(bytes); }
};

struct InterfaceRecord {
    std::array<char, kNameSize> name{};    // as rules and counters call it
    std::array<char, kNameSize> device{};  // the network device of the image; of a VLAN: its trunk's
    std::uint16_t vlan = 0;                // 0: none
    std::uint16_t mtu = 0;                 // 0: the device's
    ReversePath reverse_path = ReversePath::kStrict;
    AddressSource v4 = AddressSource::kNone;
    AddressSource v6 = AddressSource::kNone;
    std::uint8_t redirects = 1;
    std::uint8_t v4_length = 0;
    std::uint8_t reserved[3] = {};
    std::uint32_t v4_address = 0;                          // host order
    std::uint32_t first_address = 0, address_count = 0;    // AddressRecord
    std::uint32_t dhcp_server = ~0u, advertisement = ~0u;  // ~0: none

    std::string_view name_text() const { return text(name); }
    std::string_view device_text() const { return text(device); }

  private:
    static std::string_view text(const std::array<char, kNameSize>& raw) {
        return {raw.data(), strnlen(raw.data(), raw.size())};
    }
};

// An IPv6 address of an interface.
struct AddressRecord {
    StoredAddress address;
    std::uint8_t length = 64;
};

// What happens to packets on a way.
enum class WayKind : std::uint8_t {
    kForward,      // to the members
    kLocal,        // an address of the router's own
    kBroadcast,    // a directed broadcast address: nobody forwards to it (RFC 2644)
    kBlackhole,    // dropped without a word
    kUnreachable,  // "host unreachable"
    kProhibited,   // "communication administratively prohibited"
};

struct WayRecord {
    WayKind kind = WayKind::kForward;
    std::uint8_t member_count = 0;  // several: the flows are spread over them (ECMP)
    std::uint16_t reserved = 0;
    std::uint32_t first_member = 0;
};

struct MemberRecord {
    std::uint16_t interface = 0;  // index
    std::uint8_t is_gateway = 0;  // else the destinations are neighbours on the link
    std::uint8_t reserved = 0;
    StoredAddress gateway;
};

struct DhcpServerRecord {
    std::uint32_t first = 0, last = 0;  // of the pool, host order
    std::uint32_t lease_seconds = 0;
    std::uint32_t router = 0;  // host order; 0: none
    std::array<std::uint32_t, 4> dns{};
    std::uint32_t first_host = 0, host_count = 0;  // DhcpHostRecord
    std::array<char, 64> domain{};                 // NUL-terminated; empty: none
};

// An address that one client always gets.
struct DhcpHostRecord {
    net::MacAddress mac;
    std::uint16_t reserved = 0;
    std::uint32_t address = 0;
};

struct AdvertisementRecord {
    std::uint32_t interval_seconds = 0;  // the longest between two; the shortest is a third of it
    std::uint16_t lifetime_seconds = 0;  // as a default router; 0: none
    std::uint8_t managed = 0, other = 0;
    std::int8_t preference = 0;
    std::uint8_t reserved[3] = {};
    std::uint32_t first_prefix = 0, prefix_count = 0;  // AdvertisedPrefixRecord
    std::array<StoredAddress, 4> dns{};
};

struct AdvertisedPrefixRecord {
    StoredAddress prefix;
    std::uint32_t valid_seconds = 0, preferred_seconds = 0;
    std::uint8_t length = 64;
    std::uint8_t autonomous = 1;
    std::uint16_t reserved = 0;
};

// Things that are there once.
struct GeneralRecord {
    StoredAddress metrics_address;   // where counters are shown by HTTP
    std::uint16_t metrics_port = 0;  // 0: nowhere
    std::uint16_t fib_v4_direct_bits = 0, fib_v6_direct_bits = 0;
};

enum class SectionKind : std::uint8_t {
    kGeneral,
    kInterfaces,
    kAddresses,
    kWays,
    kMembers,
    kDhcpServers,
    kDhcpHosts,
    kAdvertisements,
    kAdvertisedPrefixes,
    kFibV4Direct,
    kFibV4Nodes,
    kFibV4Leaves,
    kFibV6Direct,
    kFibV6Nodes,
    kFibV6Leaves,
    kCount,
};
inline constexpr std::size_t kSections = std::size_t(SectionKind::kCount);

struct TableDirectory {
    struct Section {
        std::uint32_t offset = 0;  // bytes from the start of the table
        std::uint32_t size = 0;    // bytes
    };
    std::uint32_t magic = kTableMagic;
    std::uint32_t size = 0;  // bytes of all
    std::array<Section, kSections> sections;
};

class Table {
  public:
    // Records of one kind where they lie; at() of what is not there is nothing.
    template <typename Record>
    class Records {
      public:
        explicit Records(Bytes bytes) : bytes_(bytes) {}
        std::uint32_t size() const { return std::uint32_t(bytes_.size() / sizeof(Record)); }
        std::optional<Record> at(std::size_t index) const {
            if (index >= size()) return std::nullopt;
            Record record;
            std::memcpy(static_cast<void*>(&record), bytes_.data() + index * sizeof(Record), sizeof(Record));
            return record;
        }

      private:
        Bytes bytes_;
    };

    // Nothing if this is no table, or a part of one.
    static std::optional<Table> open(Bytes bytes);

    GeneralRecord general() const {
        return Records<GeneralRecord>(section(SectionKind::kGeneral)).at(0).value_or(GeneralRecord{});
    }
    Records<InterfaceRecord> interfaces() const {
        return Records<InterfaceRecord>(section(SectionKind::kInterfaces));
    }
    Records<AddressRecord> addresses() const {
        return Records<AddressRecord>(section(SectionKind::kAddresses));
    }
    Records<WayRecord> ways() const { return Records<WayRecord>(section(SectionKind::kWays)); }
    Records<MemberRecord> members() const { return Records<MemberRecord>(section(SectionKind::kMembers)); }
    Records<DhcpServerRecord> dhcp_servers() const {
        return Records<DhcpServerRecord>(section(SectionKind::kDhcpServers));
    }
    Records<DhcpHostRecord> dhcp_hosts() const {
        return Records<DhcpHostRecord>(section(SectionKind::kDhcpHosts));
    }
    Records<AdvertisementRecord> advertisements() const {
        return Records<AdvertisementRecord>(section(SectionKind::kAdvertisements));
    }
    Records<AdvertisedPrefixRecord> advertised_prefixes() const {
        return Records<AdvertisedPrefixRecord>(section(SectionKind::kAdvertisedPrefixes));
    }
    Fib fib_v4() const {
        return {32, general().fib_v4_direct_bits, section(SectionKind::kFibV4Direct),
                section(SectionKind::kFibV4Nodes), section(SectionKind::kFibV4Leaves)};
    }
    Fib fib_v6() const {
        return {128, general().fib_v6_direct_bits, section(SectionKind::kFibV6Direct),
                section(SectionKind::kFibV6Nodes), section(SectionKind::kFibV6Leaves)};
    }

  private:
    Bytes section(SectionKind kind) const;

    Bytes bytes_;
    TableDirectory directory_;
};

}  // namespace holm::route

#include "net/wire/dhcpv6.h"

#include <algorithm>

#include "base/network_order.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

namespace {

enum Option : std::uint16_t {
    kClientId = 1,
    kServerId = 2,
    kAssociation = 3,  // IA_NA
    kAddress = 5,
    kOptionRequest = 6,
    kPreference = 7,
    kElapsed = 8,
    kStatus = 13,
    kDnsServers = 23,
    kSearch = 24,
    kRefreshTime = 32,
    kLongestSolicit = 82,
    kLongestInformation = 83,
};

struct OptionHeader {
    NetU16 type, size;
};
struct AssociationLayout {
    NetU32 id, renewal, rebinding;
};
struct AddressLayout {
    std::array<std::uint8_t, 16> address;
    NetU32 preferred, valid;
};
struct ClientIdLayout {  // DUID-LL of Ethernet
    NetU16 kind, hardware;
    MacAddress mac;
};
static_assert(sizeof(ClientIdLayout) == 10 && sizeof(AddressLayout) == 24);

constexpr std::uint32_t kAssociationId = 1;

// Puts options behind one another.
class Writer {
  public:
    explicit Writer(MutableBytes bytes) : bytes_(bytes) {}
    template <typename T>
    void put(const T& value) {
        store(bytes_.subspan(size_), value);
        size_ += sizeof(T);
    }
    void option(Option type, std::size_t size) {
        put(OptionHeader{std::uint16_t(type), std::uint16_t(size)});
    }
    void put_bytes(Bytes from) {
        std::copy(from.begin(), from.end(), bytes_.begin() + std::ptrdiff_t(size_));
        size_ += from.size();
    }
    std::size_t size() const { return size_; }

  private:
    MutableBytes bytes_;
    std::size_t size_ = 0;
};

// Calls visit(type, content) for each option; false if their lengths do not add up.
template <typename Visit>
bool for_each_option(Bytes options, Visit visit) {
    while (!options.empty()) {
        if (options.size() < sizeof(OptionHeader)) return false;
        const auto header = load<OptionHeader>(options);
        options = options.subspan(sizeof(OptionHeader));
        if (header.size > options.size()) return false;
        visit(std::uint16_t(header.type), options.first(header.size));
        options = options.subspan(header.size);
    }
    return true;
}

std::uint16_t status_of(Bytes content) {
    return content.size() < 2 ? kDhcpv6Success : std::uint16_t(load<NetU16>(content));
}

void read_address(Bytes content, Dhcpv6Reply& reply) {
    const auto raw = load<AddressLayout>(content);
    const auto address = IpAddress::v6(raw.address);
    bool refused = false;
    for_each_option(content.subspan(sizeof(AddressLayout)), [&](std::uint16_t type, Bytes inner) {
        refused |= type == kStatus && status_of(inner) != kDhcpv6Success;
    });
    // Section 21.6: lifetimes in the wrong order make it as if it were not there.
    const bool sound = !address.is_v4() && !address.is_multicast() && !address.is_link_local() &&
                       !address.is_loopback() && raw.preferred <= std::uint32_t(raw.valid);
    if (!sound || refused || address.is_unspecified() || reply.address_count == kDhcpv6Addresses) return;
    for (const Dhcpv6Reply::Address& other : reply.offered())
        if (other.address == address) return;
    reply.addresses[reply.address_count++] = {address, raw.preferred, raw.valid};
}

bool read_association(Bytes content, Dhcpv6Reply& reply) {
    const auto raw = load<AssociationLayout>(content);
    if (raw.id != kAssociationId) return true;
    reply.has_association = true;
    reply.renewal_seconds = raw.renewal;
    reply.rebinding_seconds = raw.rebinding;
    return for_each_option(content.subspan(sizeof(AssociationLayout)), [&](std::uint16_t type, Bytes inner) {
        if (type == kAddress && inner.size() >= sizeof(AddressLayout)) read_address(inner, reply);
        if (type == kStatus && status_of(inner) != kDhcpv6Success) reply.address_status = status_of(inner);
    });
}

}  // namespace

bool operator==(const Duid& a, const Duid& b) {
    return std::equal(a.view().begin(), a.view().end(), b.view().begin(), b.view().end());
}

std::size_t Dhcpv6Request::emit(MutableBytes bytes) const {
    Writer writer(bytes);
    writer.put(NetU32(std::uint32_t(type) << 24 | (transaction & 0xff'ffff)));
    writer.option(kClientId, sizeof(ClientIdLayout));
    writer.put(ClientIdLayout{3, 1, client});
    if (server) {
        writer.option(kServerId, server->size);
        writer.put_bytes(server->view());
    }
    writer.option(kElapsed, 2);
    writer.put(NetU16(hundredths));
    // Section 21.7: who solicits, and who asks for information, asks for the longest wait between its
    // questions, and a client of a stateless exchange for the refresh time.
    const bool stateless = type == Dhcpv6Type::kInformationRequest;
    writer.option(kOptionRequest, stateless ? 8 : 6);
    writer.put(NetU16(kDnsServers));
    writer.put(NetU16(kSearch));
    writer.put(NetU16(stateless ? kLongestInformation : kLongestSolicit));
    if (stateless) writer.put(NetU16(kRefreshTime));
    if (!with_address) return writer.size();
    const std::size_t each = sizeof(OptionHeader) + sizeof(AddressLayout);
    writer.option(kAssociation, sizeof(AssociationLayout) + address_count * each);
    writer.put(AssociationLayout{kAssociationId, 0, 0});
    for (const IpAddress& address : std::span(addresses).first(address_count)) {
        writer.option(kAddress, sizeof(AddressLayout));
        writer.put(AddressLayout{address.bytes(), 0, 0});
    }
    return writer.size();
}

// Sections 21.24 and 21.25: from a minute to a day, or as if it were not there.
static std::uint32_t longest_wait(Bytes content) {
    const std::uint32_t seconds = content.size() == 4 ? std::uint32_t{load<NetU32>(content)} : 0;
    return seconds < 60 || seconds > 86'400 ? 0 : seconds;
}

Parsed<Dhcpv6Reply> Dhcpv6Reply::parse(Bytes message, MacAddress client) {
    if (message.size() < 4) return std::unexpected(Drop::kTruncated);
    const std::uint32_t first = load<NetU32>(message);
    Dhcpv6Reply reply;
    reply.type = Dhcpv6Type(first >> 24);
    reply.transaction = first & 0xff'ffff;
    const ClientIdLayout own{3, 1, client};
    const Bytes own_bytes = std::as_bytes(std::span(&own, 1));
    bool sound = true;
    sound &= for_each_option(message.subspan(4), [&](std::uint16_t type, Bytes content) {
        switch (type) {
            case kClientId:
                reply.for_client =
                    std::equal(content.begin(), content.end(), own_bytes.begin(), own_bytes.end());
                break;
            case kServerId:
                if (content.empty() || content.size() > Duid::kMaximumSize) break;
                reply.server.emplace();
                std::copy(content.begin(), content.end(), reply.server->bytes.begin());
                reply.server->size = content.size();
                break;
            case kAssociation:
                if (content.size() < sizeof(AssociationLayout) || reply.has_association) break;
                sound &= read_association(content, reply);
                break;
            case kPreference:
                if (content.size() == 1) reply.preference = std::to_integer<std::uint8_t>(content[0]);
                break;
            case kStatus:
                reply.status = status_of(content);
                break;
            case kDnsServers:
                for (; content.size() >= 16 && reply.dns_count < kDns; content = content.subspan(16)) {
                    const auto server = IpAddress::v6(load<std::array<std::uint8_t, 16>>(content));
                    if (!server.is_v4() && !server.is_multicast() && !server.is_unspecified())
                        reply.dns[reply.dns_count++] = server;
                }
                break;
            case kSearch:
                reply.search.append(content);
                break;
            case kRefreshTime:
                if (content.size() == 4) reply.refresh_seconds = load<NetU32>(content);
                break;
            case kLongestSolicit:
                reply.solicit_seconds = longest_wait(content);
                break;
            case kLongestInformation:
                reply.information_seconds = longest_wait(content);
                break;
            default:
                break;
        }
    });
    if (!sound) return std::unexpected(Drop::kBadOption);
    return reply;
}

}  // namespace holm::net::wire

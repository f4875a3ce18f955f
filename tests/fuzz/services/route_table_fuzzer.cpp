// A router's table that somebody has damaged: refused, or followed within bounds. The input is a list of
// changes to a good one, four bytes of place and one of value each.

#include <cstdint>
#include <cstring>
#include <vector>

#include "net/address.h"
#include "services/route/routes.h"
#include "services/route/table_builder.h"

using namespace holm;
using namespace holm::route;
using net::IpAddress;

namespace {

IpAddress six(std::uint8_t first, std::uint8_t last) {
    return IpAddress::v6({0xfd, first, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
}

std::vector<std::byte> good_table() {
    TableParts parts;
    for (std::uint8_t i = 0; i < 3; ++i) {
        InterfaceRecord record;
        record.name = record.device = {'i', char('0' + i)};
        record.v4 = record.v6 = AddressSource::kStatic;
        record.v4_address = IpAddress::v4(10, 0, i, 1).to_v4();
        record.v4_length = 24;
        record.first_address = i;
        record.address_count = 1;
        parts.addresses.push_back({StoredAddress::of(six(i, 1)), 64});
        parts.interfaces.push_back(record);
        parts.routes.push_back(
            {IpAddress::any_v4(), 0, WayKind::kForward, {i, true, IpAddress::v4(10, 0, i, 9)}});
        parts.routes.push_back({IpAddress(), 0, WayKind::kForward, {i, true, six(i, 9)}});
        for (std::uint8_t length = 9; length <= 32; ++length)
            parts.routes.push_back({IpAddress::v4(20, i, 128, 0), length, WayKind::kForward, {i, false, {}}});
    }
    parts.routes.push_back({IpAddress::v4(30, 0, 0, 0), 8, WayKind::kBlackhole, {}});
    return build_table(std::move(parts));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<std::byte> good = good_table();
    std::vector<std::byte> bytes = good;
    for (; size >= 5; data += 5, size -= 5) {
        std::uint32_t at;
        std::memcpy(&at, data, sizeof(at));
        bytes[at % bytes.size()] = std::byte(data[4]);
    }
    const auto table = Table::open(bytes);
    if (!table) return 0;
    Routes routes(*table);
    routes.set_present(0, true);
    routes.add_dynamic({FibKey::of(six(7, 0)), false, 16, {WayKind::kForward, 1, {}}});
    for (const IpAddress& address :
         {IpAddress::v4(10, 0, 1, 7), IpAddress::v4(20, 1, 128, 0), IpAddress::v4(20, 2, 129, 1),
          IpAddress::v4(30, 1, 1, 1), IpAddress::v4(255, 255, 255, 255), six(1, 1), six(2, 99), six(7, 1)}) {
        const FibResult found = routes.find(FibKey::of(address), address.is_v4());
        for (const std::uint32_t flow : {0u, 0x8000'0000u, ~0u}) routes.way(found, address, flow);
        routes.kind(found);
        routes.has_choice(found);
        routes.leads_through(found, 2);
    }
    const auto interfaces = table->interfaces();
    for (std::uint32_t i = 0; i < interfaces.size(); ++i) {
        const auto record = interfaces.at(i);
        if (!record || record->name_text().size() > kNameSize || record->device_text().size() > kNameSize)
            __builtin_trap();
        table->addresses().at(record->first_address);
        table->dhcp_servers().at(record->dhcp_server);
    }
    return 0;
}

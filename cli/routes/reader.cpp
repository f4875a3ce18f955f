#include "cli/routes/reader.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "cli/routes/interface_services.h"
#include "cli/routes/names.h"
#include "cli/routes/route_file.h"
#include "cli/settings/accept.h"
#include "cli/settings/section.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {

namespace {

using route::AddressSource;
using route::InterfaceRecord;
using route::TableParts;

constexpr std::size_t kLargestFile = 4 << 20;  // bytes of router.toml
constexpr std::size_t kMostMistakes = 20;
constexpr std::size_t kMostAddresses = 4;  // of IPv6, an interface: the stack keeps few

class Reader {
  public:
    Reader(Mistakes& mistakes) : mistakes_(mistakes) {}

    void read(Section top, const std::function<void(const Text&)>& read_routes) {
        // Interfaces come first: everything else names them.
        for (Section& section : top.tables("interface")) read_interface(section);
        if (parts.interfaces.empty())
            top.mistake({1, 1}, "the router has no interface; write [[interface]] and name = \"lan\"");
        check_trunks();
        if (auto section = top.table("metrics")) read_metrics(*section);
        for (Section& section : top.tables("route")) read_route(section);
        for (Section& section : top.tables("routes")) {
            const auto file = section.text("file", "\"routes.txt\"");
            section.refuse_other_keys();
            if (file)
                read_routes(*file);
            else if (!section.has("file"))
                section.mistake(section.where(), "[[routes]] needs file = \"routes.txt\"");
        }
        top.refuse_other_keys();
    }

    TableParts parts;

  private:
    void mistake(Position where, std::string text) { mistakes_.push_back({where, std::move(text)}); }
    static void store(const std::string& name, std::array<char, route::kNameSize>& to) {
        std::memcpy(to.data(), name.data(), std::min(name.size(), to.size() - 1));
    }

    void read_interface(Section& section) {
        InterfaceRecord record;
        const auto name_text = section.text("name", "\"lan\"");
        const auto name = accept(mistakes_, name_text, parse_name);
        if (!name_text && !section.has("name"))
            section.mistake(section.where(), "[[interface]] has no name; write name = \"lan\"");
        if (name && interface_named(parts, *name))
            mistake(name_text->where, formatted("a second interface is named {}", quote(*name)));
        const auto trunk_text = section.text("trunk", "\"lan\"");
        const auto trunk = accept(mistakes_, trunk_text, parse_name);
        const auto vlan = section.number("vlan", 1, 4094);
        if (trunk_text.has_value() != section.has("vlan"))
            section.mistake(section.where(),
                            "a VLAN needs both, trunk = \"lan\" and vlan = 10; another interface neither");
        if (name) store(*name, record.name);
        if (trunk && vlan) {
            store(*trunk, record.device);
            record.vlan = std::uint16_t(*vlan);
            const bool taken = std::ranges::any_of(parts.interfaces, [&](const InterfaceRecord& other) {
                return other.vlan == record.vlan && other.device_text() == *trunk;
            });
            if (taken)
                section.mistake(section.where(), formatted("VLAN {} of {} is there already", *vlan, *trunk));
            trunks_.push_back(*trunk_text);
        } else if (name) {
            store(*name, record.device);
        }
        record.mtu = std::uint16_t(section.number("mtu", 576, 65'535).value_or(0));
        record.redirects = section.boolean("redirects").value_or(true) ? 1 : 0;
        read_reverse_path(section, record);
        read_address(section, record);
        read_addresses6(section, record);
        if (auto dhcp = section.table("dhcp")) read_dhcp_server(*dhcp, record, parts);
        if (auto advertise = section.table("advertise")) read_advertisement(*advertise, record, parts);
        section.refuse_other_keys();
        if (parts.interfaces.size() == route::kMaximumInterfaces) {
            section.mistake(section.where(), formatted("more than {} interfaces", route::kMaximumInterfaces));
            return;
        }
        parts.interfaces.push_back(record);
    }

    void read_reverse_path(Section& section, InterfaceRecord& record) {
        const auto text = section.text("reverse_path", "\"strict\"");
        if (!text) return;
        if (text->value == "strict") {
            record.reverse_path = route::ReversePath::kStrict;
        } else if (text->value == "loose") {
            record.reverse_path = route::ReversePath::kLoose;
        } else if (text->value == "off") {
            record.reverse_path = route::ReversePath::kOff;
        } else {
            mistake(text->where, formatted("reverse_path is {}; allowed: \"strict\", \"loose\", \"off\"",
                                           quote(text->value)));
        }
    }

    void read_address(Section& section, InterfaceRecord& record) {
        const auto text = section.text("address", "\"10.0.0.1/24\" or \"dhcp\"");
        if (!text) return;
        if (text->value == "dhcp") {
            record.v4 = AddressSource::kAutomatic;
            return;
        }
        const auto network = accept(mistakes_, text, parse_ipv4_network);
        if (!network) return;
        record.v4 = AddressSource::kStatic;
        record.v4_address = network->address.number();
        record.v4_length = network->prefix_length;
        note_own(text->where, net::IpAddress::v4(record.v4_address));
    }

    void read_addresses6(Section& section, InterfaceRecord& record) {
        const auto texts = section.texts("address6", "[\"fd00::1/64\"] or [\"auto\"]");
        if (!texts) return;
        record.first_address = std::uint32_t(parts.addresses.size());
        record.v6 = AddressSource::kStatic;
        for (const Text& text : *texts) {
            if (text.value == "auto") {
                if (texts->size() > 1)
                    mistake(text.where, "\"auto\" stands alone: routers name the addresses then");
                record.v6 = AddressSource::kAutomatic;
                continue;
            }
            const auto network = accept(mistakes_, std::optional(text), parse_ipv6_network);
            if (!network) continue;
            const auto address = net::IpAddress::v6(network->address.bytes);
            if (address.is_link_local()) {
                mistake(text.where, "addresses of link scope come by themselves; name none");
                continue;
            }
            if (++record.address_count > kMostAddresses) {
                mistake(text.where, formatted("more than {} IPv6 addresses of an interface", kMostAddresses));
                --record.address_count;
                continue;
            }
            note_own(text.where, address);
            parts.addresses.push_back({route::StoredAddress::of(address), network->prefix_length});
        }
    }

    void note_own(Position where, const net::IpAddress& address) {
        if (!own_.insert(address).second)
            mistake(where, "another interface of this router has the same address");
    }

    // Once all names are known.
    void check_trunks() {
        for (const Text& trunk : trunks_) {
            const auto index = interface_named(parts, trunk.value);
            if (!index)
                mistake(trunk.where, formatted("there is no interface {} to be a trunk; allowed: {}",
                                               quote(trunk.value), interface_names(parts)));
            else if (parts.interfaces[*index].vlan != 0)
                mistake(trunk.where, formatted("the trunk {} is a VLAN itself", quote(trunk.value)));
        }
    }

    void read_metrics(Section& section) {
        const auto address = accept(mistakes_, section.text("address", "\"10.0.0.1\""), parse_address);
        const auto port = section.number("port", 1, 65'535);
        section.refuse_other_keys();
        if (!address || !port) {
            if (!section.has("address") || !section.has("port"))
                section.mistake(section.where(),
                                "[metrics] needs both, address = \"10.0.0.1\" and port = 9100");
            return;
        }
        parts.general.metrics_address = route::StoredAddress::of(*address);
        parts.general.metrics_port = std::uint16_t(*port);
    }

    void read_route(Section& section) {
        const auto to = section.text("to", "\"10.0.0.0/8\" or \"default\"");
        const auto via = section.text("via", "\"10.0.0.1\"");
        const auto interface = section.text("interface", "\"wan\"");
        const auto action = section.text("action", "\"blackhole\"");
        section.refuse_other_keys();
        if (!to) {
            if (!section.has("to"))
                section.mistake(section.where(), "[[route]] has no destination; write to = \"10.0.0.0/8\"");
            return;
        }
        RouteWords words{.to = to->value};
        if (via) words.via = via->value;
        if (interface) words.interface = interface->value;
        if (action) {
            const auto kind = parse_refusal(action->value);
            if (!kind)
                return mistake(
                    action->where,
                    formatted("action is {}; allowed: \"blackhole\", \"unreachable\", \"prohibit\"",
                              quote(action->value)));
            words.kind = *kind;
        }
        if ((via || interface) == action.has_value())
            return section.mistake(
                section.where(), "[[route]] needs either via and perhaps interface, or interface, or action");
        auto made = make_route(parts, words);
        if (!made) return mistake(via ? via->where : to->where, std::move(made).error());
        parts.routes.push_back(*std::move(made));
    }

    Mistakes& mistakes_;
    std::set<net::IpAddress> own_;
    std::vector<Text> trunks_;
};

}  // namespace

std::expected<TableParts, std::vector<RoutesMistake>> read_router(std::string_view text,
                                                                  const std::string& file,
                                                                  const ReadFile& read_file) {
    std::vector<RoutesMistake> found;
    if (text.size() > kLargestFile)
        return std::unexpected(std::vector<RoutesMistake>{{file, {{1, 1}, "the file is larger than 4 MiB"}}});
    const auto document = Document::parse(text);
    if (!document) return std::unexpected(std::vector<RoutesMistake>{{file, document.error()}});
    Mistakes mistakes;
    Reader reader(mistakes);
    reader.read(document->top("router.toml", mistakes), [&](const Text& path) {
        const auto contents = read_file(path.value);
        if (!contents)
            return mistakes.push_back({path.where, formatted("{}: {}", path.value, contents.error())});
        read_route_file(*contents, reader.parts,
                        [&](Mistake mistake) { found.push_back({path.value, std::move(mistake)}); });
    });
    std::vector<RoutesMistake> all;
    for (Mistake& mistake : in_order(std::move(mistakes))) all.push_back({file, std::move(mistake)});
    std::ranges::move(found, std::back_inserter(all));
    if (all.empty()) return std::move(reader.parts);
    if (all.size() > kMostMistakes) all.resize(kMostMistakes);
    return std::unexpected(std::move(all));
}

}  // namespace holm::cli

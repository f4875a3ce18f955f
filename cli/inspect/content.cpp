// The configuration and the files of a foreign image: abi/image_configuration.h and abi/embedded_files.h,
// read without trusting a single offset.

#include <cstring>

#include "abi/boot_info.h"
#include "abi/embedded_files.h"
#include "abi/image_configuration.h"
#include "cli/inspect/inspection.h"
#include "cli/text/format.h"
#include "cli/text/values.h"
#include "services/filter/table/describe.h"

namespace holm::cli {
namespace {

// Bytes from an address to the end of what its segment holds from the file; empty when there are none.
Bytes bytes_from(Bytes image, const tender::LoadPlan& plan, std::uint64_t address) {
    for (const tender::Segment& segment : plan.segments()) {
        if (!segment.holds_from_file(address, 1)) continue;
        const std::uint64_t skip = address - segment.address;
        return image.subspan(segment.file_offset + skip, segment.file_size - skip);
    }
    return {};
}

template <typename T>
bool read_at(Bytes bytes, std::uint64_t offset, T& value) {
    if (offset > bytes.size() || sizeof value > bytes.size() - offset) return false;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return true;
}

// The text up to its NUL; nothing when it has none.
std::optional<std::string> text_at(Bytes bytes, std::uint64_t offset) {
    if (offset >= bytes.size()) return std::nullopt;
    const Bytes rest = bytes.subspan(offset);
    const auto* start = reinterpret_cast<const char*>(rest.data());
    const std::size_t length = strnlen(start, rest.size());
    if (length == rest.size()) return std::nullopt;
    return std::string(start, length);
}

bool read_strings(Bytes blob, const holm_configured_strings& strings, std::vector<std::string>& result) {
    std::uint64_t at = strings.offset;
    for (std::uint32_t i = 0; i < strings.count; ++i) {
        const auto text = text_at(blob, at);
        if (!text) return false;
        at += text->size() + 1;
        result.push_back(*text);
    }
    return true;
}

// What differs from the default, which is to listen to routers.
std::string describe_ipv6(const holm_configured_interface& interface) {
    if (interface.ipv6_configuration == HOLM_NET_DHCP) return ", IPv6 dhcp";
    if (interface.ipv6_configuration == HOLM_NET_OFF) return ", IPv6 off";
    if (interface.ipv6_configuration != HOLM_NET_STATIC) return "";
    const auto address = [](const std::uint8_t(&bytes)[16]) { return Ipv6{std::to_array(bytes)}; };
    std::string text =
        formatted(", {}/{}", address(interface.ipv6_address).text(), interface.ipv6_prefix_length);
    if (address(interface.ipv6_gateway) != Ipv6{})
        text += " gateway " + address(interface.ipv6_gateway).text();
    for (const auto& server : interface.ipv6_dns) {
        if (address(server) != Ipv6{}) text += " dns " + address(server).text();
    }
    return text;
}

std::string describe_address(const holm_configured_interface& interface) {
    if (interface.configuration == HOLM_NET_OFF) return "off" + describe_ipv6(interface);
    if (interface.configuration != HOLM_NET_STATIC) return "dhcp" + describe_ipv6(interface);
    const auto address = [](const std::uint8_t(&bytes)[4]) {
        return Ipv4{{bytes[0], bytes[1], bytes[2], bytes[3]}};
    };
    std::string text =
        formatted("{}/{}", address(interface.ipv4_address).text(), interface.ipv4_prefix_length);
    if (address(interface.ipv4_gateway) != Ipv4{})
        text += " gateway " + address(interface.ipv4_gateway).text();
    for (const auto& server : interface.ipv4_dns) {
        if (address(server) != Ipv4{}) text += " dns " + address(server).text();
    }
    return text + describe_ipv6(interface);
}

std::string describe_interface(const holm_configured_interface& interface) {
    const std::string vlan = interface.vlan == 0 ? "" : formatted("VLAN {}, ", interface.vlan);
    return vlan + describe_address(interface);
}

bool read_configuration(Bytes blob, Content& content) {
    holm_image_configuration header;
    if (!read_at(blob, 0, header) || header.version != HOLM_CONFIGURATION_VERSION ||
        header.size > blob.size() || header.interface_count > HOLM_MAX_DEVICES) {
        return false;
    }
    blob = blob.first(header.size);
    for (std::uint32_t i = 0; i < header.interface_count; ++i) {
        holm_configured_interface interface;
        if (!read_at(blob, header.interfaces + i * sizeof interface, interface)) return false;
        const std::string name(interface.name, strnlen(interface.name, sizeof interface.name));
        content.interfaces.push_back({name, describe_interface(interface)});
    }
    return read_strings(blob, header.arguments, content.arguments) &&
           read_strings(blob, header.environment, content.environment);
}

// A table is read where it lies aligned.
std::string describe_rules(Bytes file) {
    std::uint32_t magic = 0;
    if (!read_at(file, 0, magic) || magic != filter::kMagic || file.size() > filter::kMaximumTable) return {};
    std::vector<filter::Constant> room(file.size() / sizeof(filter::Constant) + 2);
    const auto place = reinterpret_cast<std::uintptr_t>(room.data());
    std::byte* const start = reinterpret_cast<std::byte*>(room.data()) + (16 - place % 16) % 16;
    std::memcpy(start, file.data(), file.size());
    const auto table = filter::Table::open({start, file.size()});
    return table ? filter::describe(*table) : std::string();
}

bool read_files(Bytes image, const tender::LoadPlan& plan, std::uint64_t address, Content& content) {
    const Bytes tree = bytes_from(image, plan, address);
    holm_embedded_tree header;
    if (!read_at(tree, 0, header) || header.version != HOLM_FILES_VERSION || header.count == 0 ||
        header.count > tree.size() / sizeof(holm_embedded_entry)) {
        return false;
    }
    for (std::uint32_t i = 0; i < header.count; ++i) {
        holm_embedded_entry entry;
        if (!read_at(tree, sizeof header + i * sizeof entry, entry)) return false;
        if ((entry.flags & HOLM_EMBEDDED_DIRECTORY) != 0) continue;
        const auto path = text_at(tree, entry.path);
        const auto type = text_at(tree, entry.content_type);
        // The contents may lie in another segment.
        if (!path || !type || entry.size > bytes_from(image, plan, address + entry.data).size()) return false;
        std::string hash;
        for (const std::uint8_t byte : entry.hash) hash += formatted("{:02x}", byte);
        content.files.push_back(
            {"/" + *path, entry.size, *type, hash,
             describe_rules(bytes_from(image, plan, address + entry.data).first(entry.size))});
    }
    return true;
}

}  // namespace

std::expected<Content, std::string> read_content(Bytes image, const tender::LoadPlan& plan) {
    Content content;
    const auto found = find_note(image, HOLM_NOTE_NAME, HOLM_NOTE_TYPE_CONTENT);
    if (!found) return content;
    holm_content_note note;
    const auto place = plan.address_of_file(found->description_offset);
    if (!place || found->description.size() != sizeof note) {
        return std::unexpected(
            formatted("the content note at file offset {:#x} is not a valid one", found->offset));
    }
    std::memcpy(&note, found->description.data(), sizeof note);
    const auto target = [&](std::int32_t offset, std::size_t field) {
        return *place + field + static_cast<std::uint64_t>(std::int64_t{offset});
    };
    const std::uint64_t configuration =
        target(note.configuration, offsetof(holm_content_note, configuration));
    if (!read_configuration(bytes_from(image, plan, configuration), content)) {
        return std::unexpected(
            formatted("the configuration at address {:#x} is not a valid one", configuration));
    }
    const std::uint64_t files = target(note.files, offsetof(holm_content_note, files));
    if (!read_files(image, plan, files, content)) {
        return std::unexpected(formatted("the file table at address {:#x} is not a valid one", files));
    }
    return content;
}

}  // namespace holm::cli

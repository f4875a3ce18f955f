#include "cli/manifest/assembly.h"

#include <format>
#include <iterator>
#include <string_view>

#include "abi/boot_info.h"
#include "abi/image_configuration.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

constexpr std::size_t kLargestBesideTheTable = std::size_t{8} * 1024;
constexpr std::size_t kMostBesideTheTable = std::size_t{32} * 1024;

// A string literal of the assembler; what is not plain is written in octal.
std::string literal(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\' || byte < 0x20 || byte >= 0x7f) {
            result += formatted("\\{:03o}", byte);
        } else {
            result += c;
        }
    }
    return result + '"';
}

std::string byte_list(const auto& bytes) {
    std::string result;
    for (const std::uint8_t byte : bytes) result += formatted("{}{}", result.empty() ? "" : ",", byte);
    return result;
}

class Writer {
  public:
    std::string write(const ImageDescription& image, const EmbeddedSources& files) {
        line("# Written by holm-manifest; change holm.toml instead.");
        manifest(image);
        configuration(image);
        embedded_files(files);
        line("    .section .note.GNU-stack,\"\",@progbits");
        return std::move(text_);
    }

  private:
    template <typename... Values>
    void line(std::format_string<Values...> format, Values&&... values) {
        std::format_to(std::back_inserter(text_), format, std::forward<Values>(values)...);
        text_ += '\n';
    }

    // A fixed field: the text, and zeros up to `size` bytes.
    void field(std::string_view text, std::size_t size) {
        line("    .ascii {}", literal(text));
        line("    .zero {}", size - text.size());
    }

    void manifest(const ImageDescription& image) {
        const std::size_t devices = image.net.size() + image.block.size();
        line("    .section .note.holm,\"a\",@note");
        line("    .p2align 2");
        note_header(HOLM_NOTE_TYPE_MANIFEST, sizeof(holm_manifest) + devices * sizeof(holm_manifest_device));
        line("    .globl holm_image_manifest");
        line("    .hidden holm_image_manifest");
        line("holm_image_manifest:");
        line("    .long {}, {}, {:#x}, {}", HOLM_MANIFEST_VERSION,
             sizeof(holm_manifest) + devices * sizeof(holm_manifest_device), image.platforms, devices);
        line("    .quad {}, {}", image.memory_minimum, image.memory_default);
        line("    .long {}", image.stack_size);
        line("    .hidden holm_upcall");
        line("    .long holm_upcall - .");
        field(image.name, HOLM_NAME_SIZE);
        for (const NetDevice& device : image.net) {
            manifest_device(device.name, HOLM_DEVICE_NET, device.optional ? HOLM_DEVICE_OPTIONAL : 0);
        }
        for (const BlockDevice& device : image.block) {
            manifest_device(device.name, HOLM_DEVICE_BLOCK,
                            (device.optional ? HOLM_DEVICE_OPTIONAL : 0) |
                                (device.read_only ? HOLM_DEVICE_READ_ONLY : 0));
        }
        note_header(HOLM_NOTE_TYPE_CONTENT, sizeof(holm_content_note));
        line("    .long holm_configuration - .");
        line("    .long holm_embedded_files - .");
    }

    void note_header(std::uint32_t type, std::size_t descriptor_size) {
        line("    .long {}, {}, {:#x}", sizeof(HOLM_NOTE_NAME), descriptor_size, type);
        field(HOLM_NOTE_NAME, 8);
    }

    void manifest_device(std::string_view name, std::uint32_t kind, std::uint32_t flags) {
        field(name, HOLM_NAME_SIZE);
        line("    .long {}, {}", kind, flags);
    }

    void object(std::string_view symbol, unsigned alignment_log2) {
        line("    .section .rodata.{},\"a\",@progbits", symbol);
        line("    .p2align {}", alignment_log2);
        line("    .globl {}", symbol);
        line("    .hidden {}", symbol);
        line("    .type {}, @object", symbol);
        line("{}:", symbol);
    }

    void configuration(const ImageDescription& image) {
        object("holm_configuration", 2);
        line("    .long {}, .Lconfiguration_end - holm_configuration", HOLM_CONFIGURATION_VERSION);
        for (const auto& [label, strings] :
             {std::pair{"arguments", &image.arguments}, {"environment", &image.environment}}) {
            line("    .long .L{0} - holm_configuration, .L{0}_end - .L{0}, {1}", label, strings->size());
        }
        line("    .long .Linterfaces - holm_configuration, {}", image.net.size());
        line(".Linterfaces:");
        for (const NetDevice& device : image.net) interface(device);
        for (const auto& [label, strings] :
             {std::pair{"arguments", &image.arguments}, {"environment", &image.environment}}) {
            line(".L{}:", label);
            for (const std::string& string : *strings) line("    .asciz {}", literal(string));
            line(".L{}_end:", label);
        }
        line(".Lconfiguration_end:");
        line("    .size holm_configuration, . - holm_configuration");
    }

    void interface(const NetDevice& device) {
        field(device.name, HOLM_NAME_SIZE);
        line("    .long {}", static_cast<std::uint32_t>(device.address    ? HOLM_NET_STATIC
                                                        : device.ipv4_off ? HOLM_NET_OFF
                                                                          : HOLM_NET_DHCP));
        line("    .byte {}", byte_list(device.address ? device.address->address.bytes : Ipv4{}.bytes));
        line("    .byte {}", byte_list(device.gateway.value_or(Ipv4{}).bytes));
        for (std::size_t i = 0; i < 2; ++i) {
            line("    .byte {}", byte_list(i < device.dns.size() ? device.dns[i].bytes : Ipv4{}.bytes));
        }
        line("    .byte {}", device.address ? device.address->prefix_length : 0);
        const std::uint32_t way = device.ipv6_address         ? HOLM_NET_STATIC
                                  : device.ipv6_way == "dhcp" ? HOLM_NET_DHCP
                                  : device.ipv6_way == "off"  ? HOLM_NET_OFF
                                                              : HOLM_NET_AUTOMATIC;
        line("    .byte {}, {}", device.ipv6_address ? device.ipv6_address->prefix_length : 0, way);
        line("    .zero {}", sizeof holm_configured_interface::reserved);
        line("    .short {}", device.vlan);
        line("    .zero {}", sizeof holm_configured_interface::reserved_too);
        line("    .byte {}",
             byte_list(device.ipv6_address ? device.ipv6_address->address.bytes : Ipv6{}.bytes));
        line("    .byte {}", byte_list(device.ipv6_gateway.value_or(Ipv6{}).bytes));
        for (std::size_t i = 0; i < 2; ++i) {
            line("    .byte {}",
                 byte_list(i < device.ipv6_dns.size() ? device.ipv6_dns[i].bytes : Ipv6{}.bytes));
        }
    }

    void embedded_files(const EmbeddedSources& files) {
        object("holm_embedded_files", 4);
        line("    .long {}, {}", HOLM_FILES_VERSION, files.entries.size());
        line("    .quad 0");
        for (std::size_t i = 0; i < files.entries.size(); ++i) {
            const EmbeddedSource& entry = files.entries[i];
            line("    .long .Lpath{} - holm_embedded_files, {}, {}", i, entry.path.size(),
                 entry.is_directory ? static_cast<std::uint32_t>(HOLM_EMBEDDED_DIRECTORY) : 0);
            if (entry.is_directory) {
                line("    .long 0, 0, {}", entry.size);
            } else {
                line("    .long .Ltype{0} - holm_embedded_files, .Ldata{0} - holm_embedded_files, {1}", i,
                     entry.size);
            }
            line("    .byte {}", byte_list(entry.hash));
        }
        for (std::size_t i = 0; i < files.entries.size(); ++i) {
            line(".Lpath{}: .asciz {}", i, literal(files.entries[i].path));
            if (!files.entries[i].is_directory)
                line(".Ltype{}: .asciz {}", i, literal(files.entries[i].content_type));
        }
        // Pages, scripts and the like lie with the table; what is large lies apart, because the kernel maps
        // the neighbours of what is looked at (toolchain/cmake/cold.ld).
        std::size_t room = kMostBesideTheTable;
        std::vector<std::size_t> apart;
        for (std::size_t i = 0; i < files.entries.size(); ++i) {
            const EmbeddedSource& entry = files.entries[i];
            if (entry.is_directory) continue;
            if (entry.size > kLargestBesideTheTable || entry.size > room) {
                apart.push_back(i);
                continue;
            }
            room -= entry.size;
            contents(i, entry);
        }
        line("    .size holm_embedded_files, . - holm_embedded_files");
        if (apart.empty()) return;
        line("    .section .rodata.holm_embedded_contents,\"a\",@progbits");
        for (const std::size_t i : apart) contents(i, files.entries[i]);
    }

    void contents(std::size_t index, const EmbeddedSource& entry) {
        line("    .p2align 6");  // tables that are used where they lie count on cache lines
        line(".Ldata{}:", index);
        if (entry.size != 0) line("    .incbin {}, 0, {}", literal(entry.source.string()), entry.size);
    }

    std::string text_;
};

}  // namespace

std::string write_assembly(const ImageDescription& description, const EmbeddedSources& files) {
    return Writer().write(description, files);
}

}  // namespace holm::cli

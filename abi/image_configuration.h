#pragma once

/* What holm.toml puts into the image beyond the manifest: defaults for arguments, environment and addresses.
 * The tender does not read it; the library OS does, after the boot info, in which the operator has the last
 * word:
 *   - arguments: the image's are used when the operator gave none (boot_info.arguments has argv[0] only);
 *   - environment: the image's values, then the operator's; a later value of a name replaces an earlier one;
 *   - addresses: an interface whose boot configuration is HOLM_NET_FROM_IMAGE takes what stands here, and
 * DHCP when nothing does.
 *
 * One blob, written by holm-manifest, reached through the symbol holm_configuration. Offsets count bytes from
 * its first byte; nothing in it needs a relocation. The image trusts it; a tool that reads a foreign image
 * checks it first. */

#include <stddef.h>
#include <stdint.h>

#include "abi/manifest.h"

#define HOLM_CONFIGURATION_VERSION 1u

/* A run of NUL-terminated strings, one after another. */
struct holm_configured_strings {
    uint32_t offset;
    uint32_t size;  /* bytes, NULs included */
    uint32_t count; /* strings */
};

struct holm_configured_interface {
    char name[HOLM_NAME_SIZE]; /* the manifest's net device */
    uint32_t configuration;    /* enum holm_net_configuration, of IPv4 */
    uint8_t ipv4_address[4];   /* network order; static only; zero: none */
    uint8_t ipv4_gateway[4];
    uint8_t ipv4_dns[2][4];
    uint8_t ipv4_prefix_length;
    uint8_t ipv6_prefix_length;
    uint8_t ipv6_configuration; /* enum holm_net_configuration */
    uint8_t reserved;
    uint16_t vlan; /* 1 to 4094; 0: none */
    uint8_t reserved_too[2];
    uint8_t ipv6_address[16];
    uint8_t ipv6_gateway[16];
    uint8_t ipv6_dns[2][16];
};

struct holm_image_configuration {
    uint32_t version;                           /* HOLM_CONFIGURATION_VERSION */
    uint32_t size;                              /* bytes of the blob, strings included */
    struct holm_configured_strings arguments;   /* without argv[0] */
    struct holm_configured_strings environment; /* NAME=value */
    uint32_t interfaces;      /* offset of struct holm_configured_interface[interface_count], 4-aligned */
    uint32_t interface_count; /* one for each net device of the manifest */
};

/* A second note beside the manifest, for tools that look into a stripped image: where the two blobs are. */
#define HOLM_NOTE_TYPE_CONTENT 0x31434c48u /* "HLC1" */

struct holm_content_note {
    int32_t configuration; /* address of struct holm_image_configuration minus the address of this field */
    int32_t files;         /* address of struct holm_embedded_tree minus the address of this field */
};

#ifdef __cplusplus
static_assert(sizeof(struct holm_configured_interface) == 124);
static_assert(sizeof(struct holm_image_configuration) == 40);
static_assert(sizeof(struct holm_content_note) == 8);

#include <span>
#include <string_view>

/* This image's configuration. Defined by the assembly holm-manifest writes; only images have it. */
extern "C" __attribute__((visibility("hidden"))) const holm_image_configuration holm_configuration;

namespace holm {

// A view of a configuration blob; what it hands out lives as long as the blob.
class ImageConfiguration {
  public:
    explicit constexpr ImageConfiguration(const holm_image_configuration& blob) : blob_(&blob) {}

    // Calls visit(const char*) with each NUL-terminated string, in order.
    template <typename Visit>
    void for_each_argument(Visit visit) const {
        for_each(blob_->arguments, visit);
    }
    template <typename Visit>
    void for_each_variable(Visit visit) const {  // "NAME=value"
        for_each(blob_->environment, visit);
    }
    std::uint32_t argument_count() const { return blob_->arguments.count; }
    std::uint32_t variable_count() const { return blob_->environment.count; }

    std::span<const holm_configured_interface> interfaces() const {
        return {reinterpret_cast<const holm_configured_interface*>(bytes_at(blob_->interfaces)),
                blob_->interface_count};
    }
    // Null when the image has no net device of that name.
    const holm_configured_interface* interface(std::string_view name) const {
        for (const holm_configured_interface& candidate : interfaces()) {
            if (name == candidate.name) return &candidate;
        }
        return nullptr;
    }

  private:
    const char* bytes_at(std::uint32_t offset) const { return reinterpret_cast<const char*>(blob_) + offset; }
    template <typename Visit>
    void for_each(const holm_configured_strings& strings, Visit& visit) const {
        const char* next = bytes_at(strings.offset);
        for (std::uint32_t i = 0; i < strings.count; ++i) {
            visit(next);
            next += std::string_view(next).size() + 1;
        }
    }

    const holm_image_configuration* blob_;
};

inline ImageConfiguration image_configuration() {
    return ImageConfiguration(holm_configuration);
}

}  // namespace holm
#else
_Static_assert(sizeof(struct holm_configured_interface) == 124, "layout");
_Static_assert(sizeof(struct holm_image_configuration) == 40, "layout");
#endif

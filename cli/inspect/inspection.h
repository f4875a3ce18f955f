#pragma once

// Everything `holm inspect` knows about an image, and how it is found out. The bytes are hostile: every
// offset in them is checked before it is used, and what does not hold is left out or refused.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "cli/inspect/link_map.h"
#include "tender/loader/load_plan.h"
#include "tender/loader/notes.h"

namespace holm::cli {

struct InspectedFile {
    std::string path;
    std::uint64_t size = 0;
    std::string content_type;
    std::string hash;   // hexadecimal
    std::string rules;  // of a firewall's compiled rules: what they are; else empty
};

struct InspectedInterface {
    std::string name;
    std::string configuration;  // "dhcp" or "10.0.0.2/24 gateway 10.0.0.1, fd00::2/64"
};

// What holm.toml put in beyond the manifest.
struct Content {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::vector<InspectedInterface> interfaces;
    std::vector<InspectedFile> files;
};

// A call of the C library to the library OS (__libos_sys_N), and the functions that make it.
struct NeededCall {
    unsigned number = 0;
    std::vector<std::string> needed_by;
};

struct Share {
    std::string name;
    std::uint64_t bytes = 0;  // in the file
    std::string library;      // of a symbol
};

struct Inspection {
    std::uint64_t file_size = 0;
    std::unique_ptr<tender::LoadPlan> plan;
    std::string build_id;
    Content content;

    // From the link map beside the image; empty without one.
    bool has_map = false;
    bool stack_protector = false;
    std::vector<NeededCall> calls;
    std::vector<Share> libraries;  // largest first
    std::vector<Share> symbols;    // largest first
};

// `map_text`: contents of IMAGE.map, or nothing. The error is a sentence.
std::expected<Inspection, std::string> inspect_image(Bytes image, std::optional<std::string_view> map_text);

// Parts of it, each testable alone. The image's headers are those that its plan was made from.
std::optional<tender::Note> find_note(Bytes image, const char* owner, std::uint32_t type);
std::string find_build_id(Bytes image);
std::expected<Content, std::string> read_content(Bytes image, const tender::LoadPlan& plan);
std::vector<NeededCall> find_needed_calls(Bytes image, const tender::LoadPlan& plan, const LinkMap& map);

}  // namespace holm::cli

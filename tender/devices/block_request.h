#pragma once

// What `--block NAME=SPEC` asks for. Parsing is pure; opening is in open_block.h.

#include <cstdint>
#include <expected>
#include <string_view>

#include "tender/text/sentence.h"

namespace holm::tender {

struct BlockRequest {
    std::string_view name;  // of the device, as the image's manifest calls it
    std::string_view file;  // path of a file or block special file
    bool read_only = false;
    std::uint32_t sector_size = 0;  // bytes; 0: what is usual for the file
};

// Parses "disk=data.img", "disk=data.img,ro" or "disk=data.img,sector=4096". Settings are read from the end,
// so a path may have commas. The views point into `text`.
std::expected<BlockRequest, Sentence> parse_block_request(std::string_view text);

}  // namespace holm::tender

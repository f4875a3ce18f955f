// A kernel command line: parsed or refused, and what comes out stays within what went in.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "kernel/platform/virtio/command_line.h"
#include "kernel/platform/virtio/network_word.h"

using holm::platform::CommandLine;
using holm::platform::StringRun;

static void check(const StringRun& run) {
    std::uint32_t strings = 0;
    for (std::uint32_t i = 0; i < run.size; ++i) strings += run.room[i] == 0 ? 1 : 0;
    if (run.size > run.room.size() || strings != run.count || (run.size != 0 && run.room[run.size - 1] != 0))
        std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text(reinterpret_cast<const char*>(data), size);
    text.resize(std::strlen(text.c_str()));
    std::string rooms[2];
    for (std::string& room : rooms) room.resize(text.size() + 1);
    const auto line = std::make_unique<CommandLine>();
    line->arguments.room = rooms[0];
    line->environment.room = rooms[1];
    const auto outcome = line->parse(text, holm::platform::network_word);
    check(line->arguments);
    check(line->environment);
    if (!outcome && outcome.error().what == nullptr) std::abort();
    for (std::size_t i = 0; outcome && i < line->net_count; ++i) {
        if (line->nets[i].name.empty() || line->nets[i].settings.ipv4_prefix_length > 32) std::abort();
    }
    return 0;
}

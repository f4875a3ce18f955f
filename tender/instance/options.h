#pragma once

// The command line of a tender, parsed; pure. All tenders have the same options, but for those that only one
// of them can honour.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "abi/manifest.h"
#include "tender/devices/block_request.h"
#include "tender/devices/net_request.h"
#include "tender/text/sentence.h"

namespace holm::tender {

// Strings that are handed to the guest; they point into the command line.
class StringList {
  public:
    static constexpr std::size_t kCapacity = 256;

    bool add(std::string_view text) {
        if (count_ == kCapacity) return false;
        items_[count_++] = text;
        return true;
    }
    std::span<const std::string_view> items() const { return {items_.data(), count_}; }

  private:
    std::size_t count_ = 0;
    std::array<std::string_view, kCapacity> items_;
};

struct Options {
    const char* image = nullptr;
    bool help = false;
    bool quiet = false;
    bool trace = false;
    bool count_exits = false;
    bool prefault = false;
    bool huge_pages = false;
    bool stopped = false;
    const char* dump = nullptr;           // file for a core
    const char* gdb = nullptr;            // path of the debugger's socket
    std::optional<std::uint64_t> memory;  // bytes of heap
    std::uint32_t grace_ms = 0;
    StringList arguments;    // without argv[0]
    StringList environment;  // NAME=value
    std::array<NetRequest, HOLM_MAX_DEVICES> net_storage;
    std::size_t net_count = 0;
    std::array<BlockRequest, HOLM_MAX_DEVICES> block_storage;
    std::size_t block_count = 0;

    std::span<const NetRequest> nets() const { return {net_storage.data(), net_count}; }
    std::span<const BlockRequest> blocks() const { return {block_storage.data(), block_count}; }
};

// What a tender says about itself, and which options are its own.
struct TenderTraits {
    std::string_view program;     // "holm-process"
    std::string_view does;        // "Runs a Holm image as a sandboxed process."
    std::string_view own_usage;   // lines of the options that are its own
    bool has_trace = false;       // --trace-syscalls
    bool has_exit_count = false;  // --count-exits
    bool has_gdb = false;         // --gdb
    bool has_backing = false;     // --prefault, --huge-pages
};

// `words` is argv without the program's name. `options` is filled in place: it is large.
std::expected<void, Sentence> parse_options(std::span<char* const> words, const TenderTraits& tender,
                                            Options& options);

// What --help prints, in pieces.
std::array<std::string_view, 7> usage_of(const TenderTraits& tender);

}  // namespace holm::tender

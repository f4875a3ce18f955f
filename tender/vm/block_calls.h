#pragma once

// What a thread that serves a block device may ask of the host's kernel: the one list, from which its filter
// and the table in docs/vm.md come. Each device has threads of its own, so that a thread reaches one file.

#include <array>

#include "tender/sandbox/thread_filter.h"

namespace holm::tender {

constexpr std::size_t kFilePatch = 0;      // the descriptor of the device's file
constexpr std::size_t kDoorbellPatch = 1;  // that of its doorbell
constexpr std::size_t kNewsPatch = 2;      // that of what tells the guest of an end
constexpr std::uint64_t kOnlyHoles = 3;    // FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE

inline constexpr std::array kBlockCalls = {
    ThreadCall{327, "preadv2", {{{0, kFilePatch, true}}}, 1, "read the device's file"},
    // Where in it, the filter in front of this one says (compile_range_filter).
    ThreadCall{18, "pwrite64", {{{0, kFilePatch, true}}}, 1, "write to it"},
    ThreadCall{0, "read", {{{0, kDoorbellPatch, true}}}, 1, "sleep until the guest rings"},
    ThreadCall{1, "write", {{{0, kNewsPatch, true}}}, 1, "tell the guest that something is done"},
    ThreadCall{1, "write", {{{0, kDoorbellPatch, true}}}, 1, "wake another thread"},
    ThreadCall{1, "write", {{{0, 2}}}, 1, "a last sentence on standard error"},
    ThreadCall{24, "sched_yield", {}, 0, "another thread holds the queue"},
    ThreadCall{75, "fdatasync", {{{0, kFilePatch, true}}}, 1, "flush"},
    ThreadCall{285,
               "fallocate",
               {{{0, kFilePatch, true}, {1, kOnlyHoles}}},
               2,
               "discard and write zeroes: make holes"},
    ThreadCall{231, "exit_group", {}, 0, "end, when the guest's memory is gone"},
};

inline constexpr ThreadFilter kBlockFilter = compile_thread_filter(kBlockCalls);

}  // namespace holm::tender

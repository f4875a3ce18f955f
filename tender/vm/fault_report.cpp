#include "tender/vm/fault_report.h"

#include <cstring>
#include <optional>

#include <unistd.h>

#include "tender/text/sentence.h"

namespace holm::tender {
namespace {

constexpr int kMostFrames = 24;

void say(const Sentence& text) {
    // There is nobody left to tell when this fails.
    [[maybe_unused]] const ssize_t written = write(2, text.view().data(), text.view().size());
}

void print_registers(const holm_upcall_frame& f) {
    const struct {
        std::string_view name;
        std::uint64_t value;
    } all[] = {{"rax", f.rax}, {"rbx", f.rbx}, {"rcx", f.rcx},      {"rdx", f.rdx}, {"rsi", f.rsi},
               {"rdi", f.rdi}, {"rbp", f.rbp}, {"rsp", f.rsp},      {"r8", f.r8},   {"r9", f.r9},
               {"r10", f.r10}, {"r11", f.r11}, {"r12", f.r12},      {"r13", f.r13}, {"r14", f.r14},
               {"r15", f.r15}, {"rip", f.rip}, {"rflags", f.rflags}};
    Sentence text;
    text.text("registers\n");
    int column = 0;
    for (const auto& one : all)
        text.text("  ").text(one.name).text(" ").hexadecimal(one.value).text(++column % 4 == 0 ? "\n" : "");
    say(text.text("\n"));
}

std::optional<std::uint64_t> word_at(std::uint64_t address, const DebuggedMemory& memory) {
    const MutableBytes bytes = memory.at(address, sizeof(std::uint64_t));
    if (bytes.size() != sizeof(std::uint64_t)) return std::nullopt;
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    return word;
}

// The guest may have written anything into its stack, so the number of frames is bounded, and each must lie
// above the one before.
void print_backtrace(std::string_view title, const holm_upcall_frame& frame, const DebuggedMemory& memory,
                     std::uint64_t link_offset) {
    Sentence text;
    text.text(title)
        .text(" (llvm-symbolizer -e IMAGE.debug names these)\n  ")
        .hexadecimal(frame.rip - link_offset)
        .text("\n");
    std::uint64_t at = frame.rbp;
    for (int i = 0; i < kMostFrames; i++) {
        const auto next = word_at(at, memory);
        const auto return_address = word_at(at + sizeof(std::uint64_t), memory);
        if (!next || !return_address || *return_address == 0) break;
        text.text("  ").hexadecimal(*return_address - 1 - link_offset).text("\n");
        if (*next <= at) break;
        at = *next;
    }
    say(text);
}

}  // namespace

std::string_view exception_name(std::uint32_t vector) {
    constexpr std::string_view kNames[] = {"division error",
                                           "debug exception",
                                           "non-maskable interrupt",
                                           "breakpoint",
                                           "overflow",
                                           "bound range exceeded",
                                           "invalid instruction",
                                           "no floating-point unit",
                                           "double fault",
                                           "coprocessor segment overrun",
                                           "invalid task state",
                                           "segment not present",
                                           "stack segment fault",
                                           "general protection fault",
                                           "page fault",
                                           "reserved exception",
                                           "floating-point error",
                                           "alignment check",
                                           "machine check",
                                           "vector floating-point error",
                                           "virtualization exception",
                                           "control protection exception"};
    return vector < std::size(kNames) ? kNames[vector] : "exception";
}

void print_fault(std::string_view title, const holm_upcall_frame& frame, const DebuggedMemory& memory,
                 std::uint64_t link_offset) {
    print_backtrace(title, frame, memory, link_offset);
    print_registers(frame);
}

}  // namespace holm::tender

#pragma once

// The end of an instance that cannot go on: one screen on the console that tells what happened, where, and
// what the machine looked like; then the instance ends with kPanicStatus.

namespace holm {

// As a shell reports a program that called abort(): 128 + SIGABRT.
inline constexpr int kPanicStatus = 134;

// `what` is one sentence without a full stop. `detail`, if any, is printed behind it on a line of its own.
[[noreturn]] void panic(const char* what, const char* detail = nullptr);

}  // namespace holm

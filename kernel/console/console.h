#pragma once

// The console: text goes out line by line, the last, unfinished line when the instance ends or panics. Each
// line is written as a whole, so that lines of several writers do not mix.

#include <concepts>
#include <string_view>

#include "base/bytes.h"
#include "base/text_buffer.h"
#include "kernel/platform/platform.h"

namespace holm {

class Console {
  public:
    explicit Console(platform::Platform& platform) : platform_(platform) {}
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    void write(std::string_view text) noexcept;
    // Text and integers, one after another: print("listening on port ", port, "\n").
    template <typename... Parts>
    void print(const Parts&... parts) noexcept {
        (print_part(parts), ...);
    }

    // Writes out what is left of an unfinished line.
    void flush() noexcept;

  private:
    static constexpr std::size_t kLongestLine = 512;  // longer ones go out in pieces

    void print_part(std::string_view text) noexcept { write(text); }
    void print_part(const char* text) noexcept { write(text); }
    void print_part(char character) noexcept { write({&character, 1}); }
    void print_part(std::integral auto number) noexcept {
        TextBuffer<24> buffer;
        buffer << number;
        write(buffer.text());
    }

    platform::Platform& platform_;
    TextBuffer<kLongestLine> line_;
};

}  // namespace holm

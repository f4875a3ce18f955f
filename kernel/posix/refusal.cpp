#include <string_view>

#include <string.h>

#include "kernel/panic/panic.h"
#include "kernel/platform/platform.h"
#include "kernel/posix/refusals.h"
#include "kernel/posix/state.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

// A line of text without printf, whose code is larger than most images.
class Line {
  public:
    Line& operator<<(std::string_view text) {
        const std::size_t size = std::min(text.size(), sizeof(text_) - size_);
        memcpy(text_ + size_, text.data(), size);
        size_ += size;
        return *this;
    }
    Line& operator<<(long number) {
        char digits[20];
        char* first = digits + sizeof(digits);
        do {
            *--first = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number > 0);
        return *this << std::string_view(first, static_cast<std::size_t>(digits + sizeof(digits) - first));
    }
    void print() { this_core().platform->write_console(as_bytes({text_, size_})); }

  private:
    char text_[160];
    std::size_t size_ = 0;
};

}  // namespace

Outcome refuse(long number, const char* name) {
    Refusals* refusals = part(&State::refusals);
    const auto index = static_cast<unsigned>(number);
    if (refusals == nullptr || index >= Refusals::kNumbers || refusals->note(index)) {
        Line line;
        line << "holm: system call " << number << " (" << name << ") is not implemented; returned ENOSYS\n";
        line.print();
    }
    return -ENOSYS;
}

Outcome refuse_use(const char* what, int error) {
    Refusals* refusals = part(&State::refusals);
    if (refusals == nullptr || refusals->note(what)) {
        Line line;
        line << "holm: " << what << " is not supported; returned errno " << error << "\n";
        line.print();
    }
    return -error;
}

void cannot_block(const char* call) {
    panic("a blocking call in a task: only fibers (main, std::thread) may block, tasks co_await", call);
}

}  // namespace holm::posix

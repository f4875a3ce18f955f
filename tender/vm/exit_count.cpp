#include "tender/vm/exit_count.h"

#include "abi/hypercalls.h"

namespace holm::tender {

void ExitCount::describe(Sentence& line) const {
    std::uint64_t total = doorbells_ + signals_;
    for (const std::uint64_t count : calls_) total += count;
    line.decimal(total).text(" exits: doorbells ").decimal(doorbells_).text(", signals ").decimal(signals_);
#define HOLM_DESCRIBE(name, number, value, what) \
    static_assert((number) < kCalls);            \
    if (calls_[number] != 0) line.text(", " #name " ").decimal(calls_[number]);
    HOLM_HYPERCALLS(HOLM_DESCRIBE)
#undef HOLM_DESCRIBE
}

}  // namespace holm::tender

#include "net/tcp/sack_list.h"

#include <algorithm>

namespace holm::net::tcp {

void SackList::add(SeqRange run) {
    // Blocks that the run has swallowed disappear, then it goes to the front; the oldest one may fall off.
    const auto swallowed = [run](SeqRange block) { return block.begin >= run.begin && block.end <= run.end; };
    const auto kept = std::remove_if(blocks_, blocks_ + count_, swallowed) - blocks_;
    count_ = std::uint8_t(std::min<std::ptrdiff_t>(kept + 1, kMaxSackBlocks));
    std::copy_backward(blocks_, blocks_ + count_ - 1, blocks_ + count_);
    blocks_[0] = run;
}

void SackList::advance(Seq next) {
    auto* end =
        std::remove_if(blocks_, blocks_ + count_, [next](SeqRange block) { return block.begin <= next; });
    count_ = std::uint8_t(end - blocks_);
}

void SackList::report(Options& options) {
    options.sack_count = 0;
    if (!duplicate_.empty()) options.sack[options.sack_count++] = duplicate_;
    for (std::uint8_t i = 0; i < count_ && options.sack_count < kMaxSackBlocks; ++i)
        options.sack[options.sack_count++] = blocks_[i];
    duplicate_ = {};
}

}  // namespace holm::net::tcp

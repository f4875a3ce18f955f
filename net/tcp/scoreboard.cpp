#include "net/tcp/scoreboard.h"

#include <algorithm>
#include <new>

namespace holm::net::tcp {

bool Scoreboard::make_room() {
    if (chunk_ == nullptr) {
        chunk_ = pool_->allocate(sizeof(SeqRange));
        if (chunk_ == nullptr) return false;
        runs_ = new (chunk_->storage()) SeqRange[kMaxRuns];
    }
    return count_ < kMaxRuns;
}

void Scoreboard::clear() {
    if (chunk_ != nullptr) pool_->release(chunk_);
    chunk_ = nullptr;
    runs_ = nullptr;
    count_ = 0;
    bytes_ = 0;
}

std::uint32_t Scoreboard::add(SeqRange block) {
    if (block.end <= block.begin) return 0;
    int first = 0;
    while (first < count_ && runs_[first].end < block.begin) ++first;
    // Runs [first, last) touch the block: they become one with it.
    int last = first;
    std::uint32_t known = 0;
    for (; last < count_ && runs_[last].begin <= block.end; ++last) {
        known += runs_[last].size();
        block = {earlier(block.begin, runs_[last].begin), later(block.end, runs_[last].end)};
    }
    if (first == last) {
        if (!make_room()) return 0;
        std::copy_backward(runs_ + first, runs_ + count_, runs_ + count_ + 1);
        ++count_;
    } else {
        std::copy(runs_ + last, runs_ + count_, runs_ + first + 1);
        count_ -= last - first - 1;
    }
    runs_[first] = block;
    bytes_ += block.size() - known;
    return block.size() - known;
}

void Scoreboard::acknowledge(Seq una) {
    if (count_ == 0) return;
    int gone = 0;
    while (gone < count_ && runs_[gone].end <= una) bytes_ -= runs_[gone++].size();
    std::copy(runs_ + gone, runs_ + count_, runs_);
    count_ -= gone;
    if (count_ > 0 && runs_[0].begin < una) {
        bytes_ -= distance(runs_[0].begin, una);
        runs_[0].begin = una;
    }
    if (count_ == 0) clear();
}

}  // namespace holm::net::tcp

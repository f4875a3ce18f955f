#pragma once

// What the sessions of one core share: configuration, the Date cache, the request that is being read in
// place, and a pool of output buffers. A session that waits holds none of these.

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/instant.h"
#include "services/http/date.h"
#include "services/http/drop.h"
#include "services/http/limits.h"
#include "services/http/request.h"

namespace holm::http {

struct Timeouts {
    Duration first_byte = Duration::seconds(10);  // from the connection's start to its first byte
    Duration idle = Duration::seconds(60);        // between requests
    Duration head = Duration::seconds(10);        // from a head's first byte to its last
    // Content and responses: this long, and then at least `rate` bytes a second on average.
    Duration transfer_grace = Duration::seconds(10);
    std::int64_t rate = 1024;
    Duration linger =
        Duration::seconds(2);  // after the last byte of the last response, for the peer to close
};

// The clocks at one moment: nothing here reads them.
struct Time {
    Instant now;
    std::int64_t unix_seconds = 0;
};

class SessionContext {
  public:
    // One output buffer: the heads and small contents of the responses to a batch of pipelined requests.
    static constexpr std::size_t kBlockSize = 8192;
    using Block = std::array<char, kBlockSize>;

    explicit SessionContext(Limits limits = {}, Timeouts timeouts = {})
        : limits_(limits), timeouts_(timeouts) {}

    const Limits& limits() const { return limits_; }
    const Timeouts& timeouts() const { return timeouts_; }
    DateCache& dates() { return dates_; }
    void count(Drop drop) { ++drops_[static_cast<std::size_t>(drop)]; }
    const DropCounters& drops() const { return drops_; }
    DropCounters& drops() { return drops_; }

    // Overwritten by the next session that reads a request.
    Request& scratch() { return scratch_; }

    // Null when memory is exhausted.
    std::unique_ptr<Block> take_block() {
        if (free_.empty()) return std::unique_ptr<Block>(new (std::nothrow) Block);
        std::unique_ptr<Block> block = std::move(free_.back());
        free_.pop_back();
        return block;
    }
    void give_back(std::unique_ptr<Block> block) {
        if (free_.size() < kKeptBlocks) free_.push_back(std::move(block));
    }

  private:
    static constexpr std::size_t kKeptBlocks =
        16;  // 128 KiB; more are in use only while that many peers read slowly

    Limits limits_;
    Timeouts timeouts_;
    DateCache dates_;
    DropCounters drops_{};
    Request scratch_;
    std::vector<std::unique_ptr<Block>> free_;
};

}  // namespace holm::http

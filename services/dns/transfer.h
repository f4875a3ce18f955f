#pragma once

// A whole zone as messages (RFC 5936): the SOA record, everything else, the SOA record again.

#include <optional>

#include "base/bytes.h"
#include "services/dns/message_writer.h"
#include "services/dns/query.h"
#include "services/dns/table.h"
#include "services/dns/transaction.h"

namespace holm::dns {

class Transfer {
  public:
    // The query's question and id are copied, and so is what signs its answers, if that is not null.
    // Precondition: the question's name is that of the zone.
    Transfer(const ZoneTable& table, const table::Zone& zone, const Query& query,
             const Transaction* transaction = nullptr);

    // The next message, of at most 64 KiB; its size, 0 when all has been sent. `unix_time` in seconds.
    // Precondition: `out` has room for one.
    std::size_t next(MutableBytes out, std::uint64_t unix_time);

  private:
    // Below the reach of compression pointers, where RRsets are copied as they are.
    static constexpr std::size_t kUsualSize = 16'000;
    bool add(MessageWriter& writer, std::uint32_t set, NodeView node, std::size_t message_limit);
    bool add_node(MessageWriter& writer, NodeView node);

    const ZoneTable& table_;
    const table::Zone& zone_;
    std::uint16_t id_;
    std::uint16_t flags_;
    std::array<std::byte, kMaximumName + 4> question_;
    std::size_t question_size_;
    std::optional<Transaction> transaction_;
    enum class Phase : std::uint8_t { kFirst, kNodes, kLast, kDone } phase_ = Phase::kFirst;
    std::uint32_t node_ = 0;  // index in the zone's order
    std::uint32_t part_ = 0;  // of the node: twice the index of the set, and 1 for its signatures
};

}  // namespace holm::dns

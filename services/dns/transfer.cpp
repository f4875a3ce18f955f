#include "services/dns/transfer.h"

#include <algorithm>

#include "services/dns/protocol.h"

namespace holm::dns {

using net::wire::DnsHeader;

Transfer::Transfer(const ZoneTable& table, const table::Zone& zone, const Query& query,
                   const Transaction* transaction)
    : table_(table), zone_(zone), id_(query.id), question_size_(query.question.size()) {
    if (transaction != nullptr) transaction_ = *transaction;
    flags_ = DnsHeader::kResponse | DnsHeader::kAuthoritative | (query.flags & DnsHeader::kRecursionDesired);
    std::copy(query.question.begin(), query.question.end(), question_.begin());
}

// In a message that has nothing else an RRset may take all the room.
bool Transfer::add(MessageWriter& writer, std::uint32_t set, NodeView node, std::size_t message_limit) {
    const SetView view = table_.set(set);
    if (!view) return true;
    const Bytes name = node.name();
    const std::size_t apex = table_.node(zone_.apex).name().size();
    const Owner owner{name.first(name.size() > apex ? name.size() - apex : 0), writer.apex()};
    const std::size_t most = kMaximumMessage - (transaction_ ? transaction_->size() : 0);
    writer.limit(writer.count(Section::kAnswer) == 0 ? most : message_limit);
    return writer.add(Section::kAnswer, view, owner);
}

bool Transfer::add_node(MessageWriter& writer, NodeView node) {
    const auto sets = node.sets();
    for (; part_ < sets.size() * 2; ++part_) {
        const table::SetReference& one = sets[part_ / 2];
        if (node.has(table::kApex) && one.type == type::kSoa && part_ % 2 == 0) continue;
        if (!add(writer, part_ % 2 == 0 ? one.set : one.signatures, node, kUsualSize)) return false;
    }
    part_ = 0;
    return true;
}

std::size_t Transfer::next(MutableBytes out, std::uint64_t unix_time) {
    if (phase_ == Phase::kDone) return 0;
    const Bytes question = Bytes(question_).first(question_size_);
    MessageWriter writer(out, question, question_size_ - 4);
    writer.set_apex(question_size_ - 4);
    const NodeView apex = table_.node(zone_.apex);
    const table::SetReference* soa = table_.soa(zone_);
    if (phase_ == Phase::kFirst) {
        add(writer, soa->set, apex, kUsualSize);
        phase_ = Phase::kNodes;
    }
    const auto order = table_.array<std::uint32_t>(zone_.order);
    bool fits = true;
    while (phase_ == Phase::kNodes && fits) {
        if (node_ == order.size()) {
            phase_ = Phase::kLast;
            break;
        }
        const NodeView node = table_.node(order[node_]);
        fits = !node || add_node(writer, node);
        if (fits) ++node_;
    }
    if (phase_ == Phase::kLast && add(writer, soa->set, apex, kUsualSize)) phase_ = Phase::kDone;
    // An RRset that fits no message cannot be there: the compiler bounds them. Of a spoiled table the rest is
    // lost.
    if (writer.count(Section::kAnswer) == 0) phase_ = Phase::kDone;
    writer.finish(id_, flags_);
    // Each message, and with it those before (RFC 8945, section 5.3.1).
    return transaction_ ? transaction_->sign(out, writer.size(), unix_time) : writer.size();
}

}  // namespace holm::dns

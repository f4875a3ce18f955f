#pragma once

// What a zone has to say about a name and type (RFC 1034, section 4.3.2, with RFC 2308, 4035, 4592, 5155,
// 6672 and 9471): puts RRsets into the sections of an answer.

#include "services/dns/message_writer.h"
#include "services/dns/name_key.h"
#include "services/dns/protocol.h"
#include "services/dns/table.h"

namespace holm::dns {

class AnswerMaker {
  public:
    static constexpr std::size_t kMostLinks = 16;  // of a chain of aliases that are followed

    // `dnssec`: signatures are wanted. Precondition: out.set_apex() was called for this zone.
    AnswerMaker(const ZoneTable& table, const table::Zone& zone, MessageWriter& out, bool dnssec)
        : table_(table), zone_(zone), out_(out), dnssec_(dnssec && (zone.flags & table::kSigned) != 0) {}

    // `name` is in the zone; it is used up.
    Code make(NameKey& name, std::uint16_t type);

    bool is_authoritative() const { return authoritative_; }
    // Something that belongs into the answer did not fit.
    bool is_truncated() const { return truncated_; }
    // Which answers are alike, for the rate limit: the name that made it, or all that do not exist.
    std::uint64_t kind() const { return kind_; }

  private:
    enum class Step : std::uint8_t { kDone, kNextLink };
    Step find(NameKey& name, std::uint16_t type);
    Step answer_from(NodeView node, const NameKey& name, std::uint16_t type, std::size_t encloser_label,
                     bool is_wildcard);
    Step follow(NameKey& name);
    Step rename(NodeView node, const NameKey& name, std::size_t label);
    static std::uint64_t kind_of(NodeView node) {
        return reinterpret_cast<std::uintptr_t>(node.name().data());
    }
    // Whether there was anything to be put, be it that it did not fit.
    bool answer_any(NodeView node);
    bool answer_signatures(NodeView node);
    void refer(NodeView cut, const NameKey& name);
    void deny_type(NodeView node, const NameKey& name, std::size_t encloser_label, bool is_wildcard);
    void deny_name(const NameKey& name, std::size_t encloser_label);

    // The RRset with its signatures.
    bool add(Section section, const table::SetReference& reference, const Owner& owner,
             bool is_alias = false);
    void add_negative_soa();
    void add_additional();
    Owner owner_of(NodeView node) const;
    std::size_t apex_size() const { return table_.node(zone_.apex).name().size(); }

    // Proofs of what is not there.
    void prove_no_name(const NameKey& name, std::size_t encloser_label);
    void prove_no_type(NodeView node, const NameKey& name, std::size_t encloser_label, bool is_wildcard);
    void prove_wildcard(const NameKey& name, std::size_t encloser_label);
    void prove_insecure(NodeView cut, const NameKey& name);
    void want_proof(NodeView node);
    void add_proofs();
    NodeView nsec_covering(const NameKey& name) const;
    // The NSEC3 record of a name (that begins at `label`), or the one that shows that there is none.
    struct Hashed {
        NodeView node;
        bool matches = false;
    };
    Hashed nsec3_of(const NameKey& name, std::size_t label) const;
    // Returns where the ancestor begins that was proven to exist.
    std::size_t prove_closest_encloser(const NameKey& name, std::size_t label);
    bool is_nsec() const { return (zone_.flags & table::kNsec) != 0; }

    const ZoneTable& table_;
    const table::Zone& zone_;
    MessageWriter& out_;
    bool dnssec_;
    bool authoritative_ = true;
    bool truncated_ = false;
    Code code_ = Code::kNoError;
    std::uint64_t kind_ = 0;
    Owner owner_;  // of the name in hand
    bool is_first_link_ = true;
    // What the alias before it stands for.
    std::array<std::byte, kMaximumName> target_;
    std::size_t target_size_ = 0;
    std::uint16_t target_pointer_ = 0;
    SetView with_targets_;  // whose addresses are wanted
    std::size_t targets_base_ = 0;
    std::uint16_t targets_type_ = 0;
    // NSEC and NSEC3 records for the authority section, which is written last: each stands there once. A link
    // of a chain needs one, the end of it three.
    std::array<NodeView, kMostLinks + 4> proofs_;
    std::size_t proof_count_ = 0;
};

}  // namespace holm::dns

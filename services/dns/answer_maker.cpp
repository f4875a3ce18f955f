#include "services/dns/answer_maker.h"

#include <algorithm>

namespace holm::dns {

using table::SetReference;

Code AnswerMaker::make(NameKey& name, std::uint16_t type) {
    std::array<std::uint64_t, kMostLinks>
        seen;  // by their hashes: a chain that comes back to a name ends there
    for (std::size_t link = 0; link < seen.size(); ++link) {
        seen[link] = name.hash(0);
        if (find(name, type) == Step::kDone || truncated_) break;
        if (std::ranges::find(seen.begin(), seen.begin() + std::ptrdiff_t(link) + 1, name.hash(0)) !=
            seen.begin() + std::ptrdiff_t(link) + 1)
            break;
        is_first_link_ = false;
    }
    add_proofs();
    if (!truncated_ && with_targets_) add_additional();
    return code_;
}

// RFC 1034, section 4.3.2, step 3.
AnswerMaker::Step AnswerMaker::find(NameKey& name, std::uint16_t type) {
    const NodeView node = table_.find(zone_, name, 0);
    if (is_first_link_) kind_ = name.hash(0);
    if (node) {
        if (node.cut() == 0) {
            const Step step = answer_from(node, name, type, 0, false);
            return step == Step::kNextLink ? follow(name) : step;
        }
        const NodeView cut = table_.node(node.cut());
        if (!cut) return code_ = Code::kServerFailure, Step::kDone;
        // The parent's side of a zone cut has the DS records (RFC 4035, section 3.1.4.1).
        if (cut == node && type == type::kDs) return answer_from(node, name, type, 0, false);
        refer(cut, name);
        return Step::kDone;
    }
    // The closest encloser: ancestors of names that exist do exist, so it can be bisected.
    std::size_t missing = 0, existing = name.labels();
    for (NodeView found; existing - missing > 1;) {
        const std::size_t middle = missing + (existing - missing) / 2;
        found =
            name.size() - name.offset(middle) >= apex_size() ? table_.find(zone_, name, middle) : NodeView();
        if (found || name.size() - name.offset(middle) < apex_size()) {
            existing = middle;
        } else {
            missing = middle;
        }
    }
    const NodeView encloser = table_.find(zone_, name, existing);
    if (!encloser) return code_ = Code::kServerFailure, Step::kDone;
    if (encloser.cut() != 0) {
        const NodeView cut = table_.node(encloser.cut());
        if (cut) refer(cut, name);
        return Step::kDone;
    }
    if (encloser.has(table::kDname)) {
        const Step step = rename(encloser, name, existing);
        return step == Step::kNextLink ? follow(name) : step;
    }
    if (const NodeView wildcard = table_.node(encloser.wildcard())) {
        kind_ = kind_of(wildcard);
        if (wildcard.cut() != 0) {  // "*" with NS records: RFC 4592, section 4.2 leaves it open
            refer(wildcard, name);
            return Step::kDone;
        }
        const Step step = answer_from(wildcard, name, type, existing, true);
        return step == Step::kNextLink ? follow(name) : step;
    }
    kind_ = zone_.apex;
    deny_name(name, existing);
    return Step::kDone;
}

AnswerMaker::Step AnswerMaker::answer_from(NodeView node, const NameKey& name, std::uint16_t type,
                                           std::size_t encloser_label, bool is_wildcard) {
    if (type == type::kAny || type == type::kRrsig) {
        if (type == type::kAny ? answer_any(node) : answer_signatures(node)) {
            if (is_wildcard) prove_wildcard(name, encloser_label);
        } else {
            deny_type(node, name, encloser_label, is_wildcard);
        }
        return Step::kDone;
    }
    const SetReference* found = node.find(type);
    const bool is_alias = found == nullptr && node.has(table::kAlias);
    if (is_alias) found = node.find(type::kCname);
    if (found == nullptr) {
        deny_type(node, name, encloser_label, is_wildcard);
        return Step::kDone;
    }
    const SetView set = table_.set(found->set);
    if (!add(Section::kAnswer, *found, owner_, is_alias)) return Step::kDone;
    if (is_wildcard) prove_wildcard(name, encloser_label);
    if (is_alias) return Step::kNextLink;
    if (!set.targets().empty()) with_targets_ = set;
    targets_type_ = type;
    return Step::kDone;
}

// On with what a CNAME record stands for, if this zone has it: a resolver would not believe us anything about
// names outside.
AnswerMaker::Step AnswerMaker::follow(NameKey& name) {
    if (target_size_ == 0 || name.assign(Bytes(target_).first(target_size_)) == 0) return Step::kDone;
    std::size_t label = 0;
    if (table_.find_zone(name, label) != &zone_) return Step::kDone;
    // What stands in front of the zone's name, and a pointer to that: wherever the record lies, this is in
    // reach.
    owner_ = target_pointer_ != 0 ? Owner{{}, target_pointer_}
                                  : Owner{Bytes(target_).first(target_size_ - apex_size()), out_.apex()};
    return Step::kNextLink;
}

// RFC 6672, section 3.2: the name without what the DNAME record's owner covers, and its target in place of
// that.
AnswerMaker::Step AnswerMaker::rename(NodeView node, const NameKey& name, std::size_t label) {
    kind_ = kind_of(node);
    const SetReference* set = node.find(type::kDname);
    if (set == nullptr || !add(Section::kAnswer, *set, owner_of(node), true) || target_size_ == 0)
        return Step::kDone;
    std::array<std::byte, kMaximumName> target;
    const std::size_t kept = name.offset(label);
    if (kept + target_size_ > target.size()) {
        code_ = Code::kNameTooLong;
        return Step::kDone;
    }
    const Bytes spelled = is_first_link_ ? out_.name() : name.lower();
    std::copy_n(spelled.begin(), kept, target.begin());
    std::copy_n(target_.begin(), target_size_, target.begin() + std::ptrdiff_t(kept));
    const std::uint32_t ttl = table_.set(set->set).ttl();
    const std::size_t size = kept + target_size_;
    if (!out_.add_record(Section::kAnswer, owner_, type::kCname, kind::kInternet, ttl,
                         Bytes(target).first(size))) {
        truncated_ = true;
        return Step::kDone;
    }
    target_size_ = out_.read_target(target_, target_pointer_);
    return Step::kNextLink;
}

// One RRset is enough (RFC 8482, section 4.1): the smallest, so that nobody asks in order to have much sent.
bool AnswerMaker::answer_any(NodeView node) {
    const SetReference* smallest = nullptr;
    for (const SetReference& one : node.sets()) {
        const SetView set = table_.set(one.set);
        if (!set || one.type == type::kNsec || one.type == type::kNsec3) continue;
        if (smallest == nullptr || set.image().size() < table_.set(smallest->set).image().size())
            smallest = &one;
    }
    if (smallest != nullptr) add(Section::kAnswer, *smallest, owner_);
    return smallest != nullptr;
}

bool AnswerMaker::answer_signatures(NodeView node) {
    bool found = false;
    for (const SetReference& one : node.sets()) {
        const SetView signatures = table_.set(one.signatures);
        if (signatures && !out_.add(Section::kAnswer, signatures, owner_)) truncated_ = true;
        found = found || signatures;
    }
    return found;
}

void AnswerMaker::refer(NodeView cut, const NameKey& name) {
    kind_ = kind_of(cut);  // whatever was asked for below it
    if (is_first_link_) authoritative_ = false;
    const SetReference* servers = cut.find(type::kNs);
    if (servers == nullptr) return;
    const SetView set = table_.set(servers->set);
    const Owner owner = owner_of(cut);
    if (!set || !out_.add(Section::kAuthority, set, owner)) {
        truncated_ = true;
        return;
    }
    with_targets_ = set;
    targets_base_ = out_.base();
    if (!dnssec_) return;
    if (const SetReference* secure = cut.find(type::kDs)) {
        add(Section::kAuthority, *secure, owner);
    } else {
        prove_insecure(cut, name);
    }
}

void AnswerMaker::deny_type(NodeView node, const NameKey& name, std::size_t encloser_label,
                            bool is_wildcard) {
    add_negative_soa();
    if (dnssec_ && !truncated_) prove_no_type(node, name, encloser_label, is_wildcard);
}

void AnswerMaker::deny_name(const NameKey& name, std::size_t encloser_label) {
    code_ = Code::kNameError;
    add_negative_soa();
    if (dnssec_ && !truncated_) prove_no_name(name, encloser_label);
}

bool AnswerMaker::add(Section section, const SetReference& reference, const Owner& owner, bool is_alias) {
    const SetView set = table_.set(reference.set);
    if (!set || !out_.add(section, set, owner)) {
        truncated_ = true;
        return false;
    }
    if (is_alias) target_size_ = out_.read_target(target_, target_pointer_);
    if (!set.targets().empty()) targets_base_ = out_.base();
    if (!dnssec_) return true;
    const SetView signatures = table_.set(reference.signatures);
    if (!signatures) return true;
    const Owner again =
        owner.labels.empty() || out_.owner_place() == 0 ? owner : Owner{{}, out_.owner_place()};
    if (out_.add(section, signatures, again)) return true;
    truncated_ = true;
    return false;
}

void AnswerMaker::add_negative_soa() {
    if (const SetReference* soa = table_.negative_soa(zone_))
        add(Section::kAuthority, *soa, {{}, out_.apex()});
}

// Addresses are a convenience, but for glue: without it the answer is of no use, and the client has to know
// that some did not fit (RFC 9471, section 3.1).
void AnswerMaker::add_additional() {
    const std::size_t base = targets_base_;
    for (const table::Target& target : with_targets_.targets()) {
        const NodeView node = table_.node(target.node);
        const std::uint16_t place = out_.place_of(target, base);
        if (!node || place == 0) continue;
        // Of SVCB and HTTPS records their like too, which an alias leads to (RFC 9460, section 4.1).
        for (const std::uint16_t type : {type::kA, type::kAaaa, type::kSvcb, type::kHttps}) {
            if (type >= type::kSvcb && type != targets_type_) continue;
            const SetReference* addresses = node.find(type);
            if (addresses == nullptr) continue;
            const SetView set = table_.set(addresses->set);
            if (set && !out_.add(Section::kAdditional, set, {{}, place})) {
                truncated_ = truncated_ || target.required != 0;
                continue;
            }
            // Signatures only if they fit (RFC 4035, section 3.1.1).
            const SetView signatures = dnssec_ ? table_.set(addresses->signatures) : SetView();
            if (signatures) out_.add(Section::kAdditional, signatures, {{}, place});
        }
    }
}

Owner AnswerMaker::owner_of(NodeView node) const {
    const Bytes name = node.name();
    const std::size_t apex = apex_size();
    if (name.size() <= apex) return {{}, out_.apex()};
    return {name.first(name.size() - apex), out_.apex()};
}

}  // namespace holm::dns

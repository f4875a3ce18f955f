// Proofs of what is not there: NSEC (RFC 4035, section 3.1.3) and NSEC3 (RFC 5155, section 7.2).

#include <algorithm>
#include <cstring>

#include "base/sha1.h"
#include "services/dns/answer_maker.h"

namespace holm::dns {

using table::Nsec3;
using table::SetReference;

// Once: several proofs may need the same record.
void AnswerMaker::want_proof(NodeView node) {
    const auto end = proofs_.begin() + std::ptrdiff_t(proof_count_);
    if (node && proof_count_ < proofs_.size() && std::find(proofs_.begin(), end, node) == end)
        proofs_[proof_count_++] = node;
}

void AnswerMaker::add_proofs() {
    for (std::size_t i = 0; i < proof_count_ && !truncated_; ++i) {
        const SetReference* set = proofs_[i].find(is_nsec() ? type::kNsec : type::kNsec3);
        if (set != nullptr) add(Section::kAuthority, *set, owner_of(proofs_[i]));
    }
}

// The last one in canonical order that is not behind the name; before the first is the last.
NodeView AnswerMaker::nsec_covering(const NameKey& name) const {
    const auto order = table_.array<std::uint32_t>(zone_.denial);
    if (order.empty()) return {};
    const auto behind =
        std::upper_bound(order.begin(), order.end(), name, [this](const NameKey& key, std::uint32_t offset) {
            const NodeView node = table_.node(offset);
            return key.compare(node ? node.name() : Bytes()) < 0;
        });
    return table_.node(behind == order.begin() ? order.back() : *(behind - 1));
}

// RFC 5155, section 5: SHA-1 of the name in lower case and the salt, again and again with the salt.
AnswerMaker::Hashed AnswerMaker::nsec3_of(const NameKey& name, std::size_t label) const {
    const auto entries = table_.array<Nsec3>(zone_.denial);
    if (entries.empty()) return {};
    const Bytes salt = table_.text(zone_.salt);
    std::array<std::byte, kMaximumName + 255> input;
    const Bytes lower = name.lower(label);
    if (salt.size() > 255) return {};
    Sha1Digest digest;
    const auto hash = [&](Bytes value) {
        std::copy(value.begin(), value.end(), input.begin());
        std::copy(salt.begin(), salt.end(), input.begin() + std::ptrdiff_t(value.size()));
        digest = sha1(Bytes(input).first(value.size() + salt.size()));
    };
    hash(lower);
    for (unsigned i = 0; i < zone_.iterations; ++i) hash(std::as_bytes(std::span(digest)));
    const auto behind = std::upper_bound(entries.begin(), entries.end(), digest,
                                         [](const Sha1Digest& left, const Nsec3& right) {
                                             return std::memcmp(left.data(), right.hash, left.size()) < 0;
                                         });
    const Nsec3& entry = behind == entries.begin() ? entries.back() : *(behind - 1);
    return {table_.node(entry.node), std::memcmp(entry.hash, digest.data(), digest.size()) == 0};
}

// Section 7.2.1: the record of an ancestor, and one that shows that the name below it on the way to `name`
// does not exist. `label`: where the ancestor begins. Names of insecure delegations may have no record of
// their own (opt-out), nor may names that only lead to them: then it is the next above that has one.
std::size_t AnswerMaker::prove_closest_encloser(const NameKey& name, std::size_t label) {
    Hashed encloser = nsec3_of(name, label);
    while (!encloser.matches && label < name.labels() && name.size() - name.offset(label) > apex_size())
        encloser = nsec3_of(name, ++label);
    if (encloser.matches) want_proof(encloser.node);
    if (label > 0) want_proof(nsec3_of(name, label - 1).node);
    return label;
}

void AnswerMaker::prove_no_name(const NameKey& name, std::size_t encloser_label) {
    NameKey wildcard;
    if (is_nsec()) {
        want_proof(nsec_covering(name));
        if (wildcard.assign_wildcard(name, encloser_label)) want_proof(nsec_covering(wildcard));
        return;
    }
    // The wildcard is that of the ancestor which is proven to exist: a validator knows of no other.
    const std::size_t proven = prove_closest_encloser(name, encloser_label);
    if (wildcard.assign_wildcard(name, proven)) want_proof(nsec3_of(wildcard, 0).node);
}

void AnswerMaker::prove_no_type(NodeView node, const NameKey& name, std::size_t encloser_label,
                                bool is_wildcard) {
    if (is_nsec()) {
        // A name without records has no NSEC either: the one that covers it says what comes behind.
        if (node.find(type::kNsec) != nullptr) {
            want_proof(node);
        } else if (!is_wildcard) {
            want_proof(nsec_covering(name));
        } else if (NameKey wildcard; wildcard.assign_wildcard(name, encloser_label)) {
            want_proof(nsec_covering(wildcard));
        }
        if (is_wildcard) want_proof(nsec_covering(name));
        return;
    }
    if (is_wildcard) {
        NameKey wildcard;
        prove_closest_encloser(name, encloser_label);
        if (wildcard.assign_wildcard(name, encloser_label)) want_proof(nsec3_of(wildcard, 0).node);
        return;
    }
    const Hashed own = nsec3_of(name, 0);
    if (own.matches) {
        want_proof(own.node);
    } else {
        prove_closest_encloser(name, 0);
    }
}

// The name itself must not exist (RFC 4035, section 3.1.3.3; RFC 5155, section 7.2.6).
void AnswerMaker::prove_wildcard(const NameKey& name, std::size_t encloser_label) {
    if (!dnssec_ || truncated_ || encloser_label == 0) return;
    if (is_nsec()) {
        want_proof(nsec_covering(name));
    } else {
        want_proof(nsec3_of(name, encloser_label - 1).node);
    }
}

// The delegation has no DS records (RFC 4035, section 3.1.4; RFC 5155, section 7.2.7).
void AnswerMaker::prove_insecure(NodeView cut, const NameKey& name) {
    if (is_nsec()) return want_proof(cut);
    const std::size_t size = cut.name().size();
    std::size_t label = 0;
    while (label < name.labels() && name.size() - name.offset(label) > size) ++label;
    const Hashed own = nsec3_of(name, label);
    if (own.matches) {
        want_proof(own.node);
    } else {
        prove_closest_encloser(name, label);
    }
}

}  // namespace holm::dns

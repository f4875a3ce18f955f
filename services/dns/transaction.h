#pragma once

// A question and its answers, signed with a key that both sides know (TSIG, RFC 8945). The one algorithm is
// hmac-sha256. Nothing is allocated.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"
#include "base/hmac_sha256.h"
#include "services/dns/table.h"
#include "services/dns/tsig_record.h"

namespace holm::dns {

// What is wrong with a signature (section 3), as the record of the answer says it.
enum class TsigError : std::uint16_t {
    kNone = 0,
    kBadSignature = 16,
    kBadKey = 17,
    kBadTime = 18,
    kBadTruncation = 22,
    kMalformed = 0xffff,  // said by FORMERR in the header
};

class Transaction {
  public:
    // hmac-sha256, as a name on the wire.
    static constexpr std::string_view kAlgorithm{"\13hmac-sha256", 13};
    static constexpr std::uint16_t kFudge = 300;         // seconds; section 10 recommends it
    static constexpr std::size_t kLongestKeyName = 120;  // so that a signature fits beside any question
    // Of the record that signs a message.
    static constexpr std::size_t kMostRoom =
        kLongestKeyName + 10 + kAlgorithm.size() + HmacSha256::kSize + 22;

    // That of a query which came with this record; it is judged. Times are Unix times in seconds.
    Transaction(const ZoneTable& table, Bytes query, const TsigRecord& record, std::uint64_t now);
    // One that begins with a message of our own, signed with this key of the table, from 1.
    Transaction(const ZoneTable& table, std::uint16_t key);

    TsigError error() const { return error_; }
    // Which key of the table, from 1, the query is signed with; 0 if it is not, or not well.
    std::uint16_t key() const { return error_ == TsigError::kNone ? key_ : 0; }

    // How many bytes sign() adds.
    std::size_t size() const;
    // Signs the next message, of `size` bytes, which is complete; its size then. Precondition: there is room,
    // and the error is not kMalformed.
    std::size_t sign(MutableBytes out, std::size_t size, std::uint64_t now);
    // Whether a message is an answer to the one signed last, by who knows the key.
    bool is_answered_by(Bytes message, std::uint64_t now) const;

  private:
    bool is_signed() const { return error_ != TsigError::kBadKey && error_ != TsigError::kBadSignature; }
    std::size_t other_size() const { return error_ == TsigError::kBadTime ? 6 : 0; }
    Sha256Digest digest(std::initializer_list<Bytes> pieces) const;
    // What a received message must have for its MAC.
    Sha256Digest digest_of(Bytes message, const TsigRecord& record) const;

    LowerName name_;
    LowerName algorithm_;
    Bytes secret_;
    std::uint16_t key_ = 0;
    TsigError error_ = TsigError::kNone;
    // Of the message before, which goes into the signature of the next (sections 5.3 and 5.3.1).
    std::array<std::byte, HmacSha256::kSize> mac_;
    std::size_t mac_size_ = 0;
    bool is_first_ = true;
    // What the query says, for an answer that must be believed by a clock that is wrong (section 5.2.3).
    std::uint64_t their_time_ = 0;
    std::uint16_t their_fudge_ = 0;
};

}  // namespace holm::dns

#include "services/dns/transaction.h"

#include <cstring>

#include "net/wire/dns.h"
#include "net/wire/layout.h"

namespace holm::dns {

using net::wire::DnsHeader;
using net::wire::DnsRecordTail;

namespace {

// Bytes behind one another. Precondition: there is room for all of them.
class Pieces {
  public:
    explicit Pieces(MutableBytes room) : room_(room) {}
    void put(Bytes bytes) {
        if (!bytes.empty()) std::memcpy(room_.data() + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
    }
    template <typename Number>
    void put_number(Number number) {
        const NetworkOrder<Number> wire(number);
        put(std::as_bytes(std::span(&wire, 1)));
    }
    void put_u16(std::size_t number) { put_number(static_cast<std::uint16_t>(number)); }
    void put_time(std::uint64_t time) {
        put_u16(time >> 32);
        put_number(static_cast<std::uint32_t>(time));
    }
    Bytes bytes() const { return Bytes(room_).first(size_); }

  private:
    MutableBytes room_;
    std::size_t size_ = 0;
};

// What a MAC covers beside the message (section 4.3.3): names, class, TTL, time, fudge, error, other data.
using Variables = std::array<std::byte, 2 * kMaximumName + 2 + 4 + 6 + 2 + 2 + 2 + 6>;

}  // namespace

Transaction::Transaction(const ZoneTable& table, Bytes query, const TsigRecord& record, std::uint64_t now)
    : name_(record.key), algorithm_(record.algorithm), their_time_(record.time), their_fudge_(record.fudge) {
    const auto keys = table.array<table::Key>(table.header().keys);
    const auto known = std::ranges::find_if(keys, [&](const table::Key& one) {
        const Bytes name = table.text(one.name);
        return name.size() <= kLongestKeyName && std::ranges::equal(name, name_.wire());
    });
    if (known == keys.end() || as_text(algorithm_.wire()) != kAlgorithm) {
        error_ = TsigError::kBadKey;
        return;
    }
    key_ = static_cast<std::uint16_t>(known - keys.begin() + 1);
    secret_ = table.text(known->secret);
    // Section 5.2.2.1.
    if (record.mac.size() > HmacSha256::kSize || record.mac.size() < HmacSha256::kSize / 2) {
        error_ = TsigError::kMalformed;
        return;
    }
    const Sha256Digest wanted = digest_of(query, record);
    if (!are_equal_in_constant_time(std::as_bytes(std::span(wanted)).first(record.mac.size()), record.mac)) {
        error_ = TsigError::kBadSignature;
        return;
    }
    mac_size_ = record.mac.size();
    std::memcpy(mac_.data(), record.mac.data(), mac_size_);
    const std::uint64_t apart = std::max(now, record.time) - std::min(now, record.time);
    if (apart > record.fudge) {
        error_ = TsigError::kBadTime;
    } else if (mac_size_ < HmacSha256::kSize) {
        error_ = TsigError::kBadTruncation;
    }
}

Transaction::Transaction(const ZoneTable& table, std::uint16_t key)
    : algorithm_(as_bytes(kAlgorithm)), key_(key) {
    const auto keys = table.array<table::Key>(table.header().keys);
    // Of a spoiled table: nobody knows such a key.
    if (key == 0 || key > keys.size() || table.text(keys[key - 1].name).size() > kLongestKeyName) {
        error_ = TsigError::kBadKey;
        return;
    }
    name_ = LowerName(table.text(keys[key - 1].name));
    secret_ = table.text(keys[key - 1].secret);
}

Sha256Digest Transaction::digest(std::initializer_list<Bytes> pieces) const {
    HmacSha256 hmac(secret_);
    if (mac_size_ != 0) {
        const NetU16 size(static_cast<std::uint16_t>(mac_size_));
        hmac.add(std::as_bytes(std::span(&size, 1)));
        hmac.add(Bytes(mac_).first(mac_size_));
    }
    for (const Bytes piece : pieces) hmac.add(piece);
    return hmac.finish();
}

Sha256Digest Transaction::digest_of(Bytes message, const TsigRecord& record) const {
    // As it was before the record was added.
    auto header = net::wire::load<DnsHeader>(message);
    header.id = record.original_id;
    header.additionals = static_cast<std::uint16_t>(header.additionals - 1);
    const Bytes rest = message.subspan(sizeof(header), record.begin - sizeof(header));
    Variables room;
    Pieces variables(room);
    variables.put(record.key.wire());
    variables.put_u16(kind::kAny);
    variables.put_number(std::uint32_t{0});  // TTL
    variables.put(record.algorithm.wire());
    variables.put_time(record.time);
    variables.put_u16(record.fudge);
    variables.put_u16(record.error);
    variables.put_u16(record.other.size());
    return digest({std::as_bytes(std::span(&header, 1)), rest, variables.bytes(), record.other});
}

std::size_t Transaction::size() const {
    return name_.wire().size() + sizeof(DnsRecordTail) + algorithm_.wire().size() + 6 + 2 + 2 +
           (is_signed() ? HmacSha256::kSize : 0) + 2 + 2 + 2 + other_size();
}

std::size_t Transaction::sign(MutableBytes out, std::size_t size, std::uint64_t now) {
    // Who is told that its clock is wrong must believe that in spite of its clock.
    const bool is_late = error_ == TsigError::kBadTime;
    std::array<std::byte, 8> timers;
    Pieces times(timers);
    times.put_time(is_late ? their_time_ : now);
    times.put_u16(is_late ? their_fudge_ : kFudge);
    std::array<std::byte, 6> our_time;
    Pieces(our_time).put_time(now);
    const Bytes other = Bytes(our_time).first(other_size());
    const auto error = static_cast<std::uint16_t>(error_);

    const auto header = net::wire::load<DnsHeader>(out);
    if (is_signed()) {
        Variables room;
        Pieces variables(room);
        if (is_first_) {
            variables.put(name_.wire());
            variables.put_u16(kind::kAny);
            variables.put_number(std::uint32_t{0});  // TTL
            variables.put(algorithm_.wire());
        }
        variables.put(timers);
        if (is_first_) {
            variables.put_u16(error);
            variables.put_u16(other.size());
            variables.put(other);
        }
        const Sha256Digest mac = digest({Bytes(out).first(size), variables.bytes()});
        std::memcpy(mac_.data(), mac.data(), mac.size());
        mac_size_ = mac.size();
        is_first_ = false;
    }
    Pieces record(out.subspan(size));
    const std::size_t data_size = this->size() - name_.wire().size() - sizeof(DnsRecordTail);
    const DnsRecordTail tail{type::kTsig, kind::kAny, 0, static_cast<std::uint16_t>(data_size)};
    record.put(name_.wire());
    record.put(std::as_bytes(std::span(&tail, 1)));
    record.put(algorithm_.wire());
    record.put(timers);
    record.put_u16(is_signed() ? mac_.size() : 0);
    if (is_signed()) record.put(mac_);
    record.put_number(static_cast<std::uint16_t>(header.id));
    record.put_u16(error);
    record.put_u16(other.size());
    record.put(other);
    auto counted = header;
    counted.additionals = static_cast<std::uint16_t>(header.additionals + 1);
    net::wire::store(out, counted);
    return size + record.bytes().size();
}

bool Transaction::is_answered_by(Bytes message, std::uint64_t now) const {
    const auto record = TsigRecord::find(message);
    if (!record || !(record->key == name_) || !(record->algorithm == algorithm_) || record->error != 0)
        return false;
    const std::uint64_t apart = std::max(now, record->time) - std::min(now, record->time);
    const Sha256Digest wanted = digest_of(message, *record);
    return apart <= record->fudge &&
           are_equal_in_constant_time(std::as_bytes(std::span(wanted)), record->mac);
}

}  // namespace holm::dns

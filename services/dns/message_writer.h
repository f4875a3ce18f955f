#pragma once

// Puts an answer together: the question as it was asked, RRsets out of the zone table, records made on the
// spot. Whatever does not fit is not begun. Nothing is allocated.

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "net/wire/dns.h"
#include "services/dns/table.h"

namespace holm::dns {

enum class Section : std::uint8_t { kAnswer, kAuthority, kAdditional };

// How a record says whose it is: labels, and a pointer to where the rest of the name stands in the message.
struct Owner {
    Bytes labels;
    std::uint16_t pointer = 0xc00c;  // as on the wire
};

class MessageWriter {
  public:
    static constexpr std::uint16_t kPointer = 0xc000;
    static constexpr std::size_t kPointerRange =
        0x4000;  // where a pointer can lead (RFC 1035, section 4.1.4)

    // The header and the question, whose bytes (name, type, class) are taken from the query; empty: without a
    // question. Precondition: both fit `out`.
    MessageWriter(MutableBytes out, Bytes question, std::size_t name_size);

    // No more than this from now on; what is there stays.
    void limit(std::size_t size) { limit_ = size; }
    std::size_t size() const { return size_; }
    // The name in question, as it was spelled.
    Bytes name() const { return Bytes(out_).subspan(sizeof(net::wire::DnsHeader), name_size_); }
    // The pointer to the zone's name, which the name in question ends with.
    void set_apex(std::size_t apex_size) {
        apex_ =
            static_cast<std::uint16_t>(kPointer | (sizeof(net::wire::DnsHeader) + name_size_ - apex_size));
    }
    std::uint16_t apex() const { return apex_; }

    // The RRset. False if it does not fit.
    bool add(Section section, SetView set, const Owner& owner);
    // One record made of pieces.
    bool add_record(Section section, const Owner& owner, std::uint16_t type, std::uint16_t kind,
                    std::uint32_t ttl, Bytes data);

    // A record that is complete.
    bool add_whole(Section section, Bytes record);

    // Where the RRset that was added last stands, for place_of().
    std::size_t base() const { return base_; }
    // Where the name of a target of the RRset at `base` stands, as a pointer; 0 if out of reach.
    std::uint16_t place_of(const table::Target& target, std::size_t base) const;
    // The name that the record begins its data with which was added last, if it was the only one: without
    // compression, and as a pointer (0 if out of reach). Its size; 0 if there is none.
    std::size_t read_target(std::array<std::byte, kMaximumName>& name, std::uint16_t& pointer) const;
    // Where the owner of what was added last stands; 0 if out of reach.
    std::uint16_t owner_place() const { return owner_place_; }

    // Everything behind the question goes.
    void clear_records();
    // Writes the header. Precondition: the additional section is complete.
    void finish(std::uint16_t id, std::uint16_t flags);
    std::uint16_t count(Section section) const { return counts_[static_cast<std::size_t>(section)]; }

  private:
    bool add_expanded(Section section, SetView set, const Owner& owner);
    bool put(Bytes bytes);
    bool put_apex();
    const table::Fixup* find_fixup(SetView set, std::size_t at) const;
    bool put_data(SetView set, std::size_t from, std::size_t to);
    bool put_name(SetView set, std::size_t from, int depth);
    void count_records(Section section, std::size_t records) {
        counts_[static_cast<std::size_t>(section)] = static_cast<std::uint16_t>(count(section) + records);
    }

    MutableBytes out_;
    std::size_t name_size_;
    std::size_t question_end_;
    std::size_t size_;
    std::size_t limit_;
    std::size_t base_ = 0;  // of the image added last; kPointerRange and more: not usable
    std::size_t data_ = 0;  // of the record added last
    std::uint16_t apex_ = 0;
    std::uint16_t owner_place_ = 0;
    bool has_question_;
    std::array<std::uint16_t, 3> counts_{};
};

}  // namespace holm::dns

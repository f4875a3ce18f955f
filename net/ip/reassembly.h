#pragma once

// Putting fragmented datagrams of both families together again (RFC 791, section 3.2; RFC 8200, section 4.5;
// RFC 815 for the idea of tracking what is there).
//
// Bounds: kDatagrams at a time, kDatagramsOfOne of one sender, kMemory bytes for all. Where there is no more
// room, the oldest datagram of a sender that has most of them gives way, where memory is short the longest
// one: nobody takes all the room from others. A datagram has one buffer, as long as what has come of it asks
// for, kRuns separate stretches in it, and kTimeout from its first fragment. Nothing is allocated before the
// first fragment comes. A fragment that overlaps another is an attack or a mistake (RFC 5722): its datagram
// is dropped, and so is what else comes of it until its time is over. Bytes that come twice and are the same
// are a duplicate of the network's.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/instant.h"
#include "net/drop.h"
#include "net/wire/ipv4.h"

namespace holm::net::ip {

// A fragment of a datagram of either family.
struct Fragment {
    IpAddress source, destination;
    std::uint32_t identification = 0;
    std::uint8_t protocol = 0;  // IPv4 tells datagrams apart by it too; 0 for IPv6
    std::uint16_t offset = 0;   // bytes
    bool more = false;
    Bytes header;  // what goes in front of the whole datagram if this is its first fragment: at most 60 bytes
    Bytes payload;
};

class Reassembler {
  public:
    static constexpr std::size_t kDatagrams = 64;
    static constexpr std::size_t kDatagramsOfOne = 8;
    static constexpr std::size_t kMemory = std::size_t{8} * (60 + 65'535);  // eight of the longest
    static constexpr std::size_t kRuns = 32;
    static constexpr Duration kTimeout = Duration::seconds(60);  // RFC 8200; RFC 1122 has 60 to 120

    // A datagram, or its beginning: the first fragment's header and what follows it without a gap.
    struct Datagram {
        std::unique_ptr<std::byte[]> memory;
        MutableBytes bytes;  // inside of memory, header first
        std::uint16_t header_length = 0;
        std::uint32_t longest = 0;  // bytes of the longest fragment, header and payload
        IpAddress source, destination;
    };

    explicit Reassembler(Counters& counters) : counters_(counters) {}

    // Takes a fragment; gives the datagram when it was the last one missing.
    std::optional<Datagram> add(Instant now, const Fragment& fragment);
    // `packet`: header first, exactly header.total_length bytes.
    std::optional<Datagram> add(Instant now, const wire::Ipv4Header& header, Bytes packet);

    // The next datagram whose time is over, if its first fragment has come (RFC 792: then its sender is
    // told); to be called until there is none.
    std::optional<Datagram> expire(Instant now);
    Instant next_deadline() const { return deadline_; }

  private:
    // A stretch of the payload that is there.
    struct Run {
        std::uint32_t begin;
        std::uint32_t end;
    };
    struct Slot {
        bool used = false;
        std::uint8_t held = 0;                // datagrams of the same sender, this one included
        std::uint32_t room = 0;               // bytes of memory
        std::unique_ptr<std::byte[]> memory;  // null: the datagram is spoilt, what comes of it is dropped
        IpAddress source, destination;
        std::uint32_t identification = 0;
        std::uint8_t protocol = 0;
        std::uint16_t header_length = 0;  // 0: the first fragment is missing
        std::uint32_t total = 0;          // payload bytes; 0: the last fragment is missing
        std::uint32_t longest = 0;        // fragment
        std::size_t run_count = 0;
        std::array<Run, kRuns> runs{};  // ascending, with gaps between them
        Instant deadline;
    };
    enum class Insertion : std::uint8_t { kAdded, kKnown, kRefused };

    std::span<Slot> slots() { return {slots_.get(), slots_ ? kDatagrams : 0}; }
    std::span<const Slot> slots() const { return {slots_.get(), slots_ ? kDatagrams : 0}; }
    Slot* find(const Fragment& fragment);
    Slot* claim(Instant now, const Fragment& fragment);
    // One that is free, if need be because another datagram has given way. Null: there is no memory at all.
    Slot* place(const IpAddress& source);
    // The one that gives way to others, or null. For memory: the one that has most of it, but not `except`.
    Slot* victim(const Slot* except, bool for_memory);
    // Makes room for so many bytes of payload. False: the heap has none.
    bool grow(Slot& slot, std::uint32_t payload);
    void free_memory(Slot& slot);
    void release(Slot& slot);
    static Insertion insert(Slot& slot, Run run, Bytes payload);
    Datagram take(Slot& slot, std::uint32_t payload);
    void spoil(Slot& slot, Drop reason);
    void update_deadline();

    Counters& counters_;
    std::unique_ptr<Slot[]> slots_;  // kDatagrams of them
    std::size_t memory_ = 0;         // bytes of all buffers
    Instant deadline_ =
        Instant::never();  // of the oldest datagram: asked for in each round, fragments are rare
};

}  // namespace holm::net::ip

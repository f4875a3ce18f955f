#pragma once

// Putting fragmented datagrams of both families together again (RFC 791, section 3.2; RFC 8200, section 4.5;
// RFC 815 for the idea of tracking what is there).
//
// Bounds: kDatagrams at a time (then the oldest gives way, of the sender that has most of them: nobody takes
// all the room from others), each with one buffer of 64 KiB that is touched
// only where fragments lie, kRuns separate stretches of it, kTimeout from its first fragment. A fragment that
// overlaps another is an attack or a mistake (RFC 5722): its datagram is dropped, and so is what else comes
// of it until its time is over. Bytes that come twice and are the same are a duplicate of the network's.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

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
    static constexpr std::size_t kDatagrams = 8;
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

    Slot* find(const Fragment& fragment);
    Slot* claim(Instant now, const Fragment& fragment);
    // The one that is free, or is to be.
    Slot& place();
    static Insertion insert(Slot& slot, Run run, Bytes payload);
    Datagram take(Slot& slot, std::uint32_t payload);
    void spoil(Slot& slot, Drop reason);
    void update_deadline();

    Counters& counters_;
    std::array<Slot, kDatagrams> slots_;
    Instant deadline_ =
        Instant::never();  // of the oldest datagram: asked for in each round, fragments are rare
};

}  // namespace holm::net::ip

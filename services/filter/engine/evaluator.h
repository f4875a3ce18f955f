#pragma once

// Walks a packet through a chain of compiled rules. Bounded: operations only lead ahead, chains nest at most
// kJumpDepth deep, and a packet that has met kSteps operations is dropped and counted. Nothing is allocated
// but at the start.

#include <cstdint>
#include <memory>
#include <span>

#include "base/instant.h"
#include "services/filter/table/table.h"
#include "services/packet/packet.h"

namespace holm::filter {

struct RuleCounter {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  // of IP packets
};

// Takes what rules with `log` have to say.
class LogSink {
  public:
    virtual void log(Instant now, std::string_view prefix, std::uint32_t level,
                     const packet::Packet& packet) = 0;

  protected:
    ~LogSink() = default;
};

// A packet as rules see it.
struct Subject {
    explicit Subject(packet::Packet& of);

    packet::Packet& packet;
    const std::uint8_t* network;
    const std::uint8_t* transport;
    std::uint32_t length;            // of the IP packet
    std::uint32_t transport_length;  // 0 in later fragments
    std::uint16_t in_interface = 0;  // numbers of the table's names
    std::uint16_t out_interface = 0;
    std::uint64_t in_patterns = 0;
    std::uint64_t out_patterns = 0;
    std::uint32_t state = kStateInvalid;
    std::uint32_t status = 0;
    std::uint32_t* connection_mark = nullptr;  // null: there is no connection
    bool reply = false;
    bool notrack = false;  // a rule said so
};

struct Outcome {
    enum class Kind : std::uint8_t { kAccept, kDrop, kReject, kTranslate };
    Kind kind = Kind::kAccept;
    std::uint32_t index = 0;      // of the rejection or the translation
    std::uint32_t value = kMiss;  // of the translation's map: a constant
};

class Evaluator {
  public:
    static constexpr std::uint32_t kSteps = 1U << 20U;

    // The table outlives the evaluator.
    explicit Evaluator(const Table& table);

    Outcome run(const Chain& chain, Subject& subject, Instant now);

    std::span<const RuleCounter> counters() const { return {counters_.get(), table_.counters().size()}; }
    std::uint64_t exhausted() const { return exhausted_; }
    void set_log(LogSink* sink) { log_ = sink; }

  private:
    struct LimitState {
        std::uint64_t tokens = 0;  // nanoseconds
        std::uint64_t full = 0;
        std::int64_t last = 0;
    };

    bool load(Field field, const Subject& subject, std::uint64_t& value) const;
    // Null: the packet has no such address.
    const std::uint8_t* load_wide(Field field, const Subject& subject) const;
    bool compare(const Operation& operation, const Subject& subject) const;
    bool compare_wide(const Operation& operation, const Subject& subject) const;
    // False: the packet has no such key.
    bool find(const Set& set, const Subject& subject, std::uint32_t& value) const;
    bool within(std::uint32_t limit, const Subject& subject, Instant now);
    bool set_mark(const Operation& operation, Subject& subject);

    const Table& table_;
    std::unique_ptr<RuleCounter[]> counters_;
    std::unique_ptr<LimitState[]> limits_;
    LogSink* log_ = nullptr;
    std::uint64_t exhausted_ = 0;
};

}  // namespace holm::filter

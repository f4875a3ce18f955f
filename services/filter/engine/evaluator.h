#pragma once

// Walks a packet through a chain of compiled rules. Bounded: operations only lead ahead, chains nest at most
// kJumpDepth deep, and a packet that has met kSteps operations is dropped and counted. Nothing is allocated
// but at the start.

#include <array>
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
    // What Field::kMetaIif to kMetaOifNames stand for, in their order.
    std::array<std::uint64_t, 4> interfaces{};
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

    // False: the packet has no such field. Most rules ask for an interface.
    static bool load(Field field, const Subject& subject, std::uint64_t& value) {
        const std::size_t place = std::size_t(field) - std::size_t(Field::kMetaIif);
        if (place >= subject.interfaces.size()) return load_other(field, subject, value);
        value = subject.interfaces[place];
        return true;
    }
    static bool load_other(Field field, const Subject& subject, std::uint64_t& value);
    // Null: the packet has no such address.
    static const std::uint8_t* load_wide(Field field, const Subject& subject);
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

#pragma once

// The congestion control of one connection: one of the algorithms, in place.

#include <cstdint>
#include <variant>

#include "net/tcp/congestion/cubic.h"
#include "net/tcp/congestion/new_reno.h"

namespace holm::net::tcp {

enum class CongestionAlgorithm : std::uint8_t { kCubic, kReno };

class Congestion {
  public:
    explicit Congestion(CongestionAlgorithm algorithm) { emplace(algorithm); }
    Congestion(const Congestion&) = delete;
    Congestion& operator=(const Congestion&) = delete;

    // Windows and threshold stay; what else has been learned is forgotten.
    void choose(CongestionAlgorithm algorithm, std::uint32_t mss) {
        const bool cubic = std::holds_alternative<Cubic>(which_);
        if (cubic == (algorithm == CongestionAlgorithm::kCubic)) return;
        const std::uint32_t window = current().window();
        const std::uint32_t threshold = current().threshold();
        emplace(algorithm);
        current().adopt(mss, window, threshold);
    }
    CongestionControl& operator*() { return current(); }
    CongestionControl* operator->() { return &current(); }
    const CongestionControl& operator*() const { return current(); }
    const CongestionControl* operator->() const { return &current(); }

  private:
    void emplace(CongestionAlgorithm algorithm) {
        if (algorithm == CongestionAlgorithm::kReno)
            which_.emplace<NewReno>();
        else
            which_.emplace<Cubic>();
    }
    // Looked up each time: a pointer would make each connection longer.
    CongestionControl& current() {
        if (Cubic* cubic = std::get_if<Cubic>(&which_)) return *cubic;
        return *std::get_if<NewReno>(&which_);
    }
    const CongestionControl& current() const { return const_cast<Congestion*>(this)->current(); }

    std::variant<Cubic, NewReno> which_;
};

}  // namespace holm::net::tcp

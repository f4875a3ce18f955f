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
        const std::uint32_t window = current_->window();
        const std::uint32_t threshold = current_->threshold();
        emplace(algorithm);
        current_->adopt(mss, window, threshold);
    }
    CongestionControl& operator*() { return *current_; }
    CongestionControl* operator->() { return current_; }
    const CongestionControl& operator*() const { return *current_; }
    const CongestionControl* operator->() const { return current_; }

  private:
    void emplace(CongestionAlgorithm algorithm) {
        if (algorithm == CongestionAlgorithm::kReno)
            current_ = &which_.emplace<NewReno>();
        else
            current_ = &which_.emplace<Cubic>();
    }
    std::variant<Cubic, NewReno> which_;
    CongestionControl* current_ = nullptr;
};

}  // namespace holm::net::tcp

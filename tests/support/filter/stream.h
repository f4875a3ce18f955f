#pragma once

// Random rules, and random packets that make sense often enough to get through them: connections that open,
// talk and close, questions and answers, errors about both, and all of it with mistakes.

#include <random>
#include <string>
#include <vector>

#include "tests/support/packets.h"

namespace holm::test {

// One packet, and where it comes in. If it answers another one, its addresses and ports are those that the
// other had when it came out, which a translation chose: `answers` is that packet's number in the stream.
struct Injection {
    std::size_t tap = 0;
    Octets octets;
    std::size_t answers = ~std::size_t{0};
};

class Stream {
  public:
    explicit Stream(std::uint32_t seed) : random_(seed) {}

    std::string rules();
    Injection next();

  private:
    struct Side {
        net::IpAddress address;
        std::uint16_t port = 0;
        std::uint32_t sequence = 0;
    };
    struct Flow {
        Side sides[2];  // inside is not always first
        std::uint8_t protocol = 0;
        std::uint8_t stage = 0;
        std::size_t taps[2] = {0, 1};
        std::size_t last = ~std::size_t{0};  // of the first side's packets
        Octets last_octets;
    };

    std::uint32_t below(std::uint32_t bound) { return std::uint32_t(random_() % bound); }
    bool chance(std::uint32_t percent) { return below(100) < percent; }
    std::string pick(std::initializer_list<const char*> texts) {
        return *(texts.begin() + below(std::uint32_t(texts.size())));
    }
    net::IpAddress inside(bool is_v4);
    net::IpAddress outside(bool is_v4);
    std::string address_text(bool inside_one, bool is_v4);
    std::string match();
    std::string rule(bool jumps);
    std::string nat_table();

    Injection of_flow(Flow& flow);
    Injection tcp_of(Flow& flow);
    Injection error_about(Flow& flow);
    void start(Flow& flow);
    void spoil(Octets& octets);

    std::mt19937 random_;
    std::vector<Flow> flows_;
    std::size_t count_ = 0;
    bool rejects_ = false;  // some rule does
};

}  // namespace holm::test

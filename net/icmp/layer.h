#pragma once

// ICMP for IPv4 (RFC 792; RFC 1122, section 3.2.2): answers echo requests, hands errors about our packets to
// the transports, tells others what we could not take, and pings.

#include <array>
#include <cstdint>
#include <optional>

#include "base/instant.h"
#include "base/observer.h"
#include "base/result.h"
#include "base/token_bucket.h"
#include "net/drop.h"
#include "net/icmp/echo_replies.h"
#include "net/icmp/message.h"
#include "net/ip/layer.h"
#include "net/wire/icmpv4.h"

namespace holm::net::icmp {

class Layer {
  public:
    static constexpr std::int64_t kErrorsPerSecond = 1000;
    static constexpr std::int64_t kErrorBurst = 50;
    // Of the packet that caused an error (RFC 1812, section 4.3.2.3: the error stays within 576 bytes).
    static constexpr std::size_t kMaximumQuote = 576 - 20 - 8;

    Layer(ip::Layer& ip, Counters& counters, std::uint16_t identifier)
        : ip_(ip), counters_(counters), identifier_(identifier) {}

    // Errors go to upper.report() once they are known to be about a packet of ours.
    void receive(Instant now, const ip::Received& received, Bytes message, ip::Upper& upper);

    // Says what was wrong with a received datagram, unless RFC 1122, section 3.2.2 forbids it or the rate is
    // used up. `value`: the last four bytes of the header, such as the MTU that would do.
    void send_error(Instant now, wire::Icmpv4Type type, std::uint8_t code, const ip::Received& about,
                    std::uint32_t value = 0);

    // Sends an echo request. Replies are kept until take_reply(), the latest EchoReplies::kCapacity of them.
    // Errors: those of IpOutput::route(), kMessageSize.
    Result<> ping(Instant now, const IpAddress& destination, std::uint16_t sequence, Bytes payload) {
        return send_echo_request(ip_, now, destination, identifier_, sequence, payload);
    }
    std::optional<EchoReply> take_reply() { return replies_.take(); }
    void set_observer(Observer* observer) { replies_.set_observer(observer); }

  private:
    void answer(Instant now, const ip::Received& received, const wire::Icmpv4Header& request, Bytes payload);
    void receive_error(Instant now, const wire::Icmpv4Header& header, Bytes quote, ip::Upper& upper);

    ip::Layer& ip_;
    Counters& counters_;
    std::uint16_t identifier_;  // of our echo requests
    TokenBucket errors_{kErrorsPerSecond, kErrorBurst};
    EchoReplies replies_;
};

}  // namespace holm::net::icmp

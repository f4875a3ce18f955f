#pragma once

// ICMP for IPv6 (RFC 4443): answers echo requests, hands errors about our packets to the transports and
// neighbour discovery to the interface, tells others what we could not take, and pings.

#include <cstdint>
#include <optional>

#include "base/instant.h"
#include "base/result.h"
#include "base/token_bucket.h"
#include "net/drop.h"
#include "net/icmp/echo_replies.h"
#include "net/icmp/message.h"
#include "net/ip/layer.h"
#include "net/wire/icmpv6.h"

namespace holm::net::icmp {

class LayerV6 {
  public:
    static constexpr std::int64_t kErrorsPerSecond = 1000;
    static constexpr std::int64_t kErrorBurst = 50;
    // Echo requests to a group that are answered: any host can ask all others at once.
    static constexpr std::int64_t kGroupRepliesPerSecond = 10;
    static constexpr std::int64_t kGroupReplyBurst = 10;
    // Of the packet that caused an error: the error stays within the least MTU (section 2.4 (c)).
    static constexpr std::size_t kMaximumQuote = 1280 - 40 - 8;

    LayerV6(ip::Layer& ip, Counters& counters, std::uint16_t identifier)
        : ip_(ip), counters_(counters), identifier_(identifier) {}

    // Errors go to upper.report() once they are known to be about a packet of ours.
    void receive(Instant now, const ip::Received& received, Bytes message, ip::Upper& upper);

    // Says what was wrong with a received packet, unless section 2.4 (e) forbids it or the rate is used up.
    // `to_group`: even if the packet was sent to a group.
    void send_error(Instant now, wire::Icmpv6Type type, std::uint8_t code, std::uint32_t value,
                    const ip::Received& about, bool to_group = false);

    // Sends an echo request. Replies are kept until take_reply(), the latest EchoReplies::kCapacity of them.
    // Errors: those of IpOutput::route(), kMessageSize.
    Result<> ping(Instant now, const IpAddress& destination, std::uint16_t sequence, Bytes payload) {
        return send_echo_request(ip_, now, destination, identifier_, sequence, payload);
    }
    std::optional<EchoReply> take_reply() { return replies_.take(); }
    void set_observer(Observer* observer) { replies_.set_observer(observer); }

  private:
    void answer(Instant now, const ip::Received& received, const wire::Icmpv6Header& request, Bytes payload);
    void receive_error(Instant now, const ip::Received& received, const wire::Icmpv6Header& header,
                       Bytes quote, ip::Upper& upper);
    void send_back(Instant now, const ip::Received& to, Message& message);

    ip::Layer& ip_;
    Counters& counters_;
    std::uint16_t identifier_;  // of our echo requests
    TokenBucket errors_{kErrorsPerSecond, kErrorBurst};
    TokenBucket group_replies_{kGroupRepliesPerSecond, kGroupReplyBurst};
    EchoReplies replies_;
};

}  // namespace holm::net::icmp

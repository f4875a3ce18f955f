#include "net/tcp/reply.h"

#include "net/tcp/header.h"

namespace holm::net::tcp {

bool ReplyQueue::push(const Reply& reply) {
    if (count_ == kCapacity) return false;
    ring_[(first_ + count_++) % kCapacity] = reply;
    return true;
}

bool ReplyQueue::transmit(Instant now, ip::IpOutput& output, std::uint64_t& sent) {
    while (count_ > 0) {
        const Reply& reply = ring_[first_];
        Options options;
        options.mss = reply.mss;
        options.has_window_scale = reply.has_window_scale;
        options.window_scale = reply.window_scale;
        options.sack_permitted = reply.sack_permitted;
        options.has_timestamp = reply.has_timestamp;
        options.timestamp_value = reply.timestamp_value;
        options.timestamp_echo = reply.timestamp_echo;
        HeaderBuffer header;
        const ip::Packet packet{.source = reply.tuple.local.address,
                                .destination = reply.tuple.remote.address,
                                .header = header.fill({.tuple = reply.tuple,
                                                       .sequence = reply.sequence,
                                                       .acknowledgment = reply.acknowledgment,
                                                       .flags = reply.flags,
                                                       .window = reply.window},
                                                      options)};
        if (output.send(now, packet) == TransmitResult::kFull) return false;
        ++sent;
        first_ = (first_ + 1) % kCapacity;
        --count_;
    }
    return true;
}

}  // namespace holm::net::tcp

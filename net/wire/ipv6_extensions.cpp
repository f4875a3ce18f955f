#include "net/wire/ipv6_extensions.h"

namespace holm::net::wire {

namespace {

using Answer = ExtensionProblem::Answer;

constexpr std::uint8_t kPad1 = 0;
constexpr std::uint8_t kPadN = 1;
constexpr std::uint8_t kTunnelLimit = 4;  // RFC 2473: of no interest to a destination
constexpr std::uint8_t kRouterAlert = 5;  // RFC 2711: for routers

std::uint8_t byte_at(Bytes bytes, std::size_t at) {
    return std::to_integer<std::uint8_t>(bytes[at]);
}

bool is_extension(std::uint8_t type) {
    return type == kHopByHop || type == kRouting || type == kFragment || type == kDestinationOptions;
}

std::unexpected<ExtensionProblem> problem(Drop reason, Answer answer = Answer::kNone, std::size_t pointer = 0,
                                          bool to_group = false) {
    return std::unexpected(ExtensionProblem{reason, answer, std::uint32_t(pointer), to_group});
}

// Section 4.2: the upper two bits of an unknown option say what to do with the packet.
std::expected<void, ExtensionProblem> check_options(Bytes packet, std::size_t from, std::size_t end) {
    std::size_t count = 0, padding = 0;
    for (std::size_t at = from; at < end;) {
        const std::uint8_t type = byte_at(packet, at);
        std::size_t size = 1;
        if (type != kPad1) {
            if (at + 2 > end) return problem(Drop::kBadOption);
            size = 2 + std::size_t{byte_at(packet, at + 1)};
            if (at + size > end) return problem(Drop::kBadOption);
        }
        if (type == kPad1 || type == kPadN) {
            padding += size;
            if (padding > ExtensionLimits::kPadding) return problem(Drop::kBadOption);
        } else {
            padding = 0;
            if (++count > ExtensionLimits::kOptions) return problem(Drop::kBadOption);
            if (type != kTunnelLimit && type != kRouterAlert) {
                switch (type >> 6) {
                    case 0:
                        break;
                    case 1:
                        return problem(Drop::kBadOption);
                    case 2:
                        return problem(Drop::kBadOption, Answer::kUnrecognizedOption, at, true);
                    default:
                        return problem(Drop::kBadOption, Answer::kUnrecognizedOption, at);
                }
            }
        }
        at += size;
    }
    return {};
}

}  // namespace

std::expected<ExtensionChain, ExtensionProblem> walk_extensions(Bytes packet, std::uint8_t first,
                                                                std::size_t position, bool reassembled) {
    ExtensionChain chain{.protocol = first, .end = position, .fragment = {}};
    for (std::size_t headers = 0; is_extension(chain.protocol); ++headers) {
        const std::uint8_t type = chain.protocol;
        const std::size_t at = chain.end;
        // Hop-by-hop options stand first or nowhere (section 4.1).
        if (type == kHopByHop && at != Ipv6Header::kSize)
            return problem(Drop::kUnknownProtocol, Answer::kUnrecognizedNextHeader, chain.protocol_position);
        if (headers == ExtensionLimits::kHeaders) return problem(Drop::kBadOption);
        if (packet.size() < at + 8) return problem(Drop::kTruncated);
        const std::size_t size =
            type == kFragment ? Ipv6Fragment::kSize : 8 + std::size_t{byte_at(packet, at + 1)} * 8;
        if (packet.size() < at + size) return problem(Drop::kTruncated);
        if (at + size - Ipv6Header::kSize > ExtensionLimits::kBytes) return problem(Drop::kBadOption);

        if (type == kFragment) {
            const auto fragment = Ipv6Fragment::load(packet.subspan(at));
            const bool whole = !fragment.more && fragment.offset == 0;
            if (!whole && reassembled) return problem(Drop::kOverlap);
            if (!whole) chain.fragment = fragment;
        } else if (type == kRouting) {
            // Section 4.4: an unknown kind, and we know none (RFC 5095 has abolished type 0), is passed over
            // when nothing is left to visit.
            if (byte_at(packet, at + 3) != 0)
                return problem(Drop::kSourceRoute, Answer::kErroneousField, at + 2);
        } else {
            const auto options = check_options(packet, at + 2, at + size);
            if (!options) return std::unexpected(options.error());
        }
        chain.protocol = byte_at(packet, at);
        chain.protocol_position = std::uint16_t(at);
        chain.end = at + size;
        if (chain.fragment) return chain;
    }
    return chain;
}

}  // namespace holm::net::wire

#include "tests/simulation/hostile/battle.h"

#include <cstdlib>
#include <cstring>

#include "net/wire/tcp.h"

namespace holm::net::testing {

namespace {

constexpr std::uint16_t kDatagramPort = 9;
constexpr std::size_t kMostAhead = 20'000;  // bytes of the stream under way at a time

std::byte byte_at(std::size_t i) {
    return std::byte(i + i / 251);
}

std::uint32_t number_at(Bytes bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
    return value;
}

}  // namespace

Battle::Battle(bool v6, const tcp::Configuration& configuration, bool autoconfigure)
    : pair({}, true, configuration, autoconfigure), v6_(v6) {
    listener_ = *pair[kServer].tcp().listen({IpAddress(), kPort}, 16);
    giver_ = *pair[kServer].tcp().listen({IpAddress(), kGivingPort}, 128);
    client_ = *pair[kClient].tcp().connect(pair.now, {address(kServer), kPort});
    client_port_ = client_->local().port;
    answer_ = *pair[kServer].udp().open();
    question_ = *pair[kClient].udp().open();
    if (!answer_->bind({address(kServer), kDatagramPort}) ||
        !question_->connect({address(kServer), kDatagramPort}))
        std::abort();
    pair.run();  // each knows the other's MAC address before the attack begins
    pair.link = [this](int from, const Frame& frame) { return watch(from, frame), true; };
    for (int i = 0; i < 10; ++i) round([](Battle&) {});
    if (echoed == 0 || datagrams == 0) std::abort();
    stolen = 0;
}

void Battle::stop_giving() {
    for (auto& stream : given_) stream->close();
    given_.clear();
}

void Battle::end() {
    stop_giving();
    giver_ = {};
    client_->close();
    for (int i = 0; i < 100; ++i) round([](Battle&) {});
    client_ = {};
    listener_ = {};
    served_.clear();
    pair.wait(Duration::seconds(300));
}

void Battle::serve() {
    while (auto accepted = listener_->accept()) served_.push_back(std::move(accepted));
    std::erase_if(served_, [](auto& stream) {
        while (!stream->readable().empty()) {
            const auto taken = stream->send(stream->readable());
            if (!taken || *taken == 0) break;
            stream->consume(*taken);
        }
        if (stream->end_of_stream()) stream->close();
        return stream->state() == tcp::State::kClosed || stream->end_of_stream();
    });
    while (giver_)
        if (auto accepted = giver_->accept())
            given_.push_back(std::move(accepted));
        else
            break;
    static const Frame kGift(100'000);
    for (auto& stream : given_)
        while (stream->send(kGift).value_or(0) == kGift.size()) {
        }
    while (const auto datagram = answer_->front()) {
        (void)answer_->send_from(pair.now, datagram->destination, datagram->source, {&datagram->payload, 1});
        answer_->pop();
    }
}

void Battle::converse() {
    const std::size_t piece = std::min<std::size_t>(1'000, kMostAhead - (sent_ - echoed));
    Frame bytes(piece);
    for (std::size_t i = 0; i < piece; ++i) bytes[i] = byte_at(sent_ + i);
    sent_ += client_->send(bytes).value_or(0);
    Frame large(3'000);  // three fragments
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = byte_at(sent_ + i);
    const bool asked = question_->send(pair.now, large).has_value();
    pair.run();
    serve();
    pair.run();
    while (!client_->readable().empty()) {
        for (const std::byte byte : client_->readable()) spoilt |= byte != byte_at(echoed++);
        client_->consume(client_->readable().size());
    }
    bool answered = false;
    while (const auto datagram = question_->front()) {
        answered |= Frame(datagram->payload.begin(), datagram->payload.end()) == large;
        question_->pop();
    }
    if (asked) ++(answered ? datagrams : datagrams_lost);
    broken |= client_->state() != tcp::State::kEstablished;
}

void Battle::watch(int from, const Frame& frame) {
    ++carried;
    const auto ethernet = wire::EthernetHeader::parse(frame);
    if (!ethernet) return;
    const bool is_v6 = ethernet->type == wire::kEtherTypeIpv6;
    if (is_v6 != v6_ || (!is_v6 && ethernet->type != wire::kEtherTypeIpv4)) return;
    const std::size_t header = 14 + (is_v6 ? 40 : 20);
    if (frame.size() < header + 20 || frame[is_v6 ? 20 : 23] != std::byte{6}) return;
    // What is said to the many whom the attacker makes up goes to its card, as it should.
    const Bytes to = Bytes(frame).subspan(is_v6 ? 38 : 30, is_v6 ? 16 : 4);
    const auto partner = address(1 - from).bytes();
    const bool is_ours = std::memcmp(to.data(), partner.data() + partner.size() - to.size(), to.size()) == 0;
    const Bytes segment = Bytes(frame).subspan(header);
    const std::size_t payload = segment.size() - 4 * (std::to_integer<std::size_t>(segment[12]) >> 4);
    const auto source = std::uint16_t(number_at(segment, 0) >> 16);
    const auto destination = std::uint16_t(number_at(segment, 0));
    const std::uint16_t port = from == kServer ? destination : source;
    const auto flags = std::to_integer<std::uint8_t>(segment[13]);
    if (port != client_port_ || !is_ours) {
        if (ethernet->destination == kAttacker)
            to_attacker.push_back(
                {destination, flags, number_at(segment, 4), number_at(segment, 8), std::uint32_t(payload)});
        return;
    }
    if (ethernet->destination == kAttacker) ++stolen;
    overheard_[from] = {source, destination,
                        number_at(segment, 4) + std::uint32_t(payload) + ((flags & wire::kTcpSyn) != 0),
                        number_at(segment, 8)};
}

void Battle::inject(int to, Frame frame, MacAddress destination) {
    if (frame.size() >= 14) {
        std::memcpy(frame.data(), destination.bytes.data(), destination.bytes.size());
        std::memcpy(frame.data() + 6, kAttacker.bytes.data(), kAttacker.bytes.size());
    }
    pair[to].receive(pair.now, *pair.sides[to].interface, {frame, {}, nullptr});
}

void Battle::forge(int to, test::TcpFields fields) {
    fields.source_port = overheard_[1 - to].source_port;
    fields.destination_port = overheard_[1 - to].destination_port;
    packet(to, address(1 - to), packet::kTcp, test::tcp(fields));
}

IpAddress Battle::nobody(Random& random) const {
    if (!v6_) return IpAddress::v4(10, 0, 0, std::uint8_t(100 + random() % 150));
    auto bytes = address(kServer).bytes();
    bytes[12] = 7;
    bytes[13] = std::uint8_t(random());
    bytes[14] = std::uint8_t(random());
    return IpAddress::v6(bytes);
}

}  // namespace holm::net::testing

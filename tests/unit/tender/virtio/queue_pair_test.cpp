// Driver and device on one ring: random operations, and every byte arrives, once, in its place.

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernel/drivers/virtio/virtqueue.h"
#include "tender/devices/virtqueue.h"
#include "tests/unit/tender/virtio/support.h"

using namespace holm;

namespace {

// One chain, with what the device must find in it and what the driver must find afterwards.
struct Exchange {
    std::vector<std::string> readable;
    std::vector<std::string> writable;
    std::string answer;
};

std::string random_text(std::mt19937& random, std::size_t size) {
    std::string text(size, '\0');
    for (char& c : text) c = char(random());
    return text;
}

class Pair {
  public:
    Pair(std::uint32_t size, std::uint32_t seed) : random_(seed), device_(ring_.bytes, size, memory_) {
        auto created = drivers::Virtqueue::create(ring_.setup(size), notifier_);
        REQUIRE(created);
        driver_ = std::move(*created);
        device_.notify_after(1);
    }

    void step() {
        switch (random_() % 5) {
            case 0:
                return add();
            case 1:
                return driver_->publish();
            case 2:
                return take_on_device();
            case 3:
                return give_back();
            case 4:
                return take_on_driver();
        }
    }
    void finish() {
        driver_->publish();
        for (int i = 0; i < 300; ++i) take_on_device(), give_back();
        while (!exchanges_.empty()) {
            const std::size_t before = exchanges_.size();
            take_on_driver();
            REQUIRE(exchanges_.size() < before);
        }
        CHECK(driver_->free_descriptors() == driver_->size());
        CHECK(driver_->in_flight() == 0);
        CHECK(driver_->broken() == nullptr);
        CHECK(device_.broken() == nullptr);
    }
    std::uint64_t done() const { return done_; }

  private:
    void add() {
        Exchange exchange;
        for (std::uint32_t i = random_() % 4; i > 0; --i)
            exchange.readable.push_back(random_text(random_, random_() % 40));
        for (std::uint32_t i = random_() % 4; i > 0; --i)
            exchange.writable.push_back(std::string(random_() % 40, '.'));
        std::size_t pieces = 0;
        for (const auto* list : {&exchange.readable, &exchange.writable})
            for (const std::string& text : *list) pieces += text.empty() ? 0 : 1;
        if (pieces == 0) return;
        const std::uint64_t token = next_token_++;
        Exchange& kept = exchanges_[token] = std::move(exchange);
        std::vector<Bytes> readable;
        std::vector<MutableBytes> writable;
        for (const std::string& text : kept.readable) readable.push_back(as_bytes(text));
        for (std::string& text : kept.writable)
            writable.push_back({reinterpret_cast<std::byte*>(text.data()), text.size()});
        const bool fits = pieces <= driver_->free_descriptors();
        REQUIRE(driver_->add(readable, writable, token) == fits);
        if (fits)
            order_.push_back(token);
        else
            exchanges_.erase(token);
    }

    void take_on_device() {
        std::array<iovec, tender::Virtqueue::kMaximumPieces> pieces;
        tender::Virtqueue::Chain chain;
        if (!device_.next(pieces, chain)) return;
        REQUIRE(taken_ < order_.size());
        Exchange& exchange = exchanges_.at(order_[taken_++]);
        std::string found, expected;
        for (const iovec& piece : std::span(pieces).first(chain.readable))
            found.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        for (const std::string& text : exchange.readable) expected += text;
        REQUIRE(found == expected);
        REQUIRE(chain.readable_size == expected.size());
        exchange.answer = random_text(random_, random_() % (chain.writable_size + 1));
        std::string_view left = exchange.answer;
        for (const iovec& piece : std::span(pieces).subspan(chain.readable, chain.writable)) {
            const std::size_t size = std::min(piece.iov_len, left.size());
            std::memcpy(piece.iov_base, left.data(), size);
            left.remove_prefix(size);
        }
        REQUIRE(left.empty());
        held_.push_back({chain.head, std::uint32_t(exchange.answer.size())});
    }

    // In any order, as a device with several workers does.
    void give_back() {
        if (held_.empty()) return;
        std::swap(held_[random_() % held_.size()], held_.back());
        device_.put(held_.back().first, held_.back().second);
        held_.pop_back();
        if (random_() % 2 != 0 || held_.empty()) device_.publish();
    }

    void take_on_driver() {
        while (const auto done = driver_->take()) {
            const auto found = exchanges_.find(done->token);
            REQUIRE(found != exchanges_.end());
            std::string written;
            for (const std::string& text : found->second.writable) written += text;
            REQUIRE(done->length == found->second.answer.size());
            REQUIRE(written.substr(0, done->length) == found->second.answer);
            REQUIRE(written.find_first_not_of('.', done->length) == std::string::npos);
            exchanges_.erase(found);
            ++done_;
        }
    }

    std::mt19937 random_;
    test::Ring ring_;
    test::AllMemory memory_;
    test::NotifyCount notifier_;
    std::unique_ptr<drivers::Virtqueue> driver_;
    tender::Virtqueue device_;
    std::map<std::uint64_t, Exchange> exchanges_;
    std::vector<std::uint64_t> order_;  // as added
    std::size_t taken_ = 0;             // of these, by the device
    std::vector<std::pair<std::uint16_t, std::uint32_t>> held_;
    std::uint64_t next_token_ = 0;
    std::uint64_t done_ = 0;
};

}  // namespace

TEST_CASE("random operations of driver and device lose, invent and mix up nothing") {
    for (std::uint32_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        Pair pair(seed % 2 == 0 ? 8 : 256, seed);
        for (int i = 0; i < 15'000; ++i) pair.step();
        pair.finish();
        CHECK(pair.done() > 500);
    }
}

TEST_CASE("a device is notified as it asked, and by no more") {
    test::Ring ring;
    const test::AllMemory memory;
    test::NotifyCount notifier;
    auto driver = *drivers::Virtqueue::create(ring.setup(8), notifier);
    tender::Virtqueue device(ring.bytes, 8, memory);
    std::array<iovec, tender::Virtqueue::kMaximumPieces> pieces;
    tender::Virtqueue::Chain chain;
    const Bytes text = as_bytes("text");
    const auto exchange = [&](int count) {
        for (int i = 0; i < count; ++i) {
            REQUIRE(driver->add({&text, 1}, {}, 0));
            driver->publish();
        }
    };
    const auto serve = [&] {
        while (device.next(pieces, chain)) device.put(chain.head, 0);
        device.publish();
        while (driver->take()) {
        }
    };
    device.notify_never();
    exchange(8);
    CHECK(notifier.count == 0);
    serve();
    device.notify_after(4);
    exchange(3);
    CHECK(notifier.count == 0);
    exchange(2);
    CHECK(notifier.count == 1);
    serve();
    device.notify_after(1);
    exchange(1);
    CHECK(notifier.count == 2);
}

TEST_CASE("a device that vanishes tells its driver") {
    test::Ring ring;
    const test::AllMemory memory;
    test::NotifyCount notifier;
    auto driver = *drivers::Virtqueue::create(ring.setup(8), notifier);
    CHECK_FALSE(driver->gone());
    tender::Virtqueue(ring.bytes, 8, memory).announce_gone();
    CHECK(driver->gone());
    CHECK(driver->broken() == nullptr);
}

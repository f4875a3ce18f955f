#pragma once

// Frames that wait to be written together: copies, one behind the other, each with its virtio-net header.
// Datagrams of one flow become one frame if the device cuts them apart again: a frame costs the host several
// times what a datagram in it costs.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "net/frame.h"
#include "net/link/datagram_train.h"

namespace holm::drivers {

class GatheredFrames {
  public:
    static constexpr std::size_t kCapacity = std::size_t{16} * 1024;  // bytes, headers included
    static constexpr std::size_t kMaximumPieces = 64;

    explicit GatheredFrames(bool joins_datagrams) : joins_(joins_datagrams) {}

    // False when there is no memory for the copies.
    bool allocate();
    // `size`: of the frame and its virtio-net header.
    bool has_room(std::size_t size) const { return count_ < kMaximumPieces && size <= kCapacity - end_; }
    // Precondition: allocate(), has_room(size).
    void add(const net::OutgoingFrame& frame, std::size_t size);

    // What is here now is complete. To be called before front().
    void close();
    bool empty() const { return first_ == count_; }
    // The oldest frame, valid until the next call. Precondition: !empty().
    Bytes front();
    void pop();
    // Precondition: empty(), or nobody wants the rest.
    void clear();

  private:
    static constexpr std::size_t kMaximumTrains = 32;
    static constexpr std::uint8_t kLast = 0xff;

    struct Piece {
        std::uint16_t start;
        std::uint16_t size;
        std::uint8_t next;  // piece of the same frame, or kLast
        bool begins;        // a frame
    };
    struct Train {
        net::link::DatagramTrain datagrams;
        std::uint8_t first;
        std::uint8_t last;  // piece
    };

    // Puts a datagram behind those of its flow; false if it must go by itself.
    bool join(const net::link::DatagramTrain& datagram, const net::OutgoingFrame& frame);
    // Copies a frame but for its first bytes to the end.
    void copy(const net::OutgoingFrame& frame, std::size_t skipped);
    MutableBytes headers_of(const Train& train) const;

    const bool joins_;
    // The copies, and behind them room for a frame whose pieces lie apart: to put a few hundred bytes
    // together costs less than a writev().
    std::unique_ptr<std::byte[]> memory_;
    std::size_t end_ = 0;
    std::array<Piece, kMaximumPieces> pieces_;
    std::size_t first_ = 0;  // the oldest frame
    std::size_t count_ = 0;
    std::array<Train, kMaximumTrains> trains_;
    std::size_t train_count_ = 0;
    // Trains before this one take nothing more: other frames have come since, which no datagram overtakes.
    std::size_t first_open_ = 0;
};

}  // namespace holm::drivers

#pragma once

// The outer layer of gdb's remote protocol (gdb manual, "Overview" of appendix E): packets, acknowledgments,
// and the byte that interrupts. What comes in is hostile: anything that is no packet is dropped or refused,
// and nothing grows.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace holm::tender {

constexpr std::size_t kLargestPacket = 16 * 1024;  // bytes between '$' and '#'; gdb is told

class PacketReader {
  public:
    enum class Event : std::uint8_t {
        kNone,       // more bytes are needed
        kPacket,     // packet() holds one, its checksum was right
        kDamaged,    // one with a wrong checksum, or too long: to be asked for again
        kResend,     // the other side did not get our last one
        kInterrupt,  // Ctrl-C
    };

    // Takes one byte.
    Event take(char byte);
    // Valid until the next take(); escapes are undone.
    std::string_view packet() const { return {buffer_.data(), size_}; }

  private:
    enum class State : std::uint8_t { kBetween, kInside, kEscaped, kChecksum1, kChecksum2 };

    void add(char byte);

    std::array<char, kLargestPacket> buffer_;
    std::size_t size_ = 0;
    std::uint8_t sum_ = 0;
    std::uint8_t expected_ = 0;
    State state_ = State::kBetween;
    bool damaged_ = false;
};

// A packet that is being written. What does not fit is left out, and the packet becomes an error.
class PacketWriter {
  public:
    PacketWriter() { clear(); }

    void clear();
    PacketWriter& text(std::string_view text);
    PacketWriter& hex(std::uint64_t number);         // most significant digit first
    PacketWriter& hex_bytes(Bytes bytes);            // two digits each
    PacketWriter& unknown_bytes(std::size_t count);  // "xx" each
    PacketWriter& binary(std::string_view bytes);    // with escapes
    bool overflowed() const { return overflowed_; }

    // The whole packet, checksum included; valid until the next change.
    std::string_view finish();

  private:
    void add(char byte);

    std::array<char, kLargestPacket + 8> buffer_;
    std::size_t size_ = 0;
    bool overflowed_ = false;
};

}  // namespace holm::tender

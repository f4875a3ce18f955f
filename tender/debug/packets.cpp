#include "tender/debug/packets.h"

namespace holm::tender {
namespace {

constexpr char kEscape = '}';
constexpr char kEscapeBit = 0x20;
constexpr char kInterruptByte = 3;
constexpr std::string_view kDigits = "0123456789abcdef";

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

void PacketReader::add(char byte) {
    if (size_ < buffer_.size()) {
        buffer_[size_++] = byte;
    } else {
        damaged_ = true;
    }
}

PacketReader::Event PacketReader::take(char byte) {
    switch (state_) {
        case State::kBetween:
            if (byte == kInterruptByte) return Event::kInterrupt;
            if (byte == '-') return Event::kResend;
            if (byte != '$') return Event::kNone;
            size_ = 0;
            sum_ = 0;
            damaged_ = false;
            state_ = State::kInside;
            return Event::kNone;
        case State::kInside:
            if (byte == '#') {
                state_ = State::kChecksum1;
                return Event::kNone;
            }
            sum_ = static_cast<std::uint8_t>(sum_ + static_cast<std::uint8_t>(byte));
            if (byte == kEscape) {
                state_ = State::kEscaped;
            } else {
                add(byte);
            }
            return Event::kNone;
        case State::kEscaped:
            sum_ = static_cast<std::uint8_t>(sum_ + static_cast<std::uint8_t>(byte));
            add(static_cast<char>(byte ^ kEscapeBit));
            state_ = State::kInside;
            return Event::kNone;
        case State::kChecksum1:
        case State::kChecksum2: {
            const int digit = digit_of(byte);
            if (digit < 0) damaged_ = true;
            expected_ = static_cast<std::uint8_t>(expected_ << 4 | (digit & 15));
            if (state_ == State::kChecksum1) {
                state_ = State::kChecksum2;
                return Event::kNone;
            }
            state_ = State::kBetween;
            return damaged_ || expected_ != sum_ ? Event::kDamaged : Event::kPacket;
        }
    }
    return Event::kNone;
}

void PacketWriter::clear() {
    buffer_[0] = '$';
    size_ = 1;
    overflowed_ = false;
}

void PacketWriter::add(char byte) {
    if (size_ < kLargestPacket) {
        buffer_[size_++] = byte;
    } else {
        overflowed_ = true;
    }
}

PacketWriter& PacketWriter::text(std::string_view text) {
    for (const char c : text) add(c);
    return *this;
}

PacketWriter& PacketWriter::hex(std::uint64_t number) {
    if (number >= 16) hex(number / 16);
    add(kDigits[number % 16]);
    return *this;
}

PacketWriter& PacketWriter::hex_bytes(Bytes bytes) {
    for (const std::byte byte : bytes) {
        add(kDigits[static_cast<std::size_t>(byte) / 16]);
        add(kDigits[static_cast<std::size_t>(byte) % 16]);
    }
    return *this;
}

PacketWriter& PacketWriter::unknown_bytes(std::size_t count) {
    for (std::size_t i = 0; i < count; i++) text("xx");
    return *this;
}

PacketWriter& PacketWriter::binary(std::string_view bytes) {
    for (const char c : bytes) {
        if (c == '$' || c == '#' || c == kEscape || c == '*') {
            add(kEscape);
            add(static_cast<char>(c ^ kEscapeBit));
        } else {
            add(c);
        }
    }
    return *this;
}

std::string_view PacketWriter::finish() {
    if (overflowed_) {
        clear();
        text("E01");
    }
    std::uint8_t sum = 0;
    for (std::size_t i = 1; i < size_; i++)
        sum = static_cast<std::uint8_t>(sum + static_cast<std::uint8_t>(buffer_[i]));
    buffer_[size_] = '#';
    buffer_[size_ + 1] = kDigits[sum / 16];
    buffer_[size_ + 2] = kDigits[sum % 16];
    return {buffer_.data(), size_ + 3};
}

}  // namespace holm::tender

#pragma once

// Messages on a stream, each behind its length (RFC 1035, section 4.2.2). A message that has arrived whole is
// used where it lies; one that comes in pieces is put together, which takes no more memory than its length
// says.

#include <memory>
#include <optional>

#include "base/bytes.h"

namespace holm::dns {

class StreamFrames {
  public:
    static constexpr std::size_t kLengthSize = 2;

    // The next message of `bytes`, which are those that have not been taken yet; `bytes` moves behind what
    // was taken. Empty bytes afterwards and no message: more has to come. A message is valid until the next
    // call and as long as the bytes are.
    std::optional<Bytes> next(Bytes& bytes);
    // There was no memory for a message: the stream cannot go on.
    bool has_failed() const { return failed_; }
    bool is_between_messages() const { return collected_ == 0; }

  private:
    std::unique_ptr<std::byte[]> message_;   // that is being put together
    std::unique_ptr<std::byte[]> finished_;  // that was given out last
    std::byte length_[kLengthSize]{};
    std::size_t collected_ = 0;  // bytes of the length and of the message that came in pieces
    bool failed_ = false;
};

}  // namespace holm::dns

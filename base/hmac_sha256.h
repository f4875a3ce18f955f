#pragma once

// HMAC with SHA-256 (RFC 2104, RFC 4231): who has the key has written the message.

#include "base/bytes.h"
#include "base/sha256.h"

namespace holm {

class HmacSha256 {
  public:
    static constexpr std::size_t kSize = std::tuple_size_v<Sha256Digest>;

    // A key of any size; longer than 64 bytes is as good as its hash.
    explicit HmacSha256(Bytes key);

    void add(Bytes piece) { inner_.add(piece); }
    // Once, behind the last piece.
    Sha256Digest finish();

  private:
    Sha256 inner_;
    Sha256 outer_;
};

// In a time that tells nothing of where they differ, only their sizes.
bool are_equal_in_constant_time(Bytes left, Bytes right);

}  // namespace holm

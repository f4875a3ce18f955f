#pragma once

// Several byte ranges in one answer (multipart/byteranges), for clients that ask for them:
//
//     server.finish_with(http::several_ranges());
//
// Without it a request for several ranges gets the whole, and the image does not contain this.

#include "kernel/core.h"
#include "kernel/entropy/random_generator.h"
#include "services/http/several_ranges.h"

namespace holm::http {

inline SeveralRanges several_ranges() {
    RandomGenerator& random = *this_core().random;
    return SeveralRanges({random.next(), random.next()});
}

}  // namespace holm::http

#pragma once

// Why an image is refused: one clear sentence, kept as its parts until somebody prints it.

#include <cstdint>

#include "tender/text/sentence.h"

namespace holm::tender {

struct LoadError {
    const char* place;     // the structure that is wrong: "ELF header", "program header", "RELR table", ...
    std::int32_t index;    // which one of them, or kNoIndex
    std::uint64_t offset;  // of the wrong field, in the file
    const char* field;     // its name in the ELF specification or in abi/manifest.h
    std::uint64_t found;   // its value
    const char* allowed;   // what it may be
    std::uint64_t bound = kNoBound;  // the number that belongs to `allowed`, when it depends on the file

    static constexpr std::int32_t kNoIndex = -1;
    static constexpr std::uint64_t kNoBound = ~std::uint64_t{0};

    // "program header 2, file offset 0xd0: p_filesz is 0x9000; allowed: at most the rest of the file, 0x1200"
    void describe(Sentence& sentence) const;
};

}  // namespace holm::tender

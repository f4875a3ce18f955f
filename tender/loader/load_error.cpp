#include "tender/loader/load_error.h"

namespace holm::tender {

void LoadError::describe(Sentence& sentence) const {
    sentence.text(place);
    if (index != kNoIndex) sentence.text(" ").decimal(static_cast<std::uint64_t>(index));
    sentence.text(", file offset ").hexadecimal(offset);
    sentence.text(": ").text(field).text(" is ").hexadecimal(found);
    sentence.text("; allowed: ").text(allowed);
    if (bound != kNoBound) sentence.text(", ").hexadecimal(bound);
}

}  // namespace holm::tender

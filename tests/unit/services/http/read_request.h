#pragma once

// Reads one whole request off text, cut into pieces of a given size: what the tests compare outcomes with.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "services/http/chunked_decoder.h"
#include "services/http/head_parser.h"

namespace holm::http {

struct Outcome {
    enum class Kind { kIncomplete, kComplete, kRefused } kind = Kind::kIncomplete;
    Status status{};
    RequestHead head;
    std::string content;
    std::size_t consumed = 0;  // bytes of head and body, when complete

    bool complete() const { return kind == Kind::kComplete; }
    bool refused_with(Status wanted) const { return kind == Kind::kRefused && status == wanted; }
};

inline Outcome refused(const Refusal& refusal) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::kRefused;
    outcome.status = refusal.status;
    return outcome;
}

// `cut` bytes arrive at a time; 0 means all at once.
inline Outcome read_request(std::string_view text, std::size_t cut = 0, const Limits& limits = {}) {
    HeadParser parser;
    Outcome outcome;
    std::size_t arrived = 0;
    const auto arrive = [&] { arrived = cut == 0 ? text.size() : std::min(text.size(), arrived + cut); };
    std::size_t head_length = 0;
    do {
        arrive();
        const auto parsed = parser.parse(limits, text.substr(0, arrived), outcome.head);
        if (!parsed) return refused(parsed.error());
        head_length = *parsed;
    } while (head_length == 0 && arrived < text.size());
    if (head_length == 0) return outcome;
    outcome.consumed = head_length;
    if (outcome.head.framing == Framing::kChunked) {
        ChunkedDecoder decoder;
        while (true) {
            const auto step =
                decoder.decode(limits, text.substr(outcome.consumed, arrived - outcome.consumed));
            if (!step) return refused(step.error());
            outcome.content += step->data;
            outcome.consumed += step->consumed;
            if (step->complete) break;
            if (step->consumed == 0) {
                if (arrived == text.size()) return outcome;
                arrive();
            }
        }
    } else {
        const std::size_t length = outcome.head.framing == Framing::kLength ? outcome.head.content_length : 0;
        if (text.size() - head_length < length) return outcome;
        outcome.content = text.substr(head_length, length);
        outcome.consumed += length;
    }
    outcome.kind = Outcome::Kind::kComplete;
    return outcome;
}

}  // namespace holm::http

#include "tests/image/images/iperf3/protocol.h"

#include <holm/json.h>

namespace json = holm::json;

namespace iperf3 {

namespace {

constexpr json::Limits kLimits{.bytes = kMaximumText, .depth = 8, .values = 4096};
constexpr std::int64_t kMaximumBytes = std::int64_t{1} << 50;

bool is_set(const json::Value& tree, std::string_view key) {
    const json::Value* value = tree.find(key);
    const bool* set = value ? value->as_bool() : nullptr;
    return set && *set;
}

// What is not there counts as `otherwise`; what is no integer of the range is refused.
std::expected<std::int64_t, Refusal> integer(const json::Value& tree, std::string_view key,
                                             std::int64_t least, std::int64_t most, std::int64_t otherwise,
                                             Refusal refusal = Refusal::kParameters) {
    const json::Value* value = tree.find(key);
    if (!value) return otherwise;
    const std::int64_t* number = value->as_integer();
    if (!number || *number < least || *number > most) return std::unexpected(refusal);
    return *number;
}

}  // namespace

std::expected<Parameters, Refusal> read_parameters(std::string_view text) {
    const auto tree = json::parse(text, kLimits);
    if (!tree || !tree->as_object()) return std::unexpected(Refusal::kParameters);
    const bool reverse = is_set(*tree, "reverse");
    if (!is_set(*tree, "tcp") || is_set(*tree, "bidirectional") || tree->find("authtoken") ||
        (reverse && (tree->find("bandwidth") || tree->find("fqrate"))))
        return std::unexpected(Refusal::kUnimplemented);

    if (const auto omit = integer(*tree, "omit", 0, 0, 0, Refusal::kUnimplemented); !omit)
        return std::unexpected(omit.error());
    const auto streams = integer(*tree, "parallel", 1, 128, 1, Refusal::kTooManyStreams);
    if (!streams) return std::unexpected(streams.error());
    const auto block = integer(*tree, "len", 1, 1 << 20, 131072, Refusal::kBlockSize);
    if (!block) return std::unexpected(block.error());
    const auto bytes = integer(*tree, "num", 0, kMaximumBytes, 0);
    if (!bytes) return std::unexpected(bytes.error());
    const auto seconds = integer(*tree, "time", 0, 86400, 10);
    if (!seconds) return std::unexpected(seconds.error());
    return Parameters{.reverse = reverse,
                      .streams = static_cast<std::size_t>(*streams),
                      .block = static_cast<std::size_t>(*block),
                      .bytes = static_cast<std::uint64_t>(*bytes),
                      .seconds = *seconds};
}

std::string write_results(std::span<const StreamResult> streams, bool sender, double seconds,
                          double processor_percent) {
    std::string text;
    json::Writer writer(text);
    // An image has no system of its own to wait for: all of its time is the user's.
    writer.begin_object().key("cpu_util_total").value(processor_percent);
    writer.key("cpu_util_user").value(processor_percent).key("cpu_util_system").value(0.0);
    writer.key("sender_has_retransmits").value(sender ? 1 : -1).key("streams").begin_array();
    // The client numbers its streams 1, 3, 4, 5, …
    std::int64_t id = 1;
    for (const StreamResult& stream : streams) {
        writer.begin_object().key("id").value(id).key("bytes").value(stream.bytes);
        writer.key("retransmits").value(stream.retransmissions);
        writer.key("jitter").value(0).key("errors").value(0).key("packets").value(0);  // UDP's
        writer.key("start_time").value(0.0).key("end_time").value(seconds).end_object();
        id += id == 1 ? 2 : 1;
    }
    writer.end_array().end_object();
    return text;
}

std::expected<std::uint64_t, Refusal> read_total(std::string_view text) {
    const auto tree = json::parse(text, kLimits);
    const json::Value* streams = tree ? tree->find("streams") : nullptr;
    if (!streams || !streams->as_array()) return std::unexpected(Refusal::kParameters);
    std::uint64_t total = 0;
    for (const json::Value& stream : *streams->as_array()) {
        const auto bytes = integer(stream, "bytes", 0, kMaximumBytes, -1);
        if (!bytes || *bytes < 0) return std::unexpected(Refusal::kParameters);
        total += static_cast<std::uint64_t>(*bytes);
    }
    return total;
}

}  // namespace iperf3

#pragma once

// NOTIFY (RFC 1996): a server that has started tells its secondaries which serial it serves.

#include <cstdint>

#include "base/bytes.h"
#include "services/dns/table.h"

namespace holm::dns {

// How often, and how long after one another, until somebody answers (section 3.6).
inline constexpr int kNotifyTries = 5;
inline constexpr std::int64_t kNotifySeconds = 15;  // after the first; twice as long after each other

// The message, not signed; its size, 512 at most. Precondition: out.size() >= 512.
std::size_t make_notify(const ZoneTable& table, const table::Zone& zone, std::uint16_t id, MutableBytes out);

// Whether it answers that message.
bool answers_notify(const ZoneTable& table, const table::Zone& zone, std::uint16_t id, Bytes message);

}  // namespace holm::dns

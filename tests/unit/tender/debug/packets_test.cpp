#include "tender/debug/packets.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace holm::tender {
namespace {

using Event = PacketReader::Event;

std::vector<Event> events_of(PacketReader& reader, std::string_view bytes) {
    std::vector<Event> events;
    for (const char byte : bytes)
        if (const Event event = reader.take(byte); event != Event::kNone) events.push_back(event);
    return events;
}

}  // namespace

TEST_CASE("a packet comes out when its checksum is right") {
    auto reader = std::make_unique<PacketReader>();
    CHECK(events_of(*reader, "$OK#9a") == std::vector{Event::kPacket});
    CHECK(reader->packet() == "OK");
    CHECK(events_of(*reader, "noise++$#00") == std::vector{Event::kPacket});
    CHECK(reader->packet().empty());
}

TEST_CASE("damaged packets are told apart") {
    auto reader = std::make_unique<PacketReader>();
    CHECK(events_of(*reader, "$OK#9b") == std::vector{Event::kDamaged});
    CHECK(events_of(*reader, "$OK#zz") == std::vector{Event::kDamaged});
    CHECK(events_of(*reader, "$" + std::string(kLargestPacket + 1, 'a') + "#00") ==
          std::vector{Event::kDamaged});
    CHECK(events_of(*reader, "$OK#9A") == std::vector{Event::kPacket});
}

TEST_CASE("escapes are undone, and done") {
    auto reader = std::make_unique<PacketReader>();
    auto writer = std::make_unique<PacketWriter>();
    const std::string_view wild("a$b#c}d*e\0f", 11);
    const std::string sent(writer->binary(wild).finish());
    CHECK(events_of(*reader, sent) == std::vector{Event::kPacket});
    CHECK(reader->packet() == wild);
}

TEST_CASE("Ctrl-C and a request to send again lie between packets only") {
    auto reader = std::make_unique<PacketReader>();
    CHECK(events_of(*reader, "\3-") == std::vector{Event::kInterrupt, Event::kResend});
    CHECK(events_of(*reader, "$\3-#30") == std::vector{Event::kPacket});
    CHECK(reader->packet() == "\3-");
}

TEST_CASE("an answer that does not fit becomes an error") {
    auto writer = std::make_unique<PacketWriter>();
    writer->text(std::string(kLargestPacket + 10, 'x'));
    CHECK(writer->finish() == "$E01#a6");
}

}  // namespace holm::tender

// Signed questions and answers (TSIG, RFC 8945).

#include "services/dns/notify.h"
#include "services/dns/transfer.h"
#include "tests/unit/services/dns/server_fixture.h"

using namespace holm;
using namespace holm::dns;

namespace {

constexpr std::uint64_t kNow = 1'800'000'000;
// Where the times, the MAC and its size stand in front of the end of a record with nothing behind the MAC.
constexpr std::size_t kTail = 6, kMac = 32;

WireName name(const std::string& text) {
    return *parse_name(text, WireName(1, '\0'));
}

ServerSettings with_keys() {
    ServerSettings settings;
    settings.rate = 0;
    settings.keys = {{name("first.key"), std::string(32, '1')}, {name("second.key"), std::string(32, '2')}};
    return settings;
}

std::vector<table::Network> only_with_key(std::uint16_t key) {
    table::Network anybody{};
    anybody.key = key;
    return {anybody};
}

struct Signed : Fixture {
    explicit Signed(const std::vector<table::Network>& transfer = {}, const std::string& more = "")
        : Fixture(std::string(kSmallZone) + more, with_keys(), transfer) {}

    std::string sign(std::string message, std::uint16_t key = 1, std::uint64_t time = kNow) {
        client.emplace(table, key);
        const std::size_t size = message.size();
        message.resize(size + Transaction::kMostRoom);
        message.resize(client->sign(
            MutableBytes(reinterpret_cast<std::byte*>(message.data()), message.size()), size, time));
        return message;
    }
    std::string ask(const std::string& message, Server::Transport transport = Server::Transport::kDatagram) {
        const auto reply = server.answer(now, kNow, {kClient, transport}, as_bytes(message), out);
        transfer = reply.transfer;
        return std::string(as_text(Bytes(out).first(reply.size)));
    }
    // The error in the answer's record; 0xffff: it has none.
    static std::uint16_t error(const std::string& answer) {
        const auto record = TsigRecord::find(as_bytes(answer));
        return record ? record->error : 0xffff;
    }
    std::optional<Transaction> client;  // of the message that was signed last
    const table::Zone* transfer = nullptr;
    alignas(8) std::byte out[Server::kStreamRoom];
};

}  // namespace

TEST_CASE("a signed query gets the usual answer, signed") {
    Signed fixture;
    const std::string plain = fixture.ask(query("ns1.z.test", 1));
    const std::string answer = fixture.ask(fixture.sign(query("ns1.z.test", 1)));
    CHECK(fixture.client->is_answered_by(as_bytes(answer), kNow));
    CHECK(fixture.client->is_answered_by(as_bytes(answer), kNow + 300));
    CHECK_FALSE(fixture.client->is_answered_by(as_bytes(answer), kNow + 301));
    CHECK_FALSE(fixture.client->is_answered_by(as_bytes(plain), kNow));
    CHECK(answer.substr(12, plain.size() - 12) == plain.substr(12));
    CHECK(header_of(answer).additionals == header_of(plain).additionals + 1);
    // Each byte counts, the header's too.
    for (std::size_t at = 0; at < answer.size(); ++at) {
        std::string changed = answer;
        changed[at] ^= 1;
        const bool is_ignored = at < 2;  // the id: it is the original one that is signed
        CHECK_MESSAGE(fixture.client->is_answered_by(as_bytes(changed), kNow) == is_ignored, at);
    }
    CHECK(fixture.server.counters().signed_queries == 1);
}

TEST_CASE("one whose id was changed on the way is still the one that was signed") {
    Signed fixture;
    std::string forwarded = fixture.sign(query("ns1.z.test", 1));
    forwarded[0] = 'x';
    CHECK(code(fixture.ask(forwarded)) == 0);
    CHECK(fixture.server.counters().signed_queries == 1);
}

TEST_CASE("the key's name may be in other letters, and be compressed") {
    Signed fixture;
    std::string asked = fixture.sign(query("first.key", 1));
    const std::size_t at = asked.find(name("first.key"), 20);
    asked.replace(at, name("first.key").size(), "\xc0\x0c");
    CHECK(code(fixture.ask(asked)) == 5);  // no zone of ours
    asked[13] = 'F';
    CHECK(code(fixture.ask(asked)) == 9);  // the question is signed as it is spelled
    CHECK(fixture.server.counters().signed_queries == 1);
    CHECK(fixture.server.counters().bad_signatures == 1);
}

TEST_CASE("who does not have the key hears so, without a signature") {
    Signed fixture;
    std::string unknown = fixture.sign(query("z.test", 6));
    unknown[unknown.rfind("first")] = 'x';
    std::string answer = fixture.ask(unknown);
    CHECK(code(answer) == 9);
    CHECK(fixture.error(answer) == 17);
    CHECK(TsigRecord::find(as_bytes(answer))->mac.empty());
    CHECK(fixture.server.counters().bad_keys == 1);

    std::string algorithm = fixture.sign(query("z.test", 6));
    algorithm[algorithm.rfind("sha256")] = 'x';
    CHECK(fixture.error(fixture.ask(algorithm)) == 17);

    std::string forged = fixture.sign(query("z.test", 6));
    forged[forged.size() - kTail - 1] ^= 1;
    answer = fixture.ask(forged);
    CHECK(code(answer) == 9);
    CHECK(fixture.error(answer) == 16);
    CHECK(TsigRecord::find(as_bytes(answer))->mac.empty());
    CHECK(header_of(answer).answers == 0);
    CHECK(fixture.server.counters().bad_signatures == 1);
}

TEST_CASE("a clock that is wrong is told the time, signed with its own") {
    Signed fixture;
    for (const std::uint64_t time : {kNow - 301, kNow + 301}) {
        const std::string answer = fixture.ask(fixture.sign(query("z.test", 6), 1, time));
        CHECK(code(answer) == 9);
        const auto record = TsigRecord::find(as_bytes(answer));
        REQUIRE(record);
        CHECK(record->error == 18);
        CHECK(record->time == time);
        CHECK(record->mac.size() == kMac);
        CHECK(as_text(record->other) == std::string("\0\0\x6b\x49\xd2\0", 6));
    }
    CHECK(fixture.server.counters().bad_times == 2);
    for (const std::uint64_t time : {kNow - 300, kNow + 300})
        CHECK(code(fixture.ask(fixture.sign(query("z.test", 6), 1, time))) == 0);
}

TEST_CASE("a signature that is cut off is refused, and one that is cut off too far is none") {
    Signed fixture;
    const auto cut_to = [&](std::size_t size) {
        std::string asked = fixture.sign(query("z.test", 6));
        const std::size_t mac = asked.size() - kTail - kMac;
        asked.erase(mac + size, kMac - size);
        asked[mac - 1] = static_cast<char>(size);
        asked[mac - 2 - 8 - Transaction::kAlgorithm.size() - 1] -= static_cast<char>(kMac - size);
        return fixture.ask(asked);
    };
    for (const std::size_t size : {std::size_t{16}, std::size_t{31}}) {
        const std::string answer = cut_to(size);
        CHECK(code(answer) == 9);
        CHECK(fixture.error(answer) == 22);
        CHECK(TsigRecord::find(as_bytes(answer))->mac.size() == kMac);
    }
    CHECK(fixture.server.counters().bad_truncations == 2);
    for (const std::size_t size : {std::size_t{0}, std::size_t{15}}) {
        const std::string answer = cut_to(size);
        CHECK(code(answer) == 1);
        CHECK(answer.size() == 12);
    }
}

TEST_CASE("a record that cannot be understood, or stands elsewhere, is a malformed message") {
    Signed fixture;
    const std::string plain = query("z.test", 6), good = fixture.sign(plain);
    const std::string record = good.substr(plain.size());
    const auto asked = [&](const std::string& more, int answers, int additionals) {
        std::string message = plain + more;
        message[7] = static_cast<char>(answers);
        message[11] = static_cast<char>(additionals);
        return code(fixture.ask(message));
    };
    CHECK(asked(record, 0, 1) == 0);
    CHECK(asked(record + record, 0, 2) == 1);
    CHECK(asked(record + opt(1232), 0, 2) == 1);  // it is the last
    CHECK(asked(record, 1, 0) == 1);
    CHECK(asked(record + "x", 0, 1) == 1);
    for (std::size_t size = 1; size < record.size(); ++size) CHECK(asked(record.substr(0, size), 0, 1) == 1);
    const std::size_t tail = name("first.key").size();
    for (const std::size_t at : {tail + 3, tail + 7, tail + 9}) {  // class, TTL, size
        std::string wrong = record;
        wrong[at] ^= 1;
        CHECK(asked(wrong, 0, 1) == 1);
    }
}

TEST_CASE("a signature takes its room") {
    std::string addresses;
    for (int i = 0; i < 27; ++i) addresses += "big A 192.0.3." + std::to_string(i) + "\n";
    Signed fixture({}, addresses);
    CHECK(header_of(fixture.ask(query("big.z.test", 1))).answers == 27);
    const std::string answer = fixture.ask(fixture.sign(query("big.z.test", 1)));
    CHECK(answer.size() <= 512);
    CHECK((header_of(answer).flags & net::wire::DnsHeader::kTruncated) != 0);
    CHECK(fixture.client->is_answered_by(as_bytes(answer), kNow));
    // The longest of everything, without EDNS.
    std::string longest;
    for (const int size : {63, 63, 63, 54}) longest += std::string(std::size_t(size), 'n') + ".";
    std::string unknown = fixture.sign(query(longest + "z.test", 1));
    CHECK(fixture.ask(unknown).size() <= 512);
    const std::size_t key = unknown.rfind(name("first.key"));
    unknown.replace(key, name("first.key").size(), name(longest + "w.test"));
    const std::string refused = fixture.ask(unknown);
    CHECK(code(refused) == 9);
    CHECK(refused.size() <= 512);
}

TEST_CASE("a zone for whom has the key") {
    Signed fixture(only_with_key(2));
    const auto stream = Server::Transport::kStream;
    CHECK(code(fixture.ask(query("z.test", 252), stream)) == 5);
    CHECK(fixture.transfer == nullptr);
    const std::string refused = fixture.ask(fixture.sign(query("z.test", 252), 1), stream);
    CHECK(code(refused) == 5);
    CHECK(fixture.client->is_answered_by(as_bytes(refused), kNow));
    std::string forged = fixture.sign(query("z.test", 252), 2);
    forged[forged.size() - kTail - 1] ^= 1;
    CHECK(code(fixture.ask(forged, stream)) == 9);
    CHECK(fixture.transfer == nullptr);
    fixture.ask(fixture.sign(query("z.test", 252), 2), stream);
    CHECK(fixture.transfer != nullptr);
    // The key of the query before is not that of the next.
    fixture.ask(query("z.test", 252), stream);
    CHECK(fixture.transfer == nullptr);
    CHECK(fixture.server.counters().transfers == 1);
    CHECK(fixture.server.counters().transfers_refused == 3);
}

TEST_CASE("each message of a transfer is signed, and the one before it") {
    std::string more;
    for (int i = 0; i < 3000; ++i)
        more += "host" + std::to_string(i) + " TXT \"" + std::string(40, 'x') + "\"\n";
    Signed fixture(only_with_key(1), more);
    const std::string asked = fixture.sign(query("z.test", 252));
    fixture.ask(asked, Server::Transport::kStream);
    REQUIRE(fixture.transfer != nullptr);
    Transfer transfer(fixture.table, *fixture.transfer, fixture.server.query(), fixture.server.transaction());
    // As a secondary does it: RFC 8945, section 5.3.1.
    std::size_t messages = 0;
    std::array<std::byte, 2 + kMac> before{std::byte{0}, std::byte{kMac}};
    for (std::size_t size; (size = transfer.next(fixture.out, kNow)) != 0; ++messages) {
        const Bytes message = Bytes(fixture.out).first(size);
        const auto record = TsigRecord::find(message);
        REQUIRE(record);
        CHECK(record->mac.size() == kMac);
        if (messages == 0) {
            CHECK(fixture.client->is_answered_by(message, kNow));
        } else {
            HmacSha256 hmac(as_bytes(std::string_view("11111111111111111111111111111111")));
            hmac.add(before);
            auto header = net::wire::load<net::wire::DnsHeader>(message);
            header.additionals = std::uint16_t(header.additionals - 1);
            hmac.add(std::as_bytes(std::span(&header, 1)));
            hmac.add(message.subspan(sizeof(header), record->begin - sizeof(header)));
            hmac.add(message.subspan(size - kTail - kMac - 2 - 8, 8));  // time and fudge
            const Sha256Digest wanted = hmac.finish();
            CHECK(are_equal_in_constant_time(std::as_bytes(std::span(wanted)), record->mac));
        }
        std::ranges::copy(record->mac, before.begin() + 2);
    }
    CHECK(messages > 10);
}

TEST_CASE("a key that no table has signs nothing that somebody would believe") {
    Signed fixture;
    for (const std::uint16_t key : {std::uint16_t{0}, std::uint16_t{3}}) {
        CHECK(Transaction(fixture.table, key).error() == TsigError::kBadKey);
        CHECK(Transaction(fixture.table, key).key() == 0);
    }
}

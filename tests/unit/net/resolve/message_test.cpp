// DNS messages, names and the cache (RFC 1035, 2308, 4343, 6891).

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "net/resolve/cache.h"
#include "net/resolve/search.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::resolve;

namespace {

// An answer, written as a server does.
struct Message {
    std::vector<std::byte> bytes;
    Message& u8(unsigned value) {
        bytes.push_back(std::byte(value));
        return *this;
    }
    Message& u16(unsigned value) { return u8(value >> 8).u8(value); }
    Message& u32(std::uint32_t value) { return u16(value >> 16).u16(value & 0xffff); }
    Message& name(std::string_view text) {
        const auto parsed = *DomainName::parse(text);
        bytes.insert(bytes.end(), parsed.wire().begin(), parsed.wire().end());
        return *this;
    }
    Message& record(RecordType type, std::uint32_t lifetime, const Message& data) {
        u16(unsigned(type)).u16(1).u32(lifetime).u16(unsigned(data.bytes.size()));
        bytes.insert(bytes.end(), data.bytes.begin(), data.bytes.end());
        return *this;
    }
    Message& asked() { return u16(0xc00c); }  // a pointer to the question's name
};

Message a(unsigned last) {
    return Message().u32(0x0a000000 | last);
}

constexpr unsigned kPlain = 0x8180;

Message answer_to(const Question& question, unsigned flags, unsigned answers, unsigned authorities = 0) {
    Message message;
    message.u16(question.id).u16(flags).u16(1).u16(answers).u16(authorities).u16(0);
    message.bytes.insert(message.bytes.end(), question.name.wire().begin(), question.name.wire().end());
    return message.u16(unsigned(question.type)).u16(1);
}

Question ask(std::string_view name, RecordType type = RecordType::kA) {
    return {.id = 77, .name = *DomainName::parse(name), .type = type};
}

std::optional<Answer> parse(const Question& question, const Message& message) {
    return parse_answer(question, message.bytes);
}

}  // namespace

TEST_CASE("names are read and compared without regard to case") {
    CHECK(DomainName::parse("www.example.org"));
    CHECK(*DomainName::parse("WWW.example.org.") == *DomainName::parse("www.EXAMPLE.org"));
    CHECK_FALSE(*DomainName::parse("www.example.org") == *DomainName::parse("www.example.com"));
    CHECK(DomainName::parse("a.b.c")->labels() == 3);
    for (const std::string_view bad : {"", ".", "a..b", ".a", "a b", "a\nb", "ä.de"}) {
        CAPTURE(bad);
        CHECK_FALSE(DomainName::parse(bad));
    }
    CHECK_FALSE(DomainName::parse(std::string(64, 'x')));
    CHECK(DomainName::parse(std::string(63, 'x')));
    std::string long_name;
    while (long_name.size() < 248) long_name += "abcdefg.";
    CHECK(DomainName::parse(long_name));
    CHECK_FALSE(DomainName::parse(long_name + "abcdefg"));
}

TEST_CASE("a question is written with EDNS0 behind it") {
    std::byte bytes[Question::kMaximumSize];
    const auto question = ask("a.bc");
    const std::size_t size = question.emit(bytes);
    CHECK(size == 12 + 6 + 4 + 11);
    CHECK(std::to_integer<int>(bytes[1]) == 77);
    CHECK(std::to_integer<int>(bytes[2]) == 1);  // recursion desired
    CHECK(std::to_integer<int>(bytes[11]) == 1);
    CHECK(std::to_integer<int>(bytes[22 + 2]) == 41);
}

TEST_CASE("addresses are found, aliases followed, the shortest lifetime counts") {
    const auto question = ask("www.example.org");
    auto message = answer_to(question, kPlain, 4);
    message.asked().record(RecordType::kCname, 30, Message().name("cdn.example.net"));
    message.name("CDN.example.net").record(RecordType::kA, 600, a(1));
    message.name("cdn.example.net").record(RecordType::kA, 700, a(2));
    message.name("other.example.net").record(RecordType::kA, 5, a(3));
    const auto answer = parse(question, message);
    REQUIRE(answer);
    CHECK(answer->status == Answer::Status::kAddresses);
    REQUIRE(answer->count == 2);
    CHECK(answer->addresses[0] == IpAddress::v4(10, 0, 0, 1));
    CHECK(answer->lifetime == Duration::seconds(30));
}

TEST_CASE("lifetimes are bounded on both sides") {
    const auto question = ask("a.b");
    auto none = answer_to(question, kPlain, 1);
    CHECK(parse(question, none.asked().record(RecordType::kA, 0, a(1)))->lifetime == Answer::kShortest);
    auto ages = answer_to(question, kPlain, 1);
    CHECK(parse(question, ages.asked().record(RecordType::kA, 0x7fffffff, a(1)))->lifetime ==
          Answer::kLongest);
    auto negative = answer_to(question, kPlain, 1);
    CHECK(parse(question, negative.asked().record(RecordType::kA, 0x80000000, a(1)))->lifetime ==
          Answer::kShortest);
}

TEST_CASE("absence has a lifetime too (RFC 2308)") {
    const auto question = ask("a.b", RecordType::kAaaa);
    const auto soa = Message().u8(0).u8(0).u32(1).u32(2).u32(3).u32(4).u32(60);
    auto message = answer_to(question, 0x8183, 0, 1);
    auto answer = parse(question, message.u8(0).record(RecordType::kSoa, 900, soa));
    REQUIRE(answer);
    CHECK(answer->status == Answer::Status::kNoName);
    CHECK(answer->lifetime == Duration::seconds(60));
    answer = parse(question, answer_to(question, kPlain, 0));
    CHECK(answer->status == Answer::Status::kNoAddress);
    CHECK(answer->lifetime == Duration());
}

TEST_CASE("servers that cannot are told apart") {
    const auto question = ask("a.b");
    CHECK(parse(question, answer_to(question, 0x8380, 0))->status == Answer::Status::kTruncated);
    CHECK(parse(question, answer_to(question, 0x8182, 0))->status == Answer::Status::kFailure);
    CHECK(parse(question, answer_to(question, 0x8185, 0))->status == Answer::Status::kFailure);
    CHECK(parse(question, answer_to(question, 0x8181, 0))->status == Answer::Status::kNotEdns);
    CHECK(parse(question, Message().u16(77).u16(0x8181).u16(0).u16(0).u16(0).u16(0))->status ==
          Answer::Status::kNotEdns);
}

TEST_CASE("what does not answer the question is as if it had not come") {
    auto question = ask("www.example.org");
    question.name.mix_case(0x5a5a);
    const auto good = answer_to(question, kPlain, 1).asked().record(RecordType::kA, 60, a(1));
    REQUIRE(parse(question, good));
    auto other = question;
    other.id = 78;
    CHECK_FALSE(parse(other, good));
    other = question;
    other.type = RecordType::kAaaa;
    CHECK_FALSE(parse(other, good));
    other = question;
    other.name.mix_case(0xa5a5);  // another case: a guess
    CHECK_FALSE(parse(other, good));
    auto cut = good;
    cut.bytes.pop_back();
    CHECK_FALSE(parse(question, cut));
    CHECK_FALSE(parse(question, answer_to(question, 0x0100, 0)));  // a question
    CHECK_FALSE(parse(question, answer_to(question, kPlain, 2).asked().record(RecordType::kA, 60, a(1))));
    CHECK_FALSE(parse(question, answer_to(question, kPlain, 60'000)));
}

TEST_CASE("pointers lead backwards and aliases end") {
    const auto question = ask("a.b");
    auto forward = answer_to(question, kPlain, 1);
    forward.u16(0xc000 | unsigned(forward.bytes.size())).record(RecordType::kA, 60, a(1));
    CHECK_FALSE(parse(question, forward));
    auto chain = answer_to(question, kPlain, 20);
    for (int i = 0; i < 20; ++i)
        chain.name(i == 0 ? "a.b" : "a" + std::to_string(i) + ".b")
            .record(RecordType::kCname, 60, Message().name("a" + std::to_string(i + 1) + ".b"));
    CHECK_FALSE(parse(question, chain));
    auto itself = answer_to(question, kPlain, 2);
    itself.asked().record(RecordType::kCname, 60, Message().name("a.b"));
    itself.asked().record(RecordType::kA, 60, a(1));
    CHECK(parse(question, itself)->count == 1);
}

TEST_CASE("the cache forgets in time, keeps no failures and is bounded") {
    AnswerCache cache;
    Instant now;
    Answer answer;
    answer.status = Answer::Status::kAddresses;
    answer.lifetime = Duration::seconds(60);
    cache.add(now, *DomainName::parse("a.b"), RecordType::kA, answer);
    CHECK(cache.find(now, *DomainName::parse("A.B"), RecordType::kA));
    CHECK_FALSE(cache.find(now, *DomainName::parse("a.b"), RecordType::kAaaa));
    CHECK_FALSE(cache.find(now + Duration::seconds(60), *DomainName::parse("a.b"), RecordType::kA));
    answer.status = Answer::Status::kFailure;
    cache.add(now, *DomainName::parse("c.d"), RecordType::kA, answer);
    CHECK_FALSE(cache.find(now, *DomainName::parse("c.d"), RecordType::kA));
    answer.status = Answer::Status::kNoName;
    for (int i = 0; i < 200; ++i) {
        now = now + Duration::milliseconds(1);
        cache.add(now, *DomainName::parse("n" + std::to_string(i) + ".b"), RecordType::kA, answer);
    }
    CHECK(cache.size() == AnswerCache::kCapacity);
    CHECK(cache.find(now, *DomainName::parse("n199.b"), RecordType::kA));
    CHECK_FALSE(cache.find(now, *DomainName::parse("n1.b"), RecordType::kA));
}

TEST_CASE("a search list is read from what DHCP and routers send, as far as hosts can have such names") {
    const auto read = [](std::string_view bytes) {
        SearchList list;
        list.add_encoded(as_bytes(bytes));
        return list;
    };
    using namespace std::literals;
    const auto is = [](const SearchList& list, std::size_t at, std::string_view text) {
        return list.domains[at] == *DomainName::parse(text);
    };
    // RFC 3397, section 3: the second name is compressed. RFC 8106: zeros at the end are padding.
    const SearchList two = read("\3eng\5apple\3com\0\11marketing\xc0\4\0\0\0"sv);
    REQUIRE(two.count == 2);
    CHECK(is(two, 0, "eng.apple.com"));
    CHECK(is(two, 1, "marketing.apple.com"));
    CHECK(read("\3lan\0\3LAN\0"sv).count == 1);
    CHECK(read("\3lan\0\3a b\0\4home\0"sv).count == 2);
    // What is cut off, or points forwards, ends the list.
    CHECK(read("\3lan\0\7exam"sv).count == 1);
    CHECK(read("\3lan\0\xc0\x20\4home\0"sv).count == 1);
    CHECK(read("\3lan\0\xc0\5"sv).count == 1);
    CHECK(read("\1a\0\1b\0\1c\0\1d\0\1e\0\1f\0\1g\0\1h\0"sv).count == SearchList::kDomains);
}

TEST_CASE("a short name is tried in the search list first, one with dots last") {
    SearchList list;
    REQUIRE(list.add("lan"));
    REQUIRE(list.add("example.org"));
    const auto tries = [&](std::string_view text, bool absolute = false) {
        std::string all;
        for (std::size_t turn = 0; const auto name = list.candidate(*DomainName::parse(text), absolute, turn);
             ++turn)
            all += std::to_string(name->labels());
        return all;
    };
    CHECK(tries("web") == "231");
    CHECK(tries("web.x") == "234");
    CHECK(tries("web", true) == "1");
    CHECK_FALSE(list.add("no domain"));
}

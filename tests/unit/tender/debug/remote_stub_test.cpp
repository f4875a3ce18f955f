#include "tender/debug/remote_stub.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/fake_remote_target.h"

namespace holm::tender {
namespace {

using Action = RemoteStub::Action;

struct Conversation {
    // The answer without its frame.
    std::string ask(std::string_view packet) {
        action = stub->handle(packet);
        const std::string_view whole = stub->reply().finish();
        return std::string(whole.substr(1, whole.size() - 4));
    }
    FakeRemoteTarget target;
    std::unique_ptr<RemoteStub> stub = std::make_unique<RemoteStub>(target, 0x401000);
    Action action = Action::kStay;
};

}  // namespace

TEST_CASE("registers are read and written, all of them and one by one") {
    Conversation gdb;
    gdb.target.state.registers.rax = 0x1122334455667788;
    gdb.target.state.registers.rip = 0x1234;
    gdb.target.state.registers.fs_base = 0xabcd;
    const std::string all = gdb.ask("g");
    CHECK(all.size() == 2 * (17 * 8 + 7 * 4 + 8 * 10 + 8 * 4 + 16 * 16 + 4 + 3 * 8 + 16 * 16));
    CHECK(all.starts_with("8877665544332211"));
    CHECK(gdb.ask("p10") == "3412000000000000");
    CHECK(gdb.ask("P10=7856000000000000") == "OK");
    CHECK(gdb.target.state.registers.rip == 0x5678);
    std::string changed = all;
    changed.replace(0, 2, "99");
    CHECK(gdb.ask("G" + changed) == "OK");
    CHECK(gdb.target.state.registers.rax == 0x1122334455667799);
    for (const char* bad : {"G12", "P10=12", "P99=00", "p99", "p", "P", "p10x"}) {
        CAPTURE(bad);
        CHECK(gdb.ask(bad) == "E01");
    }
}

TEST_CASE("the upper halves of AVX registers are there where the machine has them") {
    Conversation gdb;
    const std::string number = "3d=";  // ymm1h
    const std::string value = "0102030405060708090a0b0c0d0e0f10";
    CHECK(gdb.ask("p3d") == std::string(32, '0'));
    gdb.target.state.extended.set_features(true);
    CHECK(gdb.ask("P" + number + value) == "OK");
    CHECK(gdb.ask("p3d") == value);
    CHECK(gdb.target.state.extended.bytes[ExtendedState::kUpperVectors + 16] == std::byte{1});
    CHECK(gdb.ask("p4c") == "E01");
}

TEST_CASE("memory is read and written where there is some") {
    Conversation gdb;
    CHECK(gdb.ask("M1000,4:01020304") == "OK");
    CHECK(gdb.ask("m1000,4") == "01020304");
    CHECK(gdb.ask("X1000,2:ab") == "OK");
    CHECK(gdb.ask("m1000,4") == "61620304");
    CHECK(gdb.ask("m1fff,10") == "00");
    CHECK(gdb.ask("m1000,ffffffffffffffff").size() == 2 * 4096);
    for (const char* bad : {"m0,4", "m2000,1", "m", "m1000", "m1000;4", "M1000,4:0102", "M1ffe,4:01020304",
                            "X1000,3:ab", "M1000,ffffffffffffffff:00", "m11111111111111111,1"}) {
        CAPTURE(bad);
        CHECK(gdb.ask(bad) == "E01");
    }
}

TEST_CASE("the machine goes on, by a step, with a signal, elsewhere") {
    Conversation gdb;
    gdb.ask("c");
    CHECK(gdb.action == Action::kContinue);
    gdb.ask("vCont;s:1;c");
    CHECK(gdb.action == Action::kStep);
    gdb.ask("vCont;C0b:1");
    CHECK(gdb.action == Action::kContinue);
    CHECK(gdb.stub->signal() == 11);
    gdb.ask("s2000");
    CHECK(gdb.action == Action::kStep);
    CHECK(gdb.stub->signal() == 0);
    CHECK(gdb.target.state.registers.rip == 0x2000);
    for (const char* bad : {"C", "Cff", "vCont;", "vCont;x", "vCont;C"}) {
        CAPTURE(bad);
        CHECK(gdb.ask(bad) == "E01");
        CHECK(gdb.action == Action::kStay);
    }
    gdb.ask("D");
    CHECK(gdb.action == Action::kDetach);
    gdb.ask("vKill;1");
    CHECK(gdb.action == Action::kKill);
}

TEST_CASE("a stop says why") {
    Conversation gdb;
    gdb.stub->report({.signal = 11, .watched = {}});
    CHECK(gdb.ask("?") == "T0bthread:1;");
    gdb.stub->report({.signal = 5, .watched = 0x1010, .kind = RemoteTarget::Point::kWrite});
    CHECK(gdb.ask("?") == "T05watch:1010;thread:1;");
}

TEST_CASE("breakpoints and watchpoints") {
    Conversation gdb;
    CHECK(gdb.ask("Z0,1000,1") == "OK");
    CHECK(gdb.target.points.size() == 1);
    CHECK(gdb.ask("z0,1000,1") == "OK");
    CHECK(gdb.target.points.empty());
    CHECK(gdb.ask("Z2,1008,8") == "OK");
    CHECK(gdb.ask("Z0,9000,1") == "E01");
    CHECK(gdb.ask("Z5,1000,1") == "E01");
    CHECK(gdb.ask("Z0,1000") == "E01");
    gdb.target.hardware = false;
    CHECK(gdb.ask("Z2,1008,8").empty());
    CHECK(gdb.ask("qHolmHardwarePoints") == "0");
}

TEST_CASE("target description and auxiliary vector come in pieces of any size") {
    Conversation gdb;
    std::string xml;
    for (std::string part; part.empty() || part[0] == 'm';) {
        std::string question = "qXfer:features:read:target.xml:";
        question += PacketWriter().hex(xml.size()).finish().substr(1);
        question.resize(question.size() - 3);
        part = gdb.ask(question + ",1f");
        REQUIRE(part.size() > 0);
        xml += part.substr(1);
    }
    CHECK(xml.starts_with("<?xml"));
    CHECK(xml.ends_with("</target>"));
    CHECK(gdb.ask("qXfer:auxv:read::0,1000").size() > 32);
    CHECK(gdb.ask("qXfer:auxv:read::ffff,10") == "E01");
    CHECK(gdb.ask("qXfer:memory-map:read::0,10").empty());
}

TEST_CASE("what is not known gets an empty answer") {
    Conversation gdb;
    for (const char* unknown : {"vMustReplyEmpty", "!", "qTStatus", "vFile:open:2f,0,0", "R00", "\x01"}) {
        CAPTURE(unknown);
        CHECK(gdb.ask(unknown).empty());
        CHECK(gdb.action == Action::kStay);
    }
    CHECK(gdb.stub->wants_acknowledgments());
    CHECK(gdb.ask("QStartNoAckMode") == "OK");
    CHECK_FALSE(gdb.stub->wants_acknowledgments());
}

}  // namespace holm::tender

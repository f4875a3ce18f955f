#include <chrono>
#include <csignal>

#include <doctest/doctest.h>
#include <unistd.h>

#include "cli/run/fault_names.h"
#include "cli/run/instance_record.h"
#include "cli/run/port_forward.h"
#include "cli/run/supervise.h"
#include "cli/text/duration.h"

using namespace holm::cli;
using namespace std::chrono_literals;

TEST_CASE("ports of the host that lead to ports of the image") {
    CHECK(parse_port_forward("8080:80")->text() == "127.0.0.1:8080 -> 80/tcp");
    CHECK(parse_port_forward("0.0.0.0:53:5353/udp")->text() == "0.0.0.0:53 -> 5353/udp");
    CHECK(parse_port_forward("10.1.2.3:8080:80/tcp")->text() == "10.1.2.3:8080 -> 80/tcp");
    CHECK(parse_port_forward("[::1]:8080:80")->text() == "[::1]:8080 -> 80/tcp");
    CHECK(parse_port_forward("[fd00:0::1]:53:5353/udp")->address_text() == "fd00::1");
    CHECK(parse_port_forward("[::1]:53:53/udp")->is_loopback());
    CHECK_FALSE(parse_port_forward("[::]:53:53/udp")->is_loopback());
    for (const char* bad : {"",
                            "80",
                            "80:",
                            ":80",
                            "0:80",
                            "80:0",
                            "65536:80",
                            "80:65536",
                            "a:80",
                            "80:80/sctp",
                            "80:80/",
                            "localhost:80:80",
                            "1.2.3:80:80",
                            "1.2.3.4:80",
                            "::1:80:80",
                            "[::1]:80",
                            "[::1:80:80",
                            "[]:80:80",
                            "[1.2.3.4]:80:80",
                            "[::ffff:1.2.3.4]:80:80",
                            "80:80:80",
                            "-1:80",
                            "80 :80"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_port_forward(bad));
    }
}

TEST_CASE("durations") {
    CHECK(parse_duration("5s") == 5s);
    CHECK(parse_duration("250ms") == 250ms);
    CHECK(parse_duration("2m") == 2min);
    CHECK(parse_duration("0s") == 0s);
    CHECK(parse_duration("1440m") == 24h);
    CHECK(parse_duration("2h") == 2h);
    CHECK(parse_duration("1m30s") == 90s);
    CHECK(parse_duration("23h59m59s1000ms") == 24h);
    for (const char* bad : {"", "5", "s", "5 s", "-5s", "1441m", "25h", "99999999999s", "5d", "1.5s", "1m30",
                            "24h1ms", "1m 30s"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_duration(bad));
    }
}

TEST_CASE("a record comes back as it was written") {
    const InstanceRecord record{.name = "web",
                                .supervisor = 4711,
                                .start_ticks = 123456789012,
                                .tender = 4712,
                                .started = 1700000000,
                                .image = "/srv/a=b\nlog=\\n/web",
                                .ports = "127.0.0.1:8080 -> 80/tcp",
                                .log = ""};
    const auto read = parse_record(format_record(record));
    REQUIRE(read);
    CHECK(format_record(*read) == format_record(record));
    CHECK(read->image == record.image);
    CHECK(read->log.empty());
}

TEST_CASE("a damaged record is none") {
    for (const char* bad : {"", "name=web\n", "nonsense", "name=web\nsupervisor=-1\ntender=5\n",
                            "name=web\nsupervisor=0\ntender=5\n", "name=web\nsupervisor=1\ntender=5\n",
                            "name=web\nsupervisor=12x\ntender=5\n", "name=\nsupervisor=12\ntender=5\n",
                            "name=web\nsupervisor=12\ntender=99999999999999\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_record(bad));
    }
}

TEST_CASE("this process has a start, a process that cannot be has none") {
    CHECK(start_ticks_of(getpid()));
    CHECK_FALSE(start_ticks_of(0));
}

TEST_CASE("an end by a signal is said in a sentence that names the image") {
    CHECK(describe_signal("web", SIGSYS, false).starts_with("web was ended by its sandbox"));
    CHECK(describe_signal("web", SIGKILL, true) == "web did not stop in time and was killed");
    CHECK(describe_signal("web", SIGKILL, false).contains("from outside"));
    CHECK(describe_signal("web", SIGSEGV, false).starts_with("web crashed"));
    CHECK(describe_signal("web", SIGUSR1, false).contains("signal 10"));
}

TEST_CASE("the addresses in the report of a fault") {
    const char* const report =
        "holm-vm: image: a fault while the image handled another: page fault (vector 14) at 0x20b1\n"
        "where (llvm-symbolizer -e IMAGE.debug names these)\n  0x20b123\n  0x2135fe\nregisters\n  rax 0x0\n";
    CHECK(reported_addresses(report) == std::vector<std::string>{"0x20b123", "0x2135fe"});
    CHECK(reported_addresses(report + std::string("interrupted (llvm-symbolizer\n  0x20a000\nregisters\n")) ==
          std::vector<std::string>{"0x20b123", "0x2135fe", "0x20a000"});
    CHECK(reported_addresses("where\n  0x20b123\n").empty());
    CHECK(reported_addresses("where (llvm-symbolizer\n  0x20b123; rm\n  --obj=x\n  0x\n").empty());
    CHECK(reported_addresses("").empty());
}

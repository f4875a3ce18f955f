#include <csignal>

#include <doctest/doctest.h>

#include "cli/selftest/outcome.h"

using namespace holm::cli;

namespace {

constexpr Check kFault{"memory", "write-code", "code is not writable", Expectation::kPanic};
constexpr Check kCall{"system calls", "fork", "no process can be made", Expectation::kStopped};
constexpr Check kAnswer{"system calls", "descriptor", "none is open", Expectation::kRefused};
constexpr int kPanicked = 134;

}  // namespace

TEST_CASE("a panic is what a forbidden access must lead to") {
    const Outcome outcome = judge(kFault, {"trying: write to 0x1\n\n---- holm: panic ----\nwhat       cannot "
                                           "write to address 0x1\nwhere\n",
                                           kPanicked, true});
    CHECK(outcome.passed);
    CHECK(outcome.tried == "write to 0x1");
    CHECK(outcome.happened == "panic: cannot write to address 0x1");
}

TEST_CASE("an instance that survives has failed, whatever its status is") {
    for (const int status : {0, 1, kPanicked}) {
        const Outcome outcome = judge(kFault, {"trying: x\nsurvived\n", status, true});
        CHECK_FALSE(outcome.passed);
        CHECK(outcome.happened == "nothing stopped it");
    }
}

TEST_CASE("what was not tried has not been proved") {
    CHECK_FALSE(judge(kFault, {"", kPanicked, true}).passed);
    const Outcome outcome = judge(kCall, {"holm-vm: no KVM here\n", 125, true});
    CHECK_FALSE(outcome.passed);
    CHECK(outcome.happened == "it was not tried: status 125: holm-vm: no KVM here");
}

TEST_CASE("a forbidden call may be ended by the kernel, a memory check may not") {
    const Ending killed{"trying: fork()\n", 128 + SIGSYS, true};
    CHECK(judge(kCall, killed).passed);
    CHECK(judge(kCall, killed).happened.contains("the filter forbids it"));
    CHECK_FALSE(judge(kFault, killed).passed);
}

TEST_CASE("an instance that had to be killed has failed") {
    CHECK_FALSE(judge(kCall, {"trying: fork()\n", 128 + SIGKILL, false}).passed);
}

TEST_CASE("a refusal is an answer") {
    CHECK(judge(kAnswer, {"trying: read\nrefused: not open\nsurvived\n", 0, true}).passed);
    const Outcome outcome = judge(kAnswer, {"trying: read\ndescriptor 3 answered 0\nsurvived\n", 0, true});
    CHECK_FALSE(outcome.passed);
    CHECK(outcome.happened == "it was allowed");
}

TEST_CASE("what must differ, differs in all starts") {
    const Ending one{"trying: base\nvalue 0x1000\nsurvived\n", 0, true};
    const Ending other{"trying: base\nvalue 0x2000\nsurvived\n", 0, true};
    CHECK(judge_values({one, other}).passed);
    CHECK_FALSE(judge_values({one, other, one}).passed);
    CHECK_FALSE(judge_values({one}).passed);
    CHECK_FALSE(judge_values({one, {"trying: base\n", 125, true}}).passed);
}

TEST_CASE("only a tender's refusal counts as one") {
    CHECK(judge_refusal("start", {"holm-process: bad: no\n", 125, true}).passed);
    CHECK_FALSE(judge_refusal("start", {"", 139, true}).passed);
    CHECK_FALSE(judge_refusal("start", {"trying: base\nvalue 0x1\nsurvived\n", 0, true}).passed);
}

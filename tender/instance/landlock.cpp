#include "tender/instance/landlock.h"

#include <cstdint>

#include <sys/syscall.h>
#include <unistd.h>

#include "tender/instance/failure.h"

namespace holm::tender {
namespace {

// System calls and structure of <linux/landlock.h>; the header of the build machine may be older than its
// kernel.
constexpr long kCreateRuleset = 444;
constexpr long kRestrictSelf = 446;
constexpr unsigned kQueryVersion = 1;

struct Ruleset {
    std::uint64_t files;    // access rights that are denied unless a rule grants them
    std::uint64_t network;  // since version 4
    std::uint64_t scoped;   // since version 6
};

Ruleset everything(long version) {
    constexpr std::uint64_t kFilesOfVersion1 = (1u << 13) - 1;
    Ruleset rules{kFilesOfVersion1, 0, 0};
    if (version >= 2) rules.files |= 1u << 13;  // refer
    if (version >= 3) rules.files |= 1u << 14;  // truncate
    if (version >= 5) rules.files |= 1u << 15;  // device ioctls
    if (version >= 4) rules.network = 3;        // bind, connect
    if (version >= 6) rules.scoped = 3;         // abstract sockets, signals
    return rules;
}

std::size_t known_size(long version) {
    if (version >= 6) return 24;
    return version >= 4 ? 16 : 8;
}

}  // namespace

void deny_files_and_network() {
    const long version = syscall(kCreateRuleset, nullptr, 0, kQueryVersion);
    if (version < 1) return;
    const Ruleset rules = everything(version);
    const long ruleset = syscall(kCreateRuleset, &rules, known_size(version), 0);
    if (ruleset < 0) refuse_with_errno("cannot make a Landlock ruleset");
    if (syscall(kRestrictSelf, ruleset, 0) != 0) refuse_with_errno("cannot enter the Landlock domain");
    close(static_cast<int>(ruleset));
}

}  // namespace holm::tender

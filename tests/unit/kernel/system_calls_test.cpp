#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <asm/unistd_64.h>
#include <doctest/doctest.h>

namespace {

struct Call {
    int number;
    std::string name;
    std::string family;  // empty: refused
};

const Call kCalls[] = {
#define IMPLEMENTED(number, name, family) {number, #name, #family},
#define REFUSED(number, name) {number, #name, ""},
#include "kernel/posix/system_calls.def"
#undef IMPLEMENTED
#undef REFUSED
};

std::string contents(const std::string& path) {
    std::ifstream file(std::string(HOLM_SOURCE_DIR) + "/" + path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// The calls that a source file defines.
std::set<std::string> defined_in(const std::string& path) {
    const std::string text = contents(path);
    const std::regex definition(R"((?:^|\n)(?:SYSTEM_CALL|READ_ONLY)\((\w+))");
    std::set<std::string> names;
    for (std::sregex_iterator match(text.begin(), text.end(), definition), end; match != end; ++match) {
        names.insert((*match)[1]);
    }
    return names;
}

}  // namespace

TEST_CASE("each number and each name stands once in the list") {
    std::set<int> numbers;
    std::set<std::string> names;
    for (const Call& call : kCalls) {
        CHECK_MESSAGE(numbers.insert(call.number).second, call.number);
        CHECK_MESSAGE(names.insert(call.name).second, call.name);
    }
    CHECK(numbers.size() > 350);
}

TEST_CASE("numbers are the kernel's") {
    // What SYSTEM_CALL relies on is the number behind __NR_name; a sample of every family is enough to see a
    // shift.
    const std::map<std::string, int> kernel{{"read", __NR_read},
                                            {"mmap", __NR_mmap},
                                            {"futex", __NR_futex},
                                            {"openat", __NR_openat},
                                            {"epoll_ctl", __NR_epoll_ctl},
                                            {"accept4", __NR_accept4},
                                            {"getrandom", __NR_getrandom},
                                            {"statx", __NR_statx},
                                            {"faccessat2", __NR_faccessat2},
                                            {"exit_group", __NR_exit_group}};
    for (const Call& call : kCalls) {
        const auto known = kernel.find(call.name);
        if (known != kernel.end()) CHECK_MESSAGE(call.number == known->second, call.name);
    }
}

TEST_CASE("the list says what the sources define") {
    std::map<std::string, std::set<std::string>> listed;
    for (const Call& call : kCalls) {
        if (!call.family.empty()) listed[call.family].insert(call.name);
    }
    for (const auto& [family, names] : listed) {
        CAPTURE(family);
        CHECK(defined_in("kernel/posix/" + family + ".cpp") == names);
    }
}

#include "tender/instance/options.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tender/text/number.h"

namespace holm::tender {
namespace {

constexpr TenderTraits kTender{.program = "holm-process", .does = {}, .own_usage = {}, .has_trace = true};

struct Parsed {
    explicit Parsed(std::initializer_list<const char*> texts) {
        for (const char* text : texts) words.push_back(const_cast<char*>(text));
        if (const auto outcome = parse_options(words, kTender, *options); !outcome)
            sentence = outcome.error().view();
    }
    std::vector<char*> words;
    std::unique_ptr<Options> options = std::make_unique<Options>();
    std::string sentence;
};

}  // namespace

TEST_CASE("options, an image and arguments") {
    const Parsed parsed{"--mem",   "64M", "--arg", "a",       "--env=K=V=W", "--net=lan=tap0", "--quiet",
                        "--grace", "500", "web",   "--arg=b", "--",          "--net",          "c"};
    REQUIRE(parsed.sentence == "");
    const Options& options = *parsed.options;
    CHECK(options.image == std::string("web"));
    CHECK(options.memory == 64ull << 20);
    CHECK(options.quiet);
    CHECK(options.grace_ms == 500);
    const auto arguments = options.arguments.items();
    CHECK(std::vector(arguments.begin(), arguments.end()) ==
          std::vector<std::string_view>{"a", "b", "--net", "c"});
    REQUIRE(options.environment.items().size() == 1);
    CHECK(options.environment.items()[0] == "K=V=W");
    REQUIRE(options.nets().size() == 1);
    CHECK(options.nets()[0].name == "lan");
}

TEST_CASE("defaults") {
    const Parsed parsed{"web"};
    CHECK(parsed.sentence == "");
    CHECK(!parsed.options->memory);
    CHECK(parsed.options->grace_ms == 10'000);
    CHECK(!parsed.options->quiet);
    CHECK(!parsed.options->trace);
}

TEST_CASE("mistakes are told with what is allowed") {
    CHECK(Parsed{}.sentence == "no image is named; try holm-process --help");
    CHECK(Parsed{"--"}.sentence == "no image is named; try holm-process --help");
    CHECK(Parsed{"web", "x"}.sentence ==
          "'x' stands behind the image; arguments of the service go behind --");
    CHECK(Parsed{"--fast", "web"}.sentence == "unknown option --fast; try holm-process --help");
    CHECK(Parsed{"web", "--mem"}.sentence == "--mem needs a value; try holm-process --help");
    CHECK(Parsed{"--block", "d", "web"}.sentence.starts_with("--block 'd' grants nothing"));
    for (const char* size :
         {"", "0", "-1", "10", "4097", "2junk", "10MB", "2T", "99999999999999999999", "0x1000", "M"}) {
        CAPTURE(size);
        CHECK(Parsed{"--mem", size, "web"}.sentence.starts_with("--mem '"));
    }
    CHECK(Parsed{"--env", "=V", "web"}.sentence.starts_with("--env '=V' is no variable"));
    CHECK(Parsed{"--env", "V", "web"}.sentence.starts_with("--env 'V' is no variable"));
    CHECK(Parsed{"--grace", "86400001", "web"}.sentence.starts_with("--grace"));
    CHECK(Parsed{"--net", "lan", "web"}.sentence.starts_with("--net lan must be"));
}

TEST_CASE("lists are bounded") {
    std::vector<char*> words{const_cast<char*>("web")};
    for (int i = 0; i < 257; i++) words.push_back(const_cast<char*>("--arg=x"));
    Options options;
    const auto outcome = parse_options(words, kTender, options);
    REQUIRE(!outcome);
    CHECK(outcome.error().view() == "too many arguments; allowed: 256");
}

TEST_CASE("numbers and sizes do not overflow") {
    CHECK(parse_decimal("18446744073709551615", ~std::uint64_t{0}) == ~std::uint64_t{0});
    CHECK(!parse_decimal("18446744073709551616", ~std::uint64_t{0}));
    CHECK(!parse_decimal("256", 255));
    CHECK(!parse_decimal("3", 2));
    CHECK(parse_decimal("0", 0) == 0u);
    CHECK(parse_size("4k") == 4096u);
    CHECK(parse_size("16777215T") == 16777215ull << 40);
    CHECK(!parse_size("16777216T"));
}

TEST_CASE("options for debuggers") {
    const Parsed parsed{"--stopped", "--dump", "core", "web"};
    REQUIRE(parsed.sentence == "");
    CHECK(parsed.options->stopped);
    CHECK(parsed.options->dump == std::string("core"));
    CHECK(Parsed{"--dump=", "web"}.sentence == "--dump: the path is empty");
    // Only a tender that has one lets a debugger in at a socket.
    CHECK(Parsed{"--gdb", "socket", "web"}.sentence.starts_with("unknown option --gdb"));
}

}  // namespace holm::tender

#include "tender/instance/options.h"

#include "base/result.h"
#include "tender/text/number.h"

namespace holm::tender {

std::array<std::string_view, 7> usage_of(const TenderTraits& tender) {
    constexpr std::string_view kShared =
        "  --net NAME=tapX[,SETTINGS]      grant the network device NAME: an existing tap interface,\n"
        "  --net NAME=fd:N[,SETTINGS]      an open tap descriptor,\n"
        "  --net NAME=stream:N[,SETTINGS]  or a connected stream socket of passt\n"
        "        SETTINGS: ip=A.B.C.D/N, ip=dhcp or ip=off, gw=A.B.C.D, ip6=X::Y/N, ip6=auto, ip6=dhcp or\n"
        "        ip6=off, gw6=X::Y, dns=ADDRESS, vlan=N or vlan=off,\n"
        "        mac=XX:XX:XX:XX:XX:XX, mtu=N\n"
        "  --block NAME=FILE[,ro]          grant the block device NAME: a file or block special file;\n"
        "        ,ro: for reading only; ,sector=4096: with sectors of that size instead of 512 bytes\n"
        "  --mem SIZE         heap of the image, such as 64M (default: what the image's manifest says)\n"
        "  --arg ARGUMENT     one argument for the service; the same as ARGUMENTS behind --\n"
        "  --env NAME=VALUE   one environment variable for the service\n"
        "  --grace MS         time between a stop request (SIGTERM) and the end (default: 10000)\n"
        "  --quiet            no messages of the library OS itself\n"
        "  --stopped          stop before the image's first instruction, until a debugger lets it go on\n"
        "  --dump FILE        on a panic or a crash, write a core file for gdb\n";
    return {
        "usage: ",
        tender.program,
        " [OPTIONS] IMAGE [-- ARGUMENTS]\n\n",
        tender.does,
        kShared,
        tender.own_usage,
        "  --help             print this\n\nThe exit status is the service's; 125: it was not started, or "
        "had to be ended, and a sentence says why.\n"};
}

namespace {

constexpr std::uint32_t kDefaultGrace = 10'000;                  // milliseconds
constexpr std::uint64_t kLongestGrace = 24ull * 60 * 60 * 1000;  // milliseconds

class OptionParser {
  public:
    OptionParser(std::span<char* const> words, const TenderTraits& tender, Options& options)
        : words_(words), tender_(tender), options_(options) {}

    using Outcome = std::expected<void, Sentence>;

    Outcome run() {
        options_.grace_ms = kDefaultGrace;
        while (at_ < words_.size()) {
            const std::string_view word = words_[at_++];
            if (word == "--") return take_arguments();
            if (word.starts_with("--"))
                TRY(take_option(word));
            else if (options_.image == nullptr)
                options_.image = words_[at_ - 1];
            else
                return wrong("'", word, "' stands behind the image; arguments of the service go behind --");
        }
        return check_image();
    }

  private:
    static std::unexpected<Sentence> wrong(std::string_view before, std::string_view foreign,
                                           std::string_view after) {
        Sentence sentence;
        sentence.text(before).foreign(foreign).text(after);
        return std::unexpected(sentence);
    }

    Outcome advise(std::string_view before, std::string_view foreign, std::string_view after) const {
        Sentence sentence;
        sentence.text(before).foreign(foreign).text(after).text("; try ").text(tender_.program);
        return std::unexpected(sentence.text(" --help"));
    }

    Outcome check_image() const {
        if (options_.image != nullptr || options_.help) return {};
        return advise({}, {}, "no image is named");
    }

    Outcome take_arguments() {
        while (at_ < words_.size()) TRY(add(options_.arguments, words_[at_++], "arguments"));
        return check_image();
    }

    static Outcome add(StringList& list, std::string_view text, std::string_view what) {
        if (list.add(text)) return {};
        return wrong("too many ", what, "; allowed: 256");
    }

    // --name VALUE or --name=VALUE.
    Outcome take_option(std::string_view word) {
        if (word == "--help") return flag(options_.help);
        if (word == "--quiet") return flag(options_.quiet);
        if (word == "--stopped") return flag(options_.stopped);
        if (tender_.has_trace && word == "--trace-syscalls") return flag(options_.trace);
        if (tender_.has_backing && word == "--prefault") return flag(options_.prefault);
        if (tender_.has_backing && word == "--huge-pages") return flag(options_.huge_pages);
        if (tender_.has_exit_count && word == "--count-exits") return flag(options_.count_exits);
        const std::size_t equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        if (!has_value(name)) return advise("unknown option ", word, {});
        if (equals != std::string_view::npos) return take_value(name, word.substr(equals + 1));
        if (at_ == words_.size()) return advise({}, name, " needs a value");
        return take_value(name, words_[at_++]);
    }

    bool has_value(std::string_view name) const {
        for (const std::string_view known :
             {"--net", "--block", "--mem", "--arg", "--env", "--grace", "--dump"})
            if (name == known) return true;
        return tender_.has_gdb && name == "--gdb";
    }

    static Outcome flag(bool& value) {
        value = true;
        return {};
    }

    Outcome take_value(std::string_view name, std::string_view value) {
        if (name == "--arg") return add(options_.arguments, value, "arguments");
        if (name == "--env") return take_environment(value);
        if (name == "--net") return take_net(value);
        if (name == "--block") return take_block(value);
        if (name == "--mem") return take_memory(value);
        if (name == "--dump") return take_path(name, value, options_.dump);
        if (name == "--gdb") return take_path(name, value, options_.gdb);
        const auto grace = parse_decimal(value, kLongestGrace);
        if (!grace) return wrong("--grace '", value, "' is no time; allowed: 0 to 86400000 milliseconds");
        options_.grace_ms = static_cast<std::uint32_t>(*grace);
        return {};
    }

    // Values are ends of words of the command line, so they end with a NUL.
    static Outcome take_path(std::string_view name, std::string_view value, const char*& path) {
        if (value.empty()) return wrong({}, name, ": the path is empty");
        path = value.data();
        return {};
    }

    Outcome take_environment(std::string_view value) {
        const std::size_t equals = value.find('=');
        if (equals == 0 || equals == std::string_view::npos)
            return wrong("--env '", value, "' is no variable; allowed: NAME=VALUE");
        return add(options_.environment, value, "environment variables");
    }

    Outcome take_net(std::string_view value) {
        if (options_.net_count == options_.net_storage.size())
            return wrong("too many --net; allowed: 64", {}, {});
        options_.net_storage[options_.net_count] = TRY(parse_net_request(value));
        options_.net_count++;
        return {};
    }

    Outcome take_block(std::string_view value) {
        if (options_.block_count == options_.block_storage.size())
            return wrong("too many --block; allowed: 64", {}, {});
        options_.block_storage[options_.block_count] = TRY(parse_block_request(value));
        options_.block_count++;
        return {};
    }

    Outcome take_memory(std::string_view value) {
        const auto size = parse_size(value);
        if (!size || *size % HOLM_PAGE_SIZE != 0 || *size == 0 || *size > HOLM_MEMORY_LIMIT)
            return wrong("--mem '", value, "' is no size; allowed: a multiple of 4K up to 1T, such as 64M");
        options_.memory = *size;
        return {};
    }

    std::span<char* const> words_;
    const TenderTraits& tender_;
    Options& options_;
    std::size_t at_ = 0;
};

}  // namespace

std::expected<void, Sentence> parse_options(std::span<char* const> words, const TenderTraits& tender,
                                            Options& options) {
    return OptionParser(words, tender, options).run();
}

}  // namespace holm::tender

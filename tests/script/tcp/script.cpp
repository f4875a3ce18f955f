#include "tests/script/tcp/script.h"

#include <charconv>
#include <format>
#include <sstream>

#include "net/wire/tcp.h"

namespace holm::net::tcp::test {
namespace {

class Words {
  public:
    explicit Words(std::string_view line) {
        // "<mss 1460,wscale 7>" becomes words of its own.
        std::string spaced;
        for (const char c : line) {
            if (c == '>' || c == ',' || c == '(' || c == ')' || c == ':') spaced += ' ';
            if (c == ',' || c == '(' || c == ')' || c == ':') continue;
            spaced += c;
            if (c == '<') spaced += ' ';
        }
        std::istringstream stream(spaced);
        for (std::string word; stream >> word;) words_.push_back(word);
    }
    bool done() const { return at_ == words_.size(); }
    std::string peek() const { return done() ? "" : words_[at_]; }
    std::string next() { return done() ? "" : words_[at_++]; }
    std::uint32_t number() {
        const std::string word = next();
        std::uint32_t value = 0;
        const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (code != std::errc() || end != word.data() + word.size())
            error = std::format("'{}' is not a number", word);
        return value;
    }
    std::string error;

  private:
    std::vector<std::string> words_;
    std::size_t at_ = 0;
};

std::uint8_t parse_flags(const std::string& word, std::string& error) {
    std::uint8_t flags = 0;
    for (const char c : word) {
        switch (c) {
            case 'S':
                flags |= wire::kTcpSyn;
                break;
            case 'F':
                flags |= wire::kTcpFin;
                break;
            case 'R':
                flags |= wire::kTcpRst;
                break;
            case 'P':
                flags |= wire::kTcpPsh;
                break;
            case 'U':
                flags |= wire::kTcpUrg;
                break;
            case '.':
                flags |= wire::kTcpAck;
                break;
            case 'E':
                flags |= wire::kTcpEce;
                break;
            case 'W':
                flags |= wire::kTcpCwr;
                break;
            case '-':
                break;  // no flag at all
            default:
                error = std::format("'{}' is no flag", c);
        }
    }
    return flags;
}

void parse_option_list(Words& words, SegmentLine& segment) {
    segment.has_options = true;
    while (!words.done() && words.peek() != ">") {
        const std::string name = words.next();
        if (name == "mss") {
            segment.mss = words.number();
        } else if (name == "wscale") {
            segment.window_scale = words.number();
        } else if (name == "sackOK") {
            segment.sack_permitted = true;
        } else if (name == "TS") {
            if (words.next() != "val") words.error = "TS val N ecr N";
            segment.timestamp_value = words.number();
            if (words.next() != "ecr") words.error = "TS val N ecr N";
            segment.timestamp_echo = words.number();
        } else if (name == "uto") {
            segment.user_timeout = words.number();
        } else if (name == "sack") {
            const std::uint32_t begin = words.number();
            segment.sack.emplace_back(begin, words.number());
        } else if (name != "nop" && name != "none") {
            words.error = std::format("'{}' is no option", name);
        }
    }
    if (words.next() != ">") words.error = "'>' is missing";
}

// FLAGS begin:end(length) [ack N] [win N] [gso N] [bad-checksum] [any] [<options>]
SegmentLine parse_segment(Words& words) {
    SegmentLine segment;
    segment.flags = parse_flags(words.next(), words.error);
    segment.begin = words.number();
    const std::uint32_t end = words.number();
    segment.length = words.number();
    if (words.error.empty() && end != segment.begin + segment.length)
        words.error = "end is not begin + length";
    while (!words.done() && words.error.empty()) {
        const std::string name = words.next();
        if (name == "ack")
            segment.ack = words.number();
        else if (name == "win")
            segment.window = words.number();
        else if (name == "gso")
            segment.segment_size = words.number();
        else if (name == "bad-checksum")
            segment.bad_checksum = true;
        else if (name == "ect" || name == "not-ect" || name == "ce")
            segment.ecn = std::uint8_t(name == "ect" ? 2 : name == "ce" ? 3 : 0);
        else if (name == "any")
            segment.any_sequence = true;
        else if (name == "<")
            parse_option_list(words, segment);
        else
            words.error = std::format("'{}' does not belong here", name);
    }
    return segment;
}

}  // namespace

Script parse_script(std::string_view text) {
    Script script;
    std::istringstream stream{std::string(text)};
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
        ++number;
        line = line.substr(0, line.find('#'));
        std::istringstream head(line);
        std::string first;
        if (!(head >> first)) continue;
        ScriptLine parsed{.number = number};
        std::string rest;
        if (first[0] == '+') {
            parsed.delay = Duration::nanoseconds(std::int64_t(std::stod(first.substr(1)) * 1e9 + 0.5));
            std::getline(head, rest);
        } else {
            rest = line;
        }
        const auto start = rest.find_first_not_of(" \t");
        rest = start == std::string::npos ? "" : rest.substr(start);
        if (rest.starts_with("< ") || rest.starts_with("> ")) {
            parsed.kind = rest[0] == '<' ? ScriptLine::Kind::kIn : ScriptLine::Kind::kOut;
            Words words(std::string_view(rest).substr(2));
            parsed.segment = parse_segment(words);
            if (!words.error.empty()) {
                script.error = std::format("line {}: {}", number, words.error);
                return script;
            }
        } else {
            std::istringstream call(rest);
            for (std::string word; call >> word;) parsed.words.push_back(word);
            if (parsed.words.empty()) parsed.words.emplace_back("wait");
        }
        script.lines.push_back(std::move(parsed));
    }
    return script;
}

}  // namespace holm::net::tcp::test

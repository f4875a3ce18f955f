#include "tests/script/tcp/player.h"

#include <format>
#include <sstream>
#include <utility>

namespace holm::net::tcp::test {

Player::Player() {
    configuration_.secret.fill(std::byte{0x5a});
    // Scripts that are about them turn them on.
    configuration_.pacing = false;
    configuration_.max_receive_buffer = configuration_.max_send_buffer = 0;
}

Player::~Player() {
    for (auto& [port, peer] : peers_) peer.connection = {};
    listener_ = {};
}

Layer& Player::layer() {
    if (!layer_) layer_.emplace(configuration_, heap_memory(), ip_);
    return *layer_;
}

void Player::error(std::string text) {
    if (error_.empty()) error_ = std::format("line {}: {}", line_, text);
}

void Player::settle() {
    if (!held_) layer().transmit(now_);
}

// Lets time pass as a machine would: transmit() at each deadline.
void Player::advance(Duration delay) {
    const Instant end = now_ + delay;
    for (int steps = 0; layer().next_deadline() <= end; ++steps) {
        if (steps > 10'000) return error("deadlines do not move on");
        now_ = std::max(now_, layer().next_deadline());
        layer().transmit(now_);
    }
    now_ = end;
    settle();
}

void Player::expect_silence() {
    if (!ip_.sent.empty()) error("unexpected: " + describe(ip_.sent.front()));
}

void Player::play_line(const ScriptLine& line) {
    if (line.kind == ScriptLine::Kind::kCall && !layer_ && call_setting(line.words)) return;
    if (line.delay != Duration() || line.kind == ScriptLine::Kind::kOut) advance(line.delay);
    switch (line.kind) {
        case ScriptLine::Kind::kIn:
            expect_silence();
            inject(line.segment);
            break;
        case ScriptLine::Kind::kOut:
            expect(line.segment);
            break;
        case ScriptLine::Kind::kCall:
            // Looking and turning to another peer may come between a segment and the next.
            if (call_expectation(line.words)) break;
            if (line.words[0] != "peer") expect_silence();
            call(line.words);
            break;
    }
}

std::string Player::play(const Script& script) {
    if (!script.error.empty()) return script.error;
    for (const ScriptLine& line : script.lines) {
        line_ = line.number;
        play_line(line);
        if (!error_.empty()) return error_;
    }
    expect_silence();
    return error_;
}

void Player::run_lines(const std::string& text) {
    const Script script = parse_script(text);
    if (!script.error.empty()) error(script.error);
    for (const ScriptLine& line : script.lines) {
        if (!error_.empty()) {
            error_ += " (in the lines of 'given')";
            return;
        }
        play_line(line);
    }
}

std::string Player::record(std::string_view text) {
    const Script script = parse_script(text);
    if (!script.error.empty()) return script.error;
    std::vector<std::string> source;
    std::istringstream stream{std::string(text)};
    for (std::string line; std::getline(stream, line);) source.push_back(line);

    std::string out;
    Instant printed = now_;
    const auto print = [&](Instant at, const std::string& line) {
        out += std::format("+{:<5} {}\n", double((at - printed).as_microseconds()) / 1e6, line);
        printed = at;
    };
    const auto drain = [&] {
        for (; !ip_.sent.empty(); ip_.sent.pop_front()) print(ip_.sent.front().at, as_line(ip_.sent.front()));
    };
    Duration owed;  // by lines that were left out
    int copied = 0;
    for (const ScriptLine& line : script.lines) {
        line_ = line.number;
        for (; copied < line.number - 1; ++copied)
            if (source[std::size_t(copied)].starts_with("#")) out += source[std::size_t(copied)] + "\n";
        copied = line.number;
        owed = owed + line.delay;
        if (line.kind == ScriptLine::Kind::kOut) continue;
        const bool setting = line.kind == ScriptLine::Kind::kCall && !layer_ && call_setting(line.words);
        if (!setting && owed != Duration()) advance(owed);
        owed = {};
        drain();
        const std::string& whole = source[std::size_t(line.number - 1)];
        const std::size_t word = whole.starts_with("+") ? whole.find_first_not_of(' ', whole.find(' ')) : 0;
        const std::string rest = word == std::string::npos ? "wait" : whole.substr(word);
        if (line.kind == ScriptLine::Kind::kIn || now_ != printed)
            print(now_, rest);
        else
            out += rest + "\n";
        if (setting) continue;
        if (line.kind == ScriptLine::Kind::kIn)
            inject(line.segment);
        else if (!call_expectation(line.words))
            call(line.words);
        if (!error_.empty()) out += "# ! " + std::exchange(error_, {}) + "\n";
        if (line.words.size() > 0 && line.words[0] == "given") printed = now_;
    }
    if (owed != Duration()) advance(owed);
    drain();
    return out;
}

}  // namespace holm::net::tcp::test

#include "tender/debug/remote_stub.h"

#include <algorithm>
#include <cstring>

#include <elf.h>

#include "tender/debug/register_list.h"

namespace holm::tender {
namespace {

constexpr std::size_t kMostMemory = 4096;  // bytes in one answer

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// A number at the start of `text`, which loses it; nothing when there is none, or it has more than 64 bits.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    std::size_t digits = 0;
    while (digits < text.size() && digit_of(text[digits]) >= 0) {
        if (value >> 60 != 0) return std::nullopt;
        value = value << 4 | static_cast<std::uint64_t>(digit_of(text[digits]));
        digits++;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

// Pairs of digits into bytes; false unless there are exactly as many as fit.
bool take_bytes(std::string_view digits, MutableBytes into) {
    if (digits.size() != 2 * into.size()) return false;
    for (std::size_t i = 0; i < into.size(); i++) {
        const int high = digit_of(digits[2 * i]);
        const int low = digit_of(digits[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        into[i] = static_cast<std::byte>(high << 4 | low);
    }
    return true;
}

}  // namespace

void RemoteStub::reset() {
    acknowledge_ = true;
    signal_ = 0;
    last_ = {};
    reply_.clear();
}

void RemoteStub::report(const Stop& stop) {
    last_ = stop;
    reply_.clear();
    reply_.text("T");
    if (stop.signal < 16) reply_.text("0");
    reply_.hex(static_cast<std::uint64_t>(stop.signal));
    if (stop.watched) {
        constexpr std::string_view kNames[] = {"", "", "watch:", "rwatch:", "awatch:"};
        reply_.text(kNames[static_cast<std::size_t>(stop.kind)]).hex(*stop.watched).text(";");
    }
    reply_.text("thread:1;");
}

RemoteStub::Action RemoteStub::handle(std::string_view packet) {
    reply_.clear();
    if (packet.empty()) return Action::kStay;
    const std::string_view rest = packet.substr(1);
    switch (packet.front()) {
        case '?':
            report(Stop(last_));
            break;
        case 'g':
            read_registers();
            break;
        case 'G':
            answer(write_registers(rest));
            break;
        case 'p':
            read_register(rest);
            break;
        case 'P':
            answer(write_register(rest));
            break;
        case 'm':
            read_memory(rest);
            break;
        case 'M':
            answer(write_memory(rest, false));
            break;
        case 'X':
            answer(write_memory(rest, true));
            break;
        case 'c':
            return go_on(rest, false, false);
        case 's':
            return go_on(rest, false, true);
        case 'C':
            return go_on(rest, true, false);
        case 'S':
            return go_on(rest, true, true);
        case 'D':
            reply_.text("OK");
            return Action::kDetach;
        case 'k':
            return Action::kKill;
        case 'Z':
            change_point(rest, true);
            break;
        case 'z':
            change_point(rest, false);
            break;
        case 'H':
        case 'T':
            reply_.text("OK");
            break;  // there is one thread
        case 'q':
        case 'Q':
            query(packet);
            break;
        case 'v':
            if (packet == "vCont?") {
                reply_.text("vCont;c;C;s;S");
            } else if (packet.starts_with("vCont;")) {
                return go_on_as_told(packet.substr(6));
            } else if (packet.starts_with("vKill")) {
                reply_.text("OK");
                return Action::kKill;
            }
            break;
        default:
            break;  // an empty answer: not known here
    }
    return Action::kStay;
}

// [SIGNAL][;ADDRESS] or [ADDRESS].
RemoteStub::Action RemoteStub::go_on(std::string_view rest, bool with_signal, bool step) {
    signal_ = 0;
    if (with_signal) {
        const auto signal = take_number(rest);
        if (!signal || *signal > 64) {
            answer(false);
            return Action::kStay;
        }
        signal_ = static_cast<int>(*signal);
        take(rest, ';');
    }
    if (const auto address = take_number(rest)) target_.thread().registers.rip = *address;
    return step ? Action::kStep : Action::kContinue;
}

// The first action is that of our one thread.
RemoteStub::Action RemoteStub::go_on_as_told(std::string_view actions) {
    std::string_view first = actions.substr(0, actions.find(';'));
    first = first.substr(0, first.find(':'));
    if (first.empty()) {
        answer(false);
        return Action::kStay;
    }
    const char kind = first.front();
    first.remove_prefix(1);
    switch (kind) {
        case 'c':
            return go_on({}, false, false);
        case 's':
            return go_on({}, false, true);
        case 'C':
            return go_on(first, true, false);
        case 'S':
            return go_on(first, true, true);
        default:
            answer(false);
            return Action::kStay;
    }
}

void RemoteStub::query(std::string_view packet) {
    if (packet.starts_with("qSupported")) {
        reply_.text("PacketSize=").hex(kLargestPacket - 16);
        reply_.text(";QStartNoAckMode+;qXfer:features:read+;qXfer:auxv:read+;vContSupported+");
    } else if (packet == "QStartNoAckMode") {
        acknowledge_ = false;
        reply_.text("OK");
    } else if (packet.starts_with("qXfer:")) {
        transfer(packet.substr(6));
    } else if (packet == "qAttached" || packet.starts_with("qAttached:")) {
        reply_.text("1");
    } else if (packet == "qC") {
        reply_.text("QC1");
    } else if (packet == "qfThreadInfo") {
        reply_.text("m1");
    } else if (packet == "qsThreadInfo") {
        reply_.text("l");
    } else if (packet == "qHolmHardwarePoints") {
        // Ours: gdb takes hardware watchpoints for granted and has no question for it (cli/gdb/holm_gdb.py).
        reply_.text(target_.has_hardware_points() ? "1" : "0");
    } else if (packet.starts_with("qSymbol")) {
        reply_.text("OK");
    }
}

void RemoteStub::transfer(std::string_view packet) {
    constexpr std::string_view kFeatures = "features:read:target.xml:";
    constexpr std::string_view kAuxiliary = "auxv:read::";
    if (packet.starts_with(kFeatures)) {
        send_part(kTargetDescription, packet.substr(kFeatures.size()));
    } else if (packet.starts_with(kAuxiliary)) {
        const std::uint64_t vector[] = {AT_ENTRY, entry_, AT_NULL, 0};
        send_part({reinterpret_cast<const char*>(vector), sizeof vector}, packet.substr(kAuxiliary.size()));
    }
}

// OFFSET,LENGTH of a whole that gdb reads in pieces.
void RemoteStub::send_part(std::string_view whole, std::string_view range) {
    const auto offset = take_number(range);
    const bool comma = take(range, ',');
    const auto length = take_number(range);
    if (!offset || !comma || !length || *offset > whole.size()) return answer(false);
    whole.remove_prefix(*offset);
    // Escapes can double it.
    const std::size_t size =
        std::min({whole.size(), static_cast<std::size_t>(std::min(*length, kLargestPacket / 4))});
    reply_.text(size == whole.size() ? "l" : "m").binary(whole.substr(0, size));
}

void RemoteStub::read_registers() {
    CoreThread& thread = target_.thread();
    for (std::size_t i = 0; i < kRegisterCount; i++) {
        const MutableBytes bytes = register_bytes(thread, i);
        reply_.hex_bytes(bytes);
        for (std::size_t more = bytes.size(); more < register_size(i); more++) reply_.text("00");
    }
}

bool RemoteStub::write_registers(std::string_view digits) {
    CoreThread& thread = target_.thread();
    for (std::size_t i = 0; i < kRegisterCount && !digits.empty(); i++) {
        const std::size_t size = 2 * register_size(i);
        const MutableBytes bytes = register_bytes(thread, i);
        if (digits.size() < size || !take_bytes(digits.substr(0, 2 * bytes.size()), bytes)) return false;
        digits.remove_prefix(size);
    }
    return digits.empty();
}

void RemoteStub::read_register(std::string_view number) {
    const auto wanted = take_number(number);
    if (!wanted || *wanted >= kRegisterCount || !number.empty()) return answer(false);
    const MutableBytes bytes = register_bytes(target_.thread(), *wanted);
    reply_.hex_bytes(bytes);
    for (std::size_t more = bytes.size(); more < register_size(*wanted); more++) reply_.text("00");
}

bool RemoteStub::write_register(std::string_view assignment) {
    const auto wanted = take_number(assignment);
    if (!wanted || *wanted >= kRegisterCount || !take(assignment, '=')) return false;
    const MutableBytes bytes = register_bytes(target_.thread(), *wanted);
    return assignment.size() == 2 * register_size(*wanted) &&
           take_bytes(assignment.substr(0, 2 * bytes.size()), bytes);
}

void RemoteStub::read_memory(std::string_view range) {
    const auto address = take_number(range);
    const bool comma = take(range, ',');
    const auto length = take_number(range);
    if (!address || !comma || !length || !range.empty()) return answer(false);
    std::array<std::byte, kMostMemory> buffer;
    const MutableBytes wanted = MutableBytes(buffer).first(std::min<std::uint64_t>(*length, buffer.size()));
    const std::size_t got = target_.read_memory(*address, wanted);
    if (got == 0 && *length != 0) return answer(false);
    reply_.hex_bytes(wanted.first(got));
}

// ADDRESS,LENGTH:DATA, in digits or as it is.
bool RemoteStub::write_memory(std::string_view command, bool binary) {
    const auto address = take_number(command);
    if (!address || !take(command, ',')) return false;
    const auto length = take_number(command);
    if (!length || !take(command, ':') || *length > kLargestPacket) return false;
    if (binary) {
        if (command.size() != *length) return false;
        return target_.write_memory(*address, as_bytes(command)) == *length;
    }
    std::array<std::byte, kLargestPacket / 2> buffer;
    if (*length > buffer.size()) return false;
    const MutableBytes bytes = MutableBytes(buffer).first(*length);
    return take_bytes(command, bytes) && target_.write_memory(*address, bytes) == *length;
}

// TYPE,ADDRESS,KIND[;...]
void RemoteStub::change_point(std::string_view command, bool set) {
    const auto type = take_number(command);
    const bool comma = take(command, ',');
    const auto address = take_number(command);
    const bool second_comma = take(command, ',');
    const auto kind = take_number(command);
    if (!type || !comma || !address || !second_comma || !kind || *type > 4) return answer(false);
    if (*type != 0 && !target_.has_hardware_points()) return;  // not known here: gdb steps instead
    const auto point = static_cast<RemoteTarget::Point>(*type);
    answer(set ? target_.set_point(point, *address, *kind) : target_.remove_point(point, *address, *kind));
}

}  // namespace holm::tender

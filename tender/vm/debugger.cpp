#include "tender/vm/debugger.h"

#include <cstring>

#include <errno.h>
#include <linux/kvm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tender/instance/failure.h"

namespace holm::tender {
namespace {

constexpr std::byte kInt3{0xcc};
constexpr std::uint64_t kTrapFlag = 0x100;
constexpr std::uint32_t kDebugVector = 1;
constexpr std::uint32_t kBreakpointVector = 3;

// gdb's own numbers (gdb/signals.def).
constexpr int kInterrupted = 2, kIllegal = 4, kTrap = 5, kArithmetic = 8, kBus = 10, kSegmentation = 11;

int signal_of(std::uint32_t vector) {
    switch (vector) {
        case 0:
        case 16:
        case 19:
            return kArithmetic;
        case kDebugVector:
        case kBreakpointVector:
            return kTrap;
        case 6:
            return kIllegal;
        case 17:
            return kBus;
        default:
            return kSegmentation;
    }
}

// Not the C library's poll(): the filter knows ppoll without a signal mask.
int look(pollfd* descriptors, std::size_t count, const timespec* timeout) {
    return static_cast<int>(syscall(SYS_ppoll, descriptors, count, timeout, nullptr, 0));
}

}  // namespace

int listen_for_debugger(const char* path) {
    const auto refuse_path = [&](std::string_view why) {
        refuse(Sentence{}.text("--gdb ").foreign(path).text(": ").text(why));
    };
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (std::strlen(path) >= sizeof address.sun_path) refuse_path("the path is too long for a socket");
    std::strcpy(address.sun_path, path);
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) refuse_path(strerror(errno));
    // One that nobody listens at any more is in the way.
    struct stat status{};
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        if (connect(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
            refuse_path("somebody listens there already");
        unlink(path);
    }
    const mode_t before = umask(077);
    const bool bound = bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    umask(before);
    if (!bound || listen(listener, 1) != 0) refuse_path(strerror(errno));
    return listener;
}

// --- the socket
// --------------------------------------------------------------------------------------------------------

void Debugger::connect() {
    // The lowest free number is 0: standard input was closed, and the filter permits no other to be closed
    // again.
    const long got = syscall(SYS_accept4, in_.listener, nullptr, nullptr, 0);
    if (got < 0) return;
    connection_ = static_cast<int>(got);
    stub_.reset();
    reader_ = PacketReader();
    called_ = true;
}

void Debugger::disconnect() {
    if (connection_ != kNobody) close(connection_);
    connection_ = kNobody;
    while (breakpoint_count_ > 0)
        remove_point(Point::kSoftware, breakpoints_[breakpoint_count_ - 1].address, 1);
    hardware_ = {};
    arm_hardware();
    stepping_ = called_ = interrupted_ = false;
}

pollfd Debugger::watch() const {
    return {.fd = connection_ != kNobody ? connection_ : in_.listener, .events = POLLIN, .revents = 0};
}

bool Debugger::is_called() {
    if (called_ || interrupted_) return true;
    pollfd who = watch();
    const timespec now{};
    if (look(&who, 1, &now) <= 0) return false;
    if (connection_ == kNobody) {
        connect();
        return called_;
    }
    // Nothing but Ctrl-C is expected of gdb now; the end of the connection is found out where packets are
    // read.
    char byte = 0;
    const ssize_t size = read(connection_, &byte, 1);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return false;
    if (size <= 0) {
        disconnect();
        return false;
    }
    interrupted_ = reader_.take(byte) == PacketReader::Event::kInterrupt;
    return interrupted_;
}

void Debugger::wait_for_one() {
    pollfd who = watch();
    look(&who, 1, nullptr);
}

void Debugger::send(std::string_view bytes) {
    while (!bytes.empty() && connection_ != kNobody) {
        const ssize_t written = write(connection_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;  // the next read finds the end
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

// Reads packets and answers them until one of them lets the guest go on.
RemoteStub::Action Debugger::listen() {
    std::array<char, 1024> bytes;
    for (;;) {
        const ssize_t size = read(connection_, bytes.data(), bytes.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return RemoteStub::Action::kDetach;
        RemoteStub::Action action = RemoteStub::Action::kStay;
        // gdb waits for each answer, so what follows an action in the same read can only be noise.
        for (ssize_t i = 0; i < size && action == RemoteStub::Action::kStay; i++)
            action = take_packet(reader_.take(bytes[static_cast<std::size_t>(i)]));
        if (action != RemoteStub::Action::kStay) return action;
    }
}

RemoteStub::Action Debugger::take_packet(PacketReader::Event event) {
    switch (event) {
        case PacketReader::Event::kDamaged:
            send("-");
            return RemoteStub::Action::kStay;
        case PacketReader::Event::kResend:
            send(stub_.reply().finish());
            return RemoteStub::Action::kStay;
        case PacketReader::Event::kPacket:
            break;
        default:
            return RemoteStub::Action::kStay;
    }
    if (stub_.wants_acknowledgments()) send("+");
    const RemoteStub::Action action = stub_.handle(reader_.packet());
    if (action == RemoteStub::Action::kStay || action == RemoteStub::Action::kDetach)
        send(stub_.reply().finish());
    return action;
}

void Debugger::say_end(int status) {
    if (connection_ == kNobody) return;
    PacketWriter& reply = stub_.reply();
    reply.clear();
    reply.text(status < 16 ? "W0" : "W").hex(static_cast<std::uint64_t>(status & 0xff));
    send(reply.finish());
}

// --- stops
// -------------------------------------------------------------------------------------------------------------

Debugger::Outcome Debugger::converse(holm_upcall_frame& frame, const kvm_sregs& special, const Stop& stop,
                                     bool exception) {
    const bool was_asked = !called_;  // a new debugger asks by itself
    called_ = interrupted_ = stepping_ = false;
    frame.rflags &= ~kTrapFlag;
    copy_registers(frame, special, thread_.registers);
    read_extended_state(in_.processor, thread_.extended);
    const ExtendedState extended = thread_.extended;
    stub_.report(stop);
    if (was_asked) send(stub_.reply().finish());

    const RemoteStub::Action action = listen();
    if (action == RemoteStub::Action::kKill) return Outcome::kKill;
    copy_registers(thread_.registers, frame);
    if (extended != thread_.extended) write_extended_state(in_.processor, thread_.extended);
    if (action == RemoteStub::Action::kDetach) {
        disconnect();
        return exception && stop.signal != kTrap ? Outcome::kDeliver : Outcome::kGoOn;
    }
    if (exception && stub_.signal() != 0) return Outcome::kDeliver;
    if (action == RemoteStub::Action::kStep) {
        stepping_ = true;
        frame.rflags |= kTrapFlag;
    }
    return Outcome::kGoOn;
}

// A hardware breakpoint comes before the instruction that it is at; where there is none, that instruction is
// an int3.
void Debugger::prepare() {
    set_point(Point::kSoftware, in_.entry, 1);
    set_point(Point::kHardware, in_.entry, 1);
}

Debugger::Outcome Debugger::end_trial(holm_upcall_frame& frame, bool hardware) {
    trying_ = false;
    hardware_works_ = hardware;
    remove_point(Point::kSoftware, in_.entry, 1);
    remove_point(Point::kHardware, in_.entry, 1);
    frame.rip = in_.entry;
    return Outcome::kGoOn;
}

Debugger::Outcome Debugger::stopped_by_exception(holm_upcall_frame& frame, const kvm_sregs& special) {
    if (trying_ && frame.vector == kBreakpointVector && frame.rip - 1 == in_.entry)
        return end_trial(frame, false);
    if (connection_ == kNobody) return Outcome::kDeliver;
    if (frame.vector == kBreakpointVector && find(frame.rip - 1) != nullptr) frame.rip--;
    return converse(frame, special, {.signal = signal_of(frame.vector), .watched = {}},
                    frame.vector != kDebugVector);
}

Debugger::Outcome Debugger::stopped_by_call(holm_upcall_frame& frame, const kvm_sregs& special) {
    return converse(frame, special, {.signal = interrupted_ ? kInterrupted : kTrap, .watched = {}}, false);
}

Debugger::Outcome Debugger::stopped_by_hardware(holm_upcall_frame& frame, const kvm_sregs& special,
                                                std::uint64_t which) {
    if (trying_) return end_trial(frame, true);
    Stop stop;
    for (std::size_t i = 0; i < kHardwarePoints; i++) {
        if (!(which & (1u << i)) || !hardware_[i].used || hardware_[i].kind == Point::kHardware) continue;
        stop.watched = hardware_[i].address;
        stop.kind = hardware_[i].kind;
    }
    return converse(frame, special, stop, false);
}

// --- memory and points
// -------------------------------------------------------------------------------------------------

Debugger::Breakpoint* Debugger::find(std::uint64_t address) {
    for (std::size_t i = 0; i < breakpoint_count_; i++)
        if (breakpoints_[i].address == address) return &breakpoints_[i];
    return nullptr;
}

// As if there were no breakpoints.
std::size_t Debugger::read_memory(std::uint64_t address, MutableBytes into) {
    std::size_t done = 0;
    while (done < into.size()) {
        const MutableBytes there = in_.memory.at(address + done, into.size() - done);
        if (there.empty()) break;
        std::memcpy(into.data() + done, there.data(), there.size());
        done += there.size();
    }
    for (std::size_t i = 0; i < breakpoint_count_; i++)
        if (breakpoints_[i].address - address < done)
            into[breakpoints_[i].address - address] = breakpoints_[i].original;
    return done;
}

std::size_t Debugger::write_memory(std::uint64_t address, Bytes from) {
    std::size_t done = 0;
    while (done < from.size()) {
        const MutableBytes there = in_.memory.at(address + done, from.size() - done);
        if (there.empty()) break;
        std::memcpy(there.data(), from.data() + done, there.size());
        done += there.size();
    }
    for (std::size_t i = 0; i < breakpoint_count_; i++) {
        Breakpoint& breakpoint = breakpoints_[i];
        if (breakpoint.address - address >= done) continue;
        breakpoint.original = from[breakpoint.address - address];
        in_.memory.at(breakpoint.address, 1)[0] = kInt3;
    }
    return done;
}

bool Debugger::set_point(Point kind, std::uint64_t address, std::uint64_t length) {
    if (kind != Point::kSoftware) {
        const bool fits = length == 1 || length == 2 || length == 4 || length == 8;
        if (!fits || address % length != 0 || address >= kUserEnd || kind == Point::kRead) return false;
        for (HardwarePoint& point : hardware_) {
            if (point.used) continue;
            point = {kind, address, kind == Point::kHardware ? 1 : length, true};
            if (arm_hardware()) return true;
            point.used = false;
            return false;
        }
        return false;
    }
    if (find(address) != nullptr) return true;
    const MutableBytes there = in_.memory.at(address, 1);
    if (there.empty() || breakpoint_count_ == breakpoints_.size()) return false;
    breakpoints_[breakpoint_count_++] = {address, there[0]};
    there[0] = kInt3;
    return true;
}

bool Debugger::remove_point(Point kind, std::uint64_t address, std::uint64_t length) {
    if (kind != Point::kSoftware) {
        for (HardwarePoint& point : hardware_)
            if (point.used && point.kind == kind && point.address == address &&
                (kind == Point::kHardware || point.length == length))
                point.used = false;
        return arm_hardware();
    }
    Breakpoint* const breakpoint = find(address);
    if (breakpoint == nullptr) return true;
    if (const MutableBytes there = in_.memory.at(address, 1); !there.empty()) there[0] = breakpoint->original;
    *breakpoint = breakpoints_[--breakpoint_count_];
    return true;
}

// The debug registers (Intel SDM vol. 3, 17.2), as KVM keeps them for a debugger outside the guest.
bool Debugger::arm_hardware() {
    kvm_guest_debug debug{};
    std::uint64_t control = 0;
    for (std::size_t i = 0; i < kHardwarePoints; i++) {
        const HardwarePoint& point = hardware_[i];
        if (!point.used) continue;
        const std::uint64_t when = point.kind == Point::kHardware ? 0 : point.kind == Point::kWrite ? 1 : 3;
        const std::uint64_t size = point.length == 8 ? 2 : point.length - 1;
        debug.arch.debugreg[i] = point.address;
        control |= std::uint64_t{2} << (2 * i) | (when | size << 2) << (16 + 4 * i);
    }
    debug.control = control != 0 ? KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP : 0;
    debug.arch.debugreg[7] = control != 0 ? control | 0x600 : 0x400;
    return syscall(SYS_ioctl, in_.processor, KVM_SET_GUEST_DEBUG, &debug) == 0;
}

}  // namespace holm::tender

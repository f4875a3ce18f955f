#pragma once

// The commands of gdb's remote protocol (gdb manual, appendix E) for one thread of x86-64. It talks to a
// machine through RemoteTarget and to gdb through packets; it reads no socket, so tests and a fuzzer drive it
// as gdb would.

#include <cstdint>
#include <optional>
#include <string_view>

#include "tender/debug/core_file.h"
#include "tender/debug/packets.h"

namespace holm::tender {

class RemoteTarget {
  public:
    enum class Point : std::uint8_t {
        kSoftware,
        kHardware,
        kWrite,
        kRead,
        kAccess
    };  // as Z packets number them

    // Registers of the machine as it stands still; changes take effect when it goes on.
    virtual CoreThread& thread() = 0;
    // Bytes that were read or written from the start; fewer than asked for where the guest has no memory.
    virtual std::size_t read_memory(std::uint64_t address, MutableBytes into) = 0;
    virtual std::size_t write_memory(std::uint64_t address, Bytes from) = 0;
    // False: no such thing, or no more of them. Setting one twice, or removing what is not there, changes
    // nothing.
    virtual bool set_point(Point kind, std::uint64_t address, std::uint64_t length) = 0;
    virtual bool remove_point(Point kind, std::uint64_t address, std::uint64_t length) = 0;
    virtual bool has_hardware_points() const = 0;

  protected:
    ~RemoteTarget() = default;
};

// Why the machine stands still.
struct Stop {
    int signal = 5;                        // SIGTRAP
    std::optional<std::uint64_t> watched;  // the address of a watchpoint that was hit
    RemoteTarget::Point kind = RemoteTarget::Point::kWrite;
};

class RemoteStub {
  public:
    enum class Action : std::uint8_t { kStay, kContinue, kStep, kDetach, kKill };

    RemoteStub(RemoteTarget& target, std::uint64_t entry) : target_(target), entry_(entry) {}

    // A new conversation begins.
    void reset();

    // Acts on a packet; what is to be sent back stands in reply(). kContinue and kStep have no answer before
    // the next stop.
    Action handle(std::string_view packet);
    // The answer to the packet that let the machine go on, or to a Ctrl-C.
    void report(const Stop& stop);

    PacketWriter& reply() { return reply_; }
    bool wants_acknowledgments() const { return acknowledge_; }
    // The signal that the machine shall get as it goes on; 0: none.
    int signal() const { return signal_; }

  private:
    Action go_on(std::string_view rest, bool with_signal, bool step);
    Action go_on_as_told(std::string_view actions);
    void query(std::string_view packet);
    void transfer(std::string_view packet);
    void send_part(std::string_view whole, std::string_view range);
    void read_registers();
    bool write_registers(std::string_view digits);
    void read_register(std::string_view number);
    bool write_register(std::string_view assignment);
    void read_memory(std::string_view range);
    bool write_memory(std::string_view command, bool binary);
    void change_point(std::string_view command, bool set);
    void answer(bool good) { reply_.text(good ? "OK" : "E01"); }

    RemoteTarget& target_;
    std::uint64_t entry_;  // what the auxiliary vector says
    PacketWriter reply_;
    Stop last_;
    int signal_ = 0;
    bool acknowledge_ = true;
};

}  // namespace holm::tender

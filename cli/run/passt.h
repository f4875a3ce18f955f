#pragma once

// passt: a program that turns Ethernet frames on a socket into ordinary sockets of this user, so that an
// image is on the network without root and without a tap.

#include <string>
#include <vector>

#include <sys/types.h>

#include "cli/run/port_forward.h"

namespace holm::cli {

// Why passt would not lead these ports to an image: one is taken, passt is missing, the machine has no
// network;
// "": it would.
std::string why_not_led(const std::vector<PortForward>& forwards);

class Passt {
  public:
    // Starts passt; it needs some 15 ms until it forwards, but takes frames at once (they wait in the
    // socket). Fails for why_not_led().
    explicit Passt(const std::vector<PortForward>& forwards);
    ~Passt();
    Passt(const Passt&) = delete;
    Passt& operator=(const Passt&) = delete;

    // What holm-process needs behind "--net NAME=": its end of the socket and the addresses passt expects.
    std::string net_setting() const;
    // To be called when the instance has its copy: passt ends by itself when the last one is closed.
    void close_guest_end();

    // For the moment before this program becomes another one: passt goes on as that one's child.
    void outlive_this_program();

    // Waits until the ports are open: until passt has them, that is. Fails when it ends or takes more than 5
    // s.
    void wait_until_ready();

    pid_t pid() const { return pid_; }
    // After its end: what it complained about.
    std::string complaint();
    // It has been waited for.
    void ended() { pid_ = -1; }
    // Ends it, if it has not ended.
    void stop();

  private:
    pid_t pid_ = -1;
    int guest_end_ = -1;
    int errors_ = -1;  // its standard error
    bool v6_ = false;  // a port of an IPv6 address is forwarded
};

}  // namespace holm::cli

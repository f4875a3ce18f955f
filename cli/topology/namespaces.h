#pragma once

// Network namespaces that live as long as somebody holds their descriptor, and taps in them. Nothing of it
// has a name in the file system, so nothing is left behind, however a program ends. As an ordinary user the
// caller enters a user namespace of its own first.

#include <span>
#include <string>
#include <utility>

namespace holm::cli {

// A descriptor, closed with its owner.
class Descriptor {
  public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor();
    int number() const { return number_; }

  private:
    int number_;
};

// Gives a program without root a user namespace, in which it has the rights below; no effect for root. Fails
// with what the machine would have to permit. The process must have one thread.
void enter_user_namespace();

// Why this user gets no namespaces on this machine; "": he does. Nothing is changed.
std::string why_no_namespaces();

// A new network namespace, its loopback up.
Descriptor make_network_namespace();

// A new tap with virtio-net headers (IFF_VNET_HDR) in a namespace. It is there as long as the descriptor is
// open.
Descriptor make_tap(const Descriptor& network_namespace, const std::string& name);

// Runs a script of ip(8) (`ip -batch -`, a command a line) in a namespace; fails with what ip says. The
// script may name the namespaces of `others` by /proc/self/fd/NUMBER.
void run_ip(const Descriptor& network_namespace, const std::string& script,
            std::span<const Descriptor> others = {});

// Moves this process into a namespace, for good.
void enter_network_namespace(int network_namespace);

// Keeps the rights over the network across exec, for an ordinary user in a user namespace of its own.
void keep_network_rights();

}  // namespace holm::cli

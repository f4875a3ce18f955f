#pragma once

// The supervisor's end of its control socket: a line in, an answer out, then it is closed.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <sys/un.h>

#include "cli/topology/namespaces.h"

namespace holm::cli {

// Empty when the path is longer than an address can be (107 bytes).
std::optional<sockaddr_un> control_address(const std::filesystem::path& path);

class ControlSocket {
  public:
    // Only this user can connect: the folder is his.
    explicit ControlSocket(const std::filesystem::path& path);

    int number() const { return listener_.number(); }

    struct Request {
        Descriptor connection;
        std::string text;
    };
    // One that waits, if there is one whose line comes within a second.
    std::optional<Request> receive() const;

    static void answer(const Descriptor& connection, std::string_view text);  // "ok" and the text
    static void complain(const Descriptor& connection, std::string_view why);

  private:
    Descriptor listener_;
};

}  // namespace holm::cli

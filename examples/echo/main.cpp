// The echo service (RFC 862): what arrives on port 7, by TCP or UDP, goes back.

#include <holm/main.h>
#include <holm/net.h>
#include <holm/task.h>

using holm::Bytes;
using holm::Result;
using holm::Task;

namespace {

constexpr std::uint16_t kPort = 7;

Task<> echo(holm::TcpStream stream) {
    for (;;) {
        const auto bytes = co_await stream.receive();
        if (!bytes || bytes->empty()) co_return;  // reset, or the peer has finished
        if (!co_await stream.send(*bytes)) co_return;
        stream.consume(bytes->size());
    }
}

Task<Result<>> serve_tcp(holm::Network& network) {
    auto listener = CO_TRY(network.listen(kPort));
    holm::Scope connections;
    for (;;) connections.start(echo(CO_TRY(co_await listener.accept())), "echo");
}

Task<Result<>> serve_udp(holm::Network& network) {
    auto socket = CO_TRY(network.open_udp(kPort));
    for (;;) {
        const auto datagram = CO_TRY(co_await socket.receive());
        (void)co_await socket.send_to(datagram.source, datagram.payload);  // datagrams may get lost
    }
}

Task<Result<>> wait_for_stop(holm::Machine& machine) {
    co_await machine.stop().wait();
    co_return holm::fail(holm::ErrorCode::kCancelled, "stopped");
}

}  // namespace

Task<> holm::main(Machine& machine) {
    const Result<> ended = co_await with_scope([&](Scope& scope) -> Task<Result<>> {
        scope.start(serve_tcp(machine.net()), "tcp");
        scope.start(serve_udp(machine.net()), "udp");
        scope.start(wait_for_stop(machine), "stop");
        machine.console().print("echo: listening on port ", kPort, ", TCP and UDP\n");
        co_return {};
    });
    if (ended.error().code == ErrorCode::kCancelled) co_return;
    machine.console().print("echo: ", ended.error().what, "\n");
    machine.set_exit_status(1);
}

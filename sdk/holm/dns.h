#pragma once

// An authoritative name server for zones that holm-zone has compiled into the image (docs/dns.md):
//
//     dns::NameServer server;
//     co_await server.serve(machine.net(), "/zones");

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/intrusive_list.h"
#include "base/result.h"
#include "kernel/network/tcp_stream.h"
#include "kernel/network/udp_socket.h"
#include "kernel/task/event.h"
#include "kernel/task/scope.h"
#include "kernel/task/task.h"
#include "services/dns/server.h"  // IWYU pragma: export
#include "services/dns/transfer.h"

namespace holm {
class Network;
class TcpListener;
}  // namespace holm

namespace holm::dns {

class NameServer {
  public:
    struct Options {
        std::uint16_t port = 53;
        std::size_t connections = 256;              // TCP, at a time; more wait to be accepted
        std::size_t connections_per_client = 64;    // see one_client.h; more are closed at once
        Duration idle = Duration::seconds(10);      // until the next query has arrived whole
        Duration transfer = Duration::seconds(30);  // how long a client may take to accept a message
    };

    NameServer() = default;
    explicit NameServer(const Options& options) : options_(options) {}

    // Takes the table in this file of the image. Errors: kNotFound, those of ZoneTable::create(); they are
    // also told on the console.
    Result<> load(std::string_view path);
    // Serves it, by UDP and TCP, until the operator asks the instance to stop. Precondition: load(). Errors:
    // those of Network::open_udp() and listen(); they are also told on the console.
    Task<Result<>> serve(Network& network);
    Task<Result<>> serve(Network& network, std::string_view path);

    // Null before load().
    const Server* server() const { return server_.get(); }
    // Where the table says that counters are to be shown (dns_metrics.h); none before load().
    std::optional<net::Endpoint> metrics_endpoint() const;
    std::size_t connections_open() const { return connections_open_; }
    // Those that were closed because their client had enough of them.
    std::uint64_t connections_refused() const { return connections_refused_; }

  private:
    class Datagrams final : public net::udp::Responder {
      public:
        explicit Datagrams(Server& server) : server_(server) {}
        void look_ahead(std::span<const Bytes> payloads) override;
        Bytes respond(Instant now, std::size_t index, const net::Endpoint& source,
                      const net::IpAddress& destination) override;

      private:
        Server& server_;
        std::uint64_t unix_time_ = 0;  // of those that came together
        alignas(8) std::byte answer_[Server::kUdpRoom];
    };
    // One of those that are open, from when it was accepted.
    class Connection : public ListHook<> {
      public:
        Connection(NameServer& server, TcpStream opened);
        ~Connection();

        TcpStream stream;

      private:
        NameServer& server_;
    };

    bool has_enough(const net::IpAddress& client);
    Task<> accept_all(TcpListener& listener, Scope& connections);
    Task<> converse(std::unique_ptr<Connection> connection);
    Task<Result<>> send(TcpStream& stream, std::size_t size);
    Task<> notify_all(Network& network);
    // `key` of the table, from 1, which signs it; 0: none.
    Task<> notify(Network& network, const table::Zone& zone, net::Endpoint secondary, std::uint16_t key);

    Options options_;
    ZoneTable table_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<std::byte[]> scratch_;  // the message for a stream that is being made
    std::size_t connections_open_ = 0;
    std::uint64_t connections_refused_ = 0;
    IntrusiveList<Connection> connections_;
    Event connections_changed_;
};

}  // namespace holm::dns

#pragma once

// An HTTP/1.1 client:
//
//     http::Client client(machine.net());
//     const auto response = co_await client.get("http://10.0.0.1:8080/items?page=2");
//     if (response && response->status() == http::Status::kOk) use(response->text());
//
// Connections are kept and used again, a few for each host; hosts are found by name or address, whichever of
// their addresses answers first. Redirects are followed. There is no TLS: "https" is refused.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/instant.h"
#include "base/result.h"
#include "kernel/network/network.h"
#include "kernel/task/task.h"
#include "services/http/client/response_parser.h"
#include "services/http/client/url.h"
#include "services/http/request_head.h"

namespace holm::http {

class ClientResponse {
  public:
    const ResponseHead& head() const { return head_; }
    Status status() const { return head_.status(); }
    std::string_view header(std::string_view name) const { return head_.header(name); }
    // The content, decoded; empty when the request had a sink.
    Bytes body() const { return as_bytes(body_.text()); }
    std::string_view text() const { return body_.text(); }
    // Where it came from, after redirects.
    const Url& url() const { return url_; }

  private:
    friend class Client;
    ResponseHead head_;
    ByteBuffer body_;
    Url url_;
};

struct ClientRequest {
    Method method = Method::kGet;
    std::string url;
    // Besides Host, User-Agent, Accept, Connection and Content-Length, which the client writes.
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    // Gets the content of a successful response piece by piece, as it comes, so that it may be of any size;
    // false ends the exchange (kCancelled).
    Function<bool(Bytes)> sink = {};
};

class Client {
  public:
    struct Options {
        ResponseLimits limits;
        Duration connect = Duration::seconds(5);    // to a connection, names included
        Duration silence = Duration::seconds(10);   // between two pieces of a response
        Duration exchange = Duration::seconds(60);  // a request and its response, each redirect by itself
        Duration idle = Duration::seconds(20);      // that a connection is kept for
        std::size_t idle_per_host = 4;
        std::size_t idle_connections = 32;
        unsigned redirects = 5;  // 0: they are responses like others
        std::string user_agent = "holm";
    };
    struct Statistics {
        std::uint64_t connections = 0;  // opened
        std::uint64_t reused = 0;       // exchanges on a connection that was kept
        std::uint64_t exchanges = 0;
    };

    explicit Client(Network& network) : Client(network, Options()) {}
    Client(Network& network, Options options) : network_(network), options_(std::move(options)) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Errors: those of parse_url(), of Network::connect() and of ResponseParser; kTooLarge for content beyond
    // the limit; kInvalid for headers that cannot be sent and too many redirects; kTimedOut. A status like
    // 404 is no error.
    Task<Result<ClientResponse>> send(ClientRequest request);
    Task<Result<ClientResponse>> get(std::string url) { return send({.url = std::move(url)}); }
    Task<Result<ClientResponse>> post(std::string url, std::string content_type, std::string body) {
        return send({.method = Method::kPost,
                     .url = std::move(url),
                     .headers = {{"Content-Type", std::move(content_type)}},
                     .body = std::move(body)});
    }

    const Statistics& statistics() const { return statistics_; }

  private:
    struct Idle {
        std::string host;
        std::uint16_t port;
        TcpStream stream;
        Instant since;
    };

    Task<Result<ClientResponse>> exchange(const ClientRequest& request, const Url& url);
    // `heard`: at least one byte of the response came.
    Task<Result<>> converse(TcpStream& stream, const ClientRequest& request, std::string_view head,
                            ResponseParser& parser, ByteBuffer& body, Instant deadline, bool& heard);
    Result<std::string> write_head(const ClientRequest& request, const Url& url) const;
    TcpStream take_idle(const Url& url);
    void keep(const Url& url, TcpStream stream);

    Network& network_;
    Options options_;
    Statistics statistics_;
    std::vector<Idle> idle_;  // the oldest first
};

}  // namespace holm::http

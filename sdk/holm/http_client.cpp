#include "holm/http_client.h"

#include <algorithm>

#include "kernel/task/executor.h"
#include "services/http/characters.h"

namespace holm::http {
namespace {

// RFC 9110 §9.2.2: may be sent again when nobody knows whether it arrived.
bool is_idempotent(Method method) {
    return method != Method::kPost && method != Method::kPatch;
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// RFC 9110 §15.4: what is asked for where a redirect leads.
void follow(ClientRequest& request, int status, bool same_host) {
    const bool changes = status == 303 ? request.method != Method::kHead
                                       : (status == 301 || status == 302) && request.method == Method::kPost;
    if (changes) {
        request.method = Method::kGet;
        request.body.clear();
    }
    std::erase_if(request.headers, [&](const auto& header) {
        // What proves who we are is for the host that it was meant for.
        const bool secret = equals_ignoring_case(header.first, "authorization") ||
                            equals_ignoring_case(header.first, "cookie");
        return (secret && !same_host) || (changes && equals_ignoring_case(header.first, "content-type"));
    });
}

}  // namespace

Task<Result<ClientResponse>> Client::send(ClientRequest request) {
    Url url = CO_TRY(parse_url(request.url));
    for (unsigned followed = 0;; ++followed) {
        ClientResponse response = CO_TRY(co_await exchange(request, url));
        const int status = response.head().status_code();
        const auto location = response.head().find_header("location");
        if (options_.redirects == 0 || !is_redirect(status) || !location) co_return response;
        if (followed == options_.redirects) co_return fail(ErrorCode::kInvalid, "too many redirects");
        Url next = CO_TRY(resolve_url(url, *location));
        follow(request, status, next.host == url.host && next.port == url.port);
        url = std::move(next);
    }
}

Task<Result<ClientResponse>> Client::exchange(const ClientRequest& request, const Url& url) {
    const std::string head = CO_TRY(write_head(request, url));
    const Instant deadline = executor().now() + options_.exchange;
    ++statistics_.exchanges;
    for (bool may_reuse = true;; may_reuse = false) {
        TcpStream stream = may_reuse ? take_idle(url) : TcpStream();
        const bool reused = bool(stream);
        if (!reused) {
            const Instant connected = std::min(deadline, executor().now() + options_.connect);
            stream = CO_TRY(co_await network_.connect(url.host, url.port, connected));
            stream.connection().set_no_delay(true);
            ++statistics_.connections;
        }
        ClientResponse response;
        ResponseParser parser(options_.limits, request.method == Method::kHead);
        bool heard = false;
        const Result<> conversed =
            co_await converse(stream, request, head, parser, response.body_, deadline, heard);
        if (!conversed) {
            stream.abort();
            // The server had closed a connection that was kept: that says nothing about this request.
            if (reused && !heard && is_idempotent(request.method) && executor().now() < deadline) continue;
            co_return std::unexpected(conversed.error());
        }
        statistics_.reused += reused;
        if (parser.keeps_alive() && stream.readable().empty() && !stream.connection().error())
            keep(url, std::move(stream));
        response.head_ = std::move(parser.head());
        response.url_ = url;
        co_return response;
    }
}

Task<Result<>> Client::converse(TcpStream& stream, const ClientRequest& request, std::string_view head,
                                ResponseParser& parser, ByteBuffer& body, Instant deadline, bool& heard) {
    Result<> sent = co_await stream.send(as_bytes(head), deadline);
    Bytes unsent = as_bytes(request.body);
    bool refused = false;
    // A server that refuses early may have closed its end; what it said is still there to be read.
    while (!parser.complete()) {
        // What the server says meanwhile is heard (RFC 9112 §9.5), and one that answers as it reads goes on
        // doing both.
        if (sent && !refused && !unsent.empty()) {
            const auto taken = co_await stream.send_until_heard(unsent, deadline);
            if (taken) unsent = unsent.subspan(*taken);
            if (!taken) sent = std::unexpected(taken.error());
        }
        const auto input = co_await stream.receive(std::min(deadline, executor().now() + options_.silence));
        if (!input) co_return std::unexpected(sent ? input.error() : sent.error());
        if (input->empty()) co_return parser.end_of_input();
        heard = true;
        const auto step = CO_TRY(parser.receive(as_text(*input)));
        if (step.consumed == 0) co_return fail(ErrorCode::kProtocol, "the response goes on after its end");
        // The answer is not about what is still unsent.
        refused = parser.head_complete() && parser.head().status_code() >= 300;
        if (!step.data.empty()) {
            // The content of errors and redirects is not what the sink waits for.
            if (request.sink && parser.head().status_code() / 100 == 2) {
                if (!request.sink(as_bytes(step.data)))
                    co_return fail(ErrorCode::kCancelled, "the receiver wants no more of the response");
            } else if (step.data.size() > options_.limits.body - body.size()) {
                co_return fail(ErrorCode::kTooLarge, "the response's content is too large");
            } else if (!body.append(step.data)) {
                co_return fail(ErrorCode::kOutOfMemory, "no memory for a response");
            }
        }
        stream.consume(step.consumed);
    }
    // The rest of the request is still owed: another one must not take its place.
    if (!sent || !unsent.empty()) stream.abort();
    co_return {};
}

Result<std::string> Client::write_head(const ClientRequest& request, const Url& url) const {
    std::string head(method_name(request.method));
    head += ' ';
    head += url.target;
    head += " HTTP/1.1\r\nHost: " + url.authority() + "\r\n";
    const auto given = [&](std::string_view name) {
        return std::ranges::any_of(
            request.headers, [&](const auto& header) { return equals_ignoring_case(header.first, name); });
    };
    if (!given("user-agent") && !options_.user_agent.empty())
        head += "User-Agent: " + options_.user_agent + "\r\n";
    if (!given("accept")) head += "Accept: */*\r\n";
    for (const auto& [name, value] : request.headers) {
        if (name.empty() || !all_are(name, kTokenCharacter) ||
            (!value.empty() && !all_are(value, kFieldCharacter)))
            return fail(ErrorCode::kInvalid, "a header has characters that cannot be sent");
        for (const char* own : {"host", "connection", "content-length", "transfer-encoding"})
            if (equals_ignoring_case(name, own))
                return fail(ErrorCode::kInvalid, "a header that the client writes itself");
        head += name + ": " + value + "\r\n";
    }
    const bool has_content = !request.body.empty() || request.method == Method::kPost ||
                             request.method == Method::kPut || request.method == Method::kPatch;
    if (has_content) head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    head += "\r\n";
    return head;
}

TcpStream Client::take_idle(const Url& url) {
    const Instant now = executor().now();
    std::erase_if(idle_, [&](const Idle& idle) {
        // A server that has closed its end, or speaks unasked, is of no use.
        return now - idle.since > options_.idle || idle.stream.connection().error() ||
               idle.stream.connection().end_of_stream() || !idle.stream.readable().empty();
    });
    const auto found = std::ranges::find_if(idle_.rbegin(), idle_.rend(), [&](const Idle& idle) {
        return idle.port == url.port && idle.host == url.host;
    });
    if (found == idle_.rend()) return {};
    TcpStream stream = std::move(found->stream);
    idle_.erase(std::next(found).base());
    return stream;
}

void Client::keep(const Url& url, TcpStream stream) {
    const auto same = [&](const Idle& idle) { return idle.port == url.port && idle.host == url.host; };
    if (options_.idle_per_host == 0 || options_.idle_connections == 0) return;
    if (static_cast<std::size_t>(std::ranges::count_if(idle_, same)) >= options_.idle_per_host) {
        idle_.erase(std::ranges::find_if(idle_, same));
    } else if (idle_.size() >= options_.idle_connections) {
        idle_.erase(idle_.begin());
    }
    idle_.push_back({url.host, url.port, std::move(stream), executor().now()});
}

}  // namespace holm::http

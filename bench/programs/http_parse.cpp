// How long a session takes from the bytes of a request to the bytes of its response, without sockets: for a
// request as wrk sends it and for one as browsers do; beside llhttp where its package is installed. A line of
// output: metric, subject, and nanoseconds of each run, separated by tabs.

#include <chrono>
#include <cstdlib>
#include <print>
#include <string>
#include <string_view>

#include "services/http/head_parser.h"
#include "services/http/service.h"
#include "services/http/session.h"

#ifdef HOLM_HAVE_LLHTTP
#include <llhttp/llhttp.h>
#endif

using namespace holm;
using namespace holm::http;

namespace {

constexpr std::string_view kWrk = "GET /small HTTP/1.1\r\nHost: 10.0.0.2\r\n\r\n";
constexpr std::string_view kBrowser =
    "GET /static/css/page.css?v=12 HTTP/1.1\r\nHost: holm.example.org:8080\r\nConnection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: text/css,*/*;q=0.1\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: "
    "style\r\n"
    "Referer: http://holm.example.org:8080/\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: "
    "en-GB,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef\r\n\r\n";

template <typename Work>
void measure(std::string_view metric, std::string_view subject, Work work) {
    constexpr int kRuns = 15;
    constexpr int kCalls = 50'000;
    std::print("{}\t{}", metric, subject);
    for (int run = 0; run < kRuns; ++run) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < kCalls; ++i) work();
        std::print(
            "\t{:.1f}",
            std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() /
                kCalls);
    }
    std::println("");
}

#ifdef HOLM_HAVE_LLHTTP
void measure_llhttp(std::string_view metric, std::string_view text) {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    // Spans are reported, as they would have to be for use.
    settings.on_url = settings.on_header_field =
        settings.on_header_value = [](llhttp_t*, const char*, std::size_t) { return 0; };
    measure(metric, "llhttp", [&] {
        llhttp_t parser;
        llhttp_init(&parser, HTTP_REQUEST, &settings);
        if (llhttp_execute(&parser, text.data(), text.size()) != HPE_OK) std::abort();
    });
}
#endif

void measure_request(std::string_view kind, std::string_view text) {
    measure(std::string(kind) + ", parsed", "holm", [text] {
        static RequestHead head;
        if (!HeadParser().parse({}, text, head)) std::abort();
        asm volatile("" : : "r"(&head) : "memory");
    });
#ifdef HOLM_HAVE_LLHTTP
    measure_llhttp(std::string(kind) + ", parsed", text);
#endif
    Service service;
    service.get("/small", [](const Request&) { return Response::reference(as_bytes(kWrk), "text/plain"); });
    service.get("/static/{path...}",
                [](const Request&) { return Response::reference(as_bytes(kWrk), "text/css"); });
    SessionContext context;
    const Time time;
    Session session(context, time);
    measure(std::string(kind) + ", answered", "holm", [&] {
        const auto [consumed, request, refused] = session.receive(time, as_bytes(text));
        if (request == nullptr) std::abort();
        session.respond(time, service.answer(*request));
        session.sent(time, session.output(time).bytes.size());
    });
}

}  // namespace

int main() {
    measure_request("request of wrk", kWrk);
    measure_request("request of a browser", kBrowser);
}

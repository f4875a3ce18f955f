// A whole session: input cut by the fuzzer, answered by a small service. No crash, no endless loop, and the
// same bytes come back as when the input arrives at once.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "services/http/service.h"
#include "services/http/several_ranges.h"
#include "tests/unit/services/http/client.h"

using namespace holm;
using namespace holm::http;

namespace {

std::unique_ptr<Service> make_service() {
    auto service = std::make_unique<Service>();
    const auto add = [&service](Method method, std::string_view pattern, Handler handler) {
        if (!service->route(method, pattern, std::move(handler)).error()) std::abort();
    };
    add(Method::kGet, "/", [](const Request&) { return Response::html("<p>"); });
    add(Method::kGet, "/a/{b}",
        [](const Request& request) { return Response::text(std::string(request.path("b"))); });
    add(Method::kPost, "/{rest...}", [](const Request& request) {
        return Response::text(std::string(request.text())).header("X", request.query("q").value_or("none"));
    });
    add(Method::kGet, "/tag",
        [](const Request&) { return Response::text("0123456789").etag("v").last_modified(1000); });
    add(Method::kGet, "/stream", [](const Request&) {
        return Response::stream("text/plain", [left = 2](MutableBytes part) mutable {
            constexpr std::string_view kPart = "7 bytes";
            if (left == 0) return std::size_t(0);
            --left;
            std::memcpy(part.data(), kPart.data(), kPart.size());
            return kPart.size();
        });
    });
    return service;
}

std::string run(std::string_view text, std::size_t cut, bool keep, std::size_t write_size) {
    static const std::unique_ptr<Service> service = make_service();
    Limits limits;
    limits.head = 2000;
    limits.request_line = 500;
    limits.field_line = 1000;
    limits.body = 1000;
    SeveralRanges several({1, 2});  // with the same boundaries in each run
    Client client(
        [&](const Request& request) {
            return several(request, service->answer(const_cast<Request&>(request)));
        },
        limits);
    client.keep = keep;
    client.write_size = write_size;
    std::string answer = client.send(text, cut);
    client.session.end_of_input();
    client.drain();
    answer += client.take();
    // 100 (Continue) depends on what has arrived, and rightly so.
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    for (std::size_t at = answer.find(kContinue); at != answer.npos; at = answer.find(kContinue, at)) {
        answer.erase(at, kContinue.size());
    }
    return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 20'000) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (run(text, 0, false, SIZE_MAX) != run(text, data[0] + 1, data[1] % 2 != 0, data[1] + 1)) std::abort();
    return 0;
}

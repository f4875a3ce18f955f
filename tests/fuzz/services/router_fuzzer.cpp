// Router and path decoding: a pattern and a raw path from the fuzzer. No crash; a decoded path holds no trap,
// and the values of parameters are parts of it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "services/http/characters.h"
#include "services/http/service.h"
#include "tests/unit/services/http/client.h"

using namespace holm;
using namespace holm::http;

namespace {

void check_path(std::string_view path) {
    if (!path.starts_with('/') || path.contains('\0')) std::abort();
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find('/', at + 1), path.size());
        const std::string_view segment = path.substr(at + 1, end - at - 1);
        if (segment == "." || segment == "..") std::abort();
        at = end;
    }
}

}  // namespace

// The input is a pattern and a path, separated by a line feed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t split = text.find('\n');
    if (split == text.npos || size > 3000) return 0;
    const std::string_view path = text.substr(split + 1);
    Service service;
    const auto answer = [](const Request& request) {
        check_path(request.path());
        for (const char* name : {"a", "b", "rest"}) {
            if (!request.path().contains(request.path(name))) std::abort();
        }
        return Response::text(std::string(request.path()) + request.query("q").value_or(""));
    };
    service.get("/{a}/x/{b}", answer).get("/a/{rest...}", answer).post("/a/b", answer);
    service.get(text.substr(0, split), answer);
    Client client([&](const Request& request) { return service.answer(const_cast<Request&>(request)); });
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return 0;
}

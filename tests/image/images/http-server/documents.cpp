// What tests/interop/test_http_conformance.py compares with the same files of nginx.

#include "documents.h"

#include <holm/http_ranges.h>

namespace http = holm::http;
using http::Request;
using http::Response;

namespace {

constexpr std::string_view kDated =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123456789abcdefghijklmnopqrstuvwxyz";
static_assert(kDated.size() == 100);
constexpr std::int64_t kDate = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT

}  // namespace

void add_documents(http::Server& server) {
    server.get("/dated", [](const Request&) {
        return Response::reference(holm::as_bytes(kDated), "text/plain").etag("dated-1").last_modified(kDate);
    });
    server.files("/packed/", [](std::string_view path) -> std::optional<http::StaticFile> {
        if (path == "page.txt") return http::StaticFile{holm::as_bytes("plain\n"), "text/plain", {}};
        if (path == "page.txt.gz")
            return http::StaticFile{holm::as_bytes("(gzip)\n"), "application/gzip", {}};
        return std::nullopt;
    });
    server.post("/discard", [](const Request&) { return Response::text("gone\n"); });
    server.finish_with(http::several_ranges());
}

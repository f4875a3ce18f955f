#include "services/http/service.h"

#include <string>
#include <utility>

namespace holm::http {

Response answer_failure() {
    return Response::error(Status::kInternalServerError, "the service failed to answer this request");
}

Response answer_file(const StaticFile& file) {
    Response response = Response::reference(file.content, file.content_type);
    if (file.hash.size() >= 8) {
        char tag[16];
        for (std::size_t i = 0; i < 8; ++i) {
            const auto byte = std::to_integer<unsigned>(file.hash[i]);
            tag[2 * i] = "0123456789abcdef"[byte >> 4];
            tag[2 * i + 1] = "0123456789abcdef"[byte & 15];
        }
        response.etag({tag, sizeof tag});
    }
    return response;
}

Response answer_unrouted(const Request& request, const Router::Match& match) {
    if (request.method() == Method::kOptions && request.path().empty()) {
        return Response(Status::kNoContent).header("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    }
    if (match.allowed.empty()) return Response::error(Status::kNotFound, "there is nothing at this address");
    if (request.method() == Method::kOptions) {
        return Response(Status::kNoContent).header("Allow", match.allowed.to_string());
    }
    return Response::error(Status::kMethodNotAllowed, "this method is not allowed here")
        .header("Allow", match.allowed.to_string());
}

Service& Service::add(Method method, std::string_view pattern, Handler handler) {
    const auto route = router_.add(method, pattern);
    if (route) {
        handlers_.push_back(std::move(handler));
    } else if (error_) {
        error_ = std::unexpected(route.error());
    }
    return *this;
}

Service& Service::files(std::string_view prefix, FileSource source) {
    std::string pattern(prefix);
    if (!pattern.ends_with('/')) pattern += '/';
    pattern += "{path...}";
    return add(Method::kGet, pattern, [source = std::move(source)](const Request& request) {
        const auto file = source(request.path("path"));
        return file ? answer_file(*file) : Response::error(Status::kNotFound, "there is no such file");
    });
}

Response Service::answer(Request& request) const {
    const Router::Match found = match(request);
    return found.route == Router::kNoRoute ? answer_unrouted(request, found) : handler(found.route)(request);
}

}  // namespace holm::http

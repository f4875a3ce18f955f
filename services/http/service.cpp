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

Result<> Service::add(Method method, std::string_view pattern, Handler handler) {
    TRY(router_.add(method, pattern));
    handlers_.push_back(std::move(handler));
    return {};
}

Result<> Service::add_files(std::string_view prefix, FileSource source) {
    std::string pattern(prefix);
    if (!pattern.ends_with('/')) pattern += '/';
    pattern += "{path...}";
    return add(Method::kGet, pattern, [source = std::move(source)](const Request& request) {
        const auto file = source(request.path("path"));
        return file ? answer_file(*file) : Response::error(Status::kNotFound, "there is no such file");
    });
}

const Handler* Service::find(Request& request, Router::Match& match) const {
    match = router_.match(request);
    return match.route == Router::kNoRoute ? nullptr : &handlers_[match.route];
}

Response Service::answer(Request& request) const {
    Router::Match match;
    const Handler* const handler = find(request, match);
    return handler != nullptr ? (*handler)(request) : answer_unrouted(request, match);
}

}  // namespace holm::http

#include "services/http/service.h"

#include <array>
#include <string>
#include <utility>

#include "services/http/content_coding.h"

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

Response answer_file(const Request& request, std::string_view path, const FileSource& source,
                     const FileOptions& options) {
    std::array<std::optional<StaticFile>, kCodingCount> forms;
    forms[0] = source(path);
    if (!forms[0]) return Response::error(Status::kNotFound, "there is no such file");
    CodingSet available;
    bool varies = false;
    // "/folder/" is its index: what lies beside the folder is something else.
    const bool folder = path.empty() || path.ends_with('/');
    for (const Coding coding : {Coding::kGzip, Coding::kBrotli}) {
        std::string name(path);
        if (folder) name += "index.html";
        name += coding_suffix(coding);
        auto& form = forms[static_cast<std::size_t>(coding)];
        form = source(name);
        if (!form) continue;
        available.add(coding);
        varies = true;
    }
    const auto chosen = varies ? choose_coding(request, available) : Coding::kIdentity;
    Response response =
        chosen ? answer_file(*forms[static_cast<std::size_t>(*chosen)])
               : Response::error(Status::kNotAcceptable, "this file has none of the codings asked for");
    if (varies) response.header("Vary", "Accept-Encoding");
    if (!chosen) return response;
    response.content_type(forms[0]->content_type);
    if (*chosen != Coding::kIdentity) response.header("Content-Encoding", coding_name(*chosen));
    if (!options.cache_control.empty()) response.header("Cache-Control", options.cache_control);
    if (options.last_modified) response.last_modified(*options.last_modified);
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

Service& Service::files(std::string_view prefix, FileSource source, FileOptions options) {
    std::string pattern(prefix);
    if (!pattern.ends_with('/')) pattern += '/';
    pattern += "{path...}";
    return add(Method::kGet, pattern,
               [source = std::move(source), options = std::move(options)](const Request& request) {
                   return answer_file(request, request.path("path"), source, options);
               });
}

Response Service::answer(Request& request) const {
    const Router::Match found = match(request);
    return found.route == Router::kNoRoute ? answer_unrouted(request, found) : handler(found.route)(request);
}

}  // namespace holm::http

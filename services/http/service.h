#pragma once

// Routes with their handlers: everything of a web service that is not its connections.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "services/http/handler.h"
#include "services/http/router.h"

namespace holm::http {

// One file as a source of files knows it.
struct StaticFile {
    Bytes content;                  // outlives every response
    std::string_view content_type;  // outlives every response
    Bytes hash;                     // of the content; the first 8 bytes become the ETag. Empty: no ETag
};

// Finds a file by its path without a leading slash ("css/page.css"); nothing when there is none. "" asks for
// the index.
using FileSource = Function<std::optional<StaticFile>(std::string_view path)>;

class Service {
  public:
    // kInvalid, kExists: see Router::add().
    Result<> add(Method method, std::string_view pattern, Handler handler);
    // GET and HEAD of files below `prefix` ("/static/"); others are 404.
    Result<> add_files(std::string_view prefix, FileSource source);

    // Finds the handler; null when there is none: then answer_unrouted() with the match.
    const Handler* find(Request& request, Router::Match& match) const;
    Response answer(Request& request) const;

  private:
    Router router_;
    std::vector<Handler> handlers_;  // by RouteId
};

// 404, 405 with Allow, or the answer to OPTIONS.
Response answer_unrouted(const Request& request, const Router::Match& match);

Response answer_file(const StaticFile& file);

}  // namespace holm::http

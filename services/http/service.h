#pragma once

// Routes with their handlers: everything of a web service that is not its connections.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

// Finds a file by its path without a leading slash ("css/page.css"); nothing when there is none. It is also
// asked for "css/page.css.gz" and ".br": what it has of these is sent, with the type of the file itself, to
// clients that take that coding.
using FileSource = Function<std::optional<StaticFile>(std::string_view path)>;

// What is said about files besides.
struct FileOptions {
    // The Cache-Control header: "public, max-age=3600", "no-cache", …; empty: none.
    std::string cache_control = {};
    // Seconds since 1970. An image does not know when its files were made, so that it is the same whenever it
    // is built; entity tags tell clients more anyway.
    std::optional<std::int64_t> last_modified = {};
};

class Service {
  public:
    Service() = default;
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    // Adds a route; patterns: see Router. A handler is a callable from const Request& to Response. What it
    // throws becomes a 500. A pattern that is malformed or exists already is remembered as error() and has no
    // route.
    template <typename Callable>
    Service& route(Method method, std::string_view pattern, Callable handler) {
        return add(method, pattern, guard(std::move(handler)));
    }
    // Each by its method; returns the object that it was called for, a Server's too (which takes coroutines).
    template <typename Self, typename Callable>
    Self& get(this Self& self, std::string_view pattern, Callable handler) {
        return self.route(Method::kGet, pattern, std::move(handler));
    }
    template <typename Self, typename Callable>
    Self& post(this Self& self, std::string_view pattern, Callable handler) {
        return self.route(Method::kPost, pattern, std::move(handler));
    }
    template <typename Self, typename Callable>
    Self& put(this Self& self, std::string_view pattern, Callable handler) {
        return self.route(Method::kPut, pattern, std::move(handler));
    }
    template <typename Self, typename Callable>
    Self& patch(this Self& self, std::string_view pattern, Callable handler) {
        return self.route(Method::kPatch, pattern, std::move(handler));
    }
    template <typename Self, typename Callable>
    Self& remove(this Self& self, std::string_view pattern, Callable handler) {
        return self.route(Method::kDelete, pattern, std::move(handler));
    }
    // GET and HEAD of files below `prefix`: files("/static/", ...) asks the source for "page.css" when
    // "/static/page.css" is wanted.
    Service& files(std::string_view prefix, FileSource source, FileOptions options = {});

    // What was wrong with the first route that could not be added.
    const Result<>& error() const { return error_; }

    // Told of what a handler threw, with the exception's text.
    void on_failure(Function<void(const Request&, const char*)> report) { report_ = std::move(report); }

    Response answer(Request& request) const;

  protected:
    Service& add(Method method, std::string_view pattern, Handler handler);
    Router::Match match(Request& request) const { return router_.match(request); }
    std::size_t route_count() const { return handlers_.size(); }
    // The handler of a route that match() found.
    const Handler& handler(Router::RouteId route) const { return handlers_[route]; }
    void report(const Request& request, const char* what) const {
        if (report_) report_(request, what);
    }

  private:
    // A template, because it must be compiled where exceptions are switched on: in the service that has the
    // handler.
    template <typename Callable>
    Handler guard(Callable callable) {
#if __cpp_exceptions
        return [this, callable = std::move(callable)](const Request& request) mutable -> Response {
            try {
                return callable(request);
            } catch (const std::exception& exception) {
                report(request, exception.what());
            } catch (...) {
                report(request, "something that is no std::exception");
            }
            return answer_failure();
        };
#else
        return callable;
#endif
    }

    Router router_;
    std::vector<Handler> handlers_;  // by RouteId
    Result<> error_;
    Function<void(const Request&, const char*)> report_;
};

// 404, 405 with Allow, or the answer to OPTIONS.
Response answer_unrouted(const Request& request, const Router::Match& match);

// With type and entity tag, so that conditional requests and ranges work.
Response answer_file(const StaticFile& file);

// One of the forms of a file that the source has, as Accept-Encoding wishes; 404 or 406 when there is none.
Response answer_file(const Request& request, std::string_view path, const FileSource& source,
                     const FileOptions& options);

}  // namespace holm::http

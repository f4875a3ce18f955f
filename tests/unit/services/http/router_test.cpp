#include "services/http/router.h"

#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "client.h"
#include "services/http/service.h"

using namespace holm;
using namespace holm::http;

namespace {

Handler say(std::string what, std::string parameter = "") {
    return [=](const Request& request) {
        return Response::text(what + (parameter.empty() ? "" : "=" + std::string(request.path(parameter))));
    };
}

// The status code and, for 200, the content.
std::string ask(const Service& service, std::string_view method, std::string_view target) {
    std::string answer;
    Client client([&](const Request& request) { return service.answer(const_cast<Request&>(request)); });
    answer = client.send(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string status = answer.substr(9, 3);
    if (status == "200") return answer.substr(answer.find("\r\n\r\n") + 4);
    const std::size_t allow = answer.find("Allow: ");
    return allow == answer.npos
               ? status
               : status + " " + answer.substr(allow + 7, answer.find("\r\n", allow) - allow - 7);
}

}  // namespace

TEST_CASE("literal segments win over parameters, parameters over the rest") {
    Service service;
    service.route(Method::kGet, "/", say("root"));
    service.route(Method::kGet, "/items", say("list"));
    service.route(Method::kPost, "/items", say("create"));
    service.route(Method::kGet, "/items/{id}", say("item", "id"));
    service.route(Method::kPut, "/items/{key}", say("put", "key"));
    service.route(Method::kGet, "/items/new", say("form"));
    service.route(Method::kGet, "/items/{id}/parts/{part}", say("part", "part"));
    service.route(Method::kGet, "/files/{path...}", say("file", "path"));
    CHECK(ask(service, "GET", "/") == "root");
    CHECK(ask(service, "GET", "/items") == "list");
    CHECK(ask(service, "POST", "/items") == "create");
    CHECK(ask(service, "GET", "/items/7?x=y") == "item=7");
    CHECK(ask(service, "GET", "/items/a%20b") == "item=a b");
    CHECK(ask(service, "GET", "/items/new") == "form");
    CHECK(ask(service, "PUT", "/items/new") == "put=new");
    CHECK(ask(service, "GET", "/items/7/parts/x") == "part=x");
    CHECK(ask(service, "GET", "/files/") == "file=");
    CHECK(ask(service, "GET", "/files/a/b.css") == "file=a/b.css");
    CHECK(ask(service, "GET", "/files") == "404");
    CHECK(ask(service, "GET", "/items/") == "404");
    CHECK(ask(service, "GET", "/items/7/parts") == "404");
    CHECK(ask(service, "GET", "//items") == "404");
    CHECK(ask(service, "HEAD", "/items/7") == "");
    CHECK(ask(service, "DELETE", "/items") == "405 GET, HEAD, POST, OPTIONS");
    CHECK(ask(service, "PATCH", "/items/new") == "405 GET, HEAD, PUT, OPTIONS");
    CHECK(ask(service, "OPTIONS", "/items") == "204 GET, HEAD, POST, OPTIONS");
    CHECK(ask(service, "OPTIONS", "*").starts_with("204 GET"));
    CHECK(ask(service, "TRACE", "/") == "405 GET, HEAD, OPTIONS");
}

TEST_CASE("malformed patterns are refused") {
    for (const char* pattern : {"", "a", "/{", "/{}", "/{a b}", "/a{b}", "/{a}b", "/{...}", "/{a...}/b", "/}",
                                "/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{9}"}) {
        CAPTURE(std::string(pattern));
        Service service;
        CHECK(service.get(pattern, say("")).error().error().code == ErrorCode::kInvalid);
    }
    Service service;
    service.route(Method::kGet, "/a/{b}", say(""));
    CHECK(service.put("/a/{c}", say("")).error().has_value());
    CHECK(service.get("/a/{c}", say("")).error().error().code == ErrorCode::kExists);
}

TEST_CASE("what a handler throws becomes a 500 and is reported") {
    Service service;
    std::string reported;
    service.on_failure(
        [&](const Request& request, const char* what) { reported += std::string(request.path()) + what; });
    service.get("/a", [](const Request&) -> Response { throw std::runtime_error("!"); });
    service.get("/b", [](const Request&) -> Response { throw 7; });
    CHECK(ask(service, "GET", "/a") == "500");
    CHECK(reported == "/a!");
    CHECK(ask(service, "GET", "/b") == "500");
}

TEST_CASE("query parameters are decoded") {
    CHECK(query_parameter("a=1&b=x+y%26&c&=d&a=2", "a") == "1");
    CHECK(query_parameter("a=1&b=x+y%26&c", "b") == "x y&");
    CHECK(query_parameter("a=1&b=x+y%26&c", "c") == "");
    CHECK(query_parameter("%61=1", "a") == "1");
    CHECK_FALSE(query_parameter("aa=1", "a"));
    CHECK_FALSE(query_parameter("", ""));
}

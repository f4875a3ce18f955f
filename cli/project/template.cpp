#include "cli/project/template.h"

#include <array>

namespace holm::cli {
namespace {

constexpr std::string_view kBuild = R"(cmake_minimum_required(VERSION 3.25)
project(@NAME@ LANGUAGES C CXX ASM)

find_package(Holm REQUIRED)

holm_add_image(@NAME@ CONFIG holm.toml SOURCES main.cpp)
)";

constexpr std::string_view kIgnore = "/build/\n";

constexpr std::string_view kHelloMain = R"(// A Holm image can be a plain C++ program.

#include <cstdio>

int main(int argc, char** argv) {
    std::printf("hello, %s, from @NAME@\n", argc > 1 ? argv[1] : "world");
}
)";

constexpr std::string_view kHelloConfig =
    R"(# What the image needs and carries; docs/holm-toml.md lists every key.
[image]
name = "@NAME@"

[memory]
default = "4M"
)";

constexpr std::string_view kWebMain =
    R"(// A web service: holm build, holm run @NAME@ -p 8080:80, curl http://127.0.0.1:8080/hello/you

#include <string>

#include <holm/http.h>
#include <holm/main.h>

namespace http = holm::http;

holm::Task<> holm::main(holm::Machine& machine) {
    http::Server server;
    server.embedded_files("/", "/");
    server.get("/hello/{name}", [](const http::Request& request) {
        return http::Response::text("hello, " + std::string(request.path("name")) + "\n");
    });
    machine.console().print("@NAME@: listening on port 80\n");
    const auto served = co_await server.serve(machine.net(), 80);
    machine.set_exit_status(served ? 0 : 1);
}
)";

constexpr std::string_view kWebConfig =
    R"(# What the image needs and carries; docs/holm-toml.md lists every key.
[image]
name = "@NAME@"

[memory]
default = "16M"

[[net]]
name = "lan"
address = "dhcp"

[[files]]
from = "files"
to = "/"
)";

constexpr std::string_view kWebPage = R"(<!doctype html>
<title>@NAME@</title>
<h1>@NAME@</h1>
<p>This page lies inside the image. Change files/index.html, then holm build.
)";

constexpr std::array kHelloFiles = {
    TemplateFile{"CMakeLists.txt", kBuild}, TemplateFile{"main.cpp", kHelloMain},
    TemplateFile{"holm.toml", kHelloConfig}, TemplateFile{".gitignore", kIgnore}};

constexpr std::array kWebFiles = {TemplateFile{"CMakeLists.txt", kBuild}, TemplateFile{"main.cpp", kWebMain},
                                  TemplateFile{"holm.toml", kWebConfig},
                                  TemplateFile{"files/index.html", kWebPage},
                                  TemplateFile{".gitignore", kIgnore}};

constexpr std::array kTemplates = {
    Template{"hello", "a plain C++ program", kHelloFiles},
    Template{"web", "an HTTP service with files", kWebFiles},
};

}  // namespace

std::span<const Template> templates() {
    return kTemplates;
}

std::string fill_in(std::string_view text, std::string_view name) {
    constexpr std::string_view kMark = "@NAME@";
    std::string result(text);
    for (std::size_t at = 0; (at = result.find(kMark, at)) != std::string::npos; at += name.size()) {
        result.replace(at, kMark.size(), name);
    }
    return result;
}

}  // namespace holm::cli

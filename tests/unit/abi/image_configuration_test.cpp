#include "abi/image_configuration.h"

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace {

// A blob as holm-manifest lays it out.
struct Blob {
    holm_image_configuration header;
    holm_configured_interface interfaces[2];
    char arguments[12];
    char environment[7];
};

Blob make_blob() {
    Blob blob{};
    blob.header.version = HOLM_CONFIGURATION_VERSION;
    blob.header.size = sizeof(Blob);
    blob.header.arguments = {offsetof(Blob, arguments), 12, 3};
    blob.header.environment = {offsetof(Blob, environment), 7, 2};
    blob.header.interfaces = offsetof(Blob, interfaces);
    blob.header.interface_count = 2;
    blob.interfaces[0] = {.name = "lan", .configuration = 1, .ipv4_prefix_length = 24};
    blob.interfaces[1] = {.name = "wan", .configuration = 2};
    std::memcpy(blob.arguments,
                "--port\0\0"
                "123",
                sizeof blob.arguments);
    std::memcpy(blob.environment, "A=1\0B=", sizeof blob.environment);
    return blob;
}

}  // namespace

TEST_CASE("strings come out in order, empty ones included") {
    const Blob blob = make_blob();
    const holm::ImageConfiguration configuration(blob.header);
    std::vector<std::string> arguments;
    configuration.for_each_argument([&](const char* text) { arguments.emplace_back(text); });
    CHECK(arguments == std::vector<std::string>{"--port", "", "123"});
    std::vector<std::string> variables;
    configuration.for_each_variable([&](const char* text) { variables.emplace_back(text); });
    CHECK(variables == std::vector<std::string>{"A=1", "B="});
    CHECK(configuration.argument_count() == 3);
    CHECK(configuration.variable_count() == 2);
}

TEST_CASE("an interface is found by its name") {
    const Blob blob = make_blob();
    const holm::ImageConfiguration configuration(blob.header);
    CHECK(configuration.interfaces().size() == 2);
    REQUIRE(configuration.interface("wan") != nullptr);
    CHECK(configuration.interface("wan")->configuration == 2);
    CHECK(configuration.interface("lan")->ipv4_prefix_length == 24);
    CHECK(configuration.interface("la") == nullptr);
}

#include <string>

#include <doctest/doctest.h>

#include "cli/compose/reader.h"
#include "cli/settings/yaml.h"
#include "cli/text/format.h"

using namespace holm::cli;

namespace {

std::string mistakes_of(std::string_view text) {
    const auto compose = read_compose(text, "poc", Notation::kYaml);
    std::string all;
    if (compose) return all;
    for (const Mistake& mistake : compose.error()) all += format_mistake("f", mistake) + "\n";
    return all;
}

constexpr std::string_view kWhole = R"(# A web server and its client.
name: poc
networks:
  dmz:
    subnet: 10.1.0.0/24
    subnet6: fd00:1::/64
  wire:
services:
  web:
    image: web
    tender: "vm"
    mem_limit: 8M
    command: [--x, 1]
    environment: {A: 1, B: 'two'}
    networks:
      lan: {network: dmz, ipv4_address: 10.1.0.2, dns: [10.1.0.53]}
      spare: wire
    ports:
      - 8080:80
    cpuset: 0
    restart: no
    healthcheck:
      http: 80
clients:
  desk:
    networks:
      dmz:
        ipv4_address: 10.1.0.9
)";

}  // namespace

TEST_CASE("a compose file in YAML says what it says in TOML") {
    CHECK(mistakes_of(kWhole) == "");
    const auto compose = read_compose(kWhole, "x", Notation::kYaml);
    REQUIRE(compose);
    CHECK(compose->name == "poc");
    CHECK(compose->networks.size() == 2);
    const ComposeService& web = compose->services.at(0);
    CHECK(web.image == "web");
    CHECK(web.memory == "8M");
    CHECK(web.command == std::vector<std::string>{"--x", "1"});
    CHECK(web.environment == std::vector<std::string>{"A=1", "B=two"});
    CHECK(web.networks.at(0).address->address.text() == "10.1.0.2");
    CHECK(web.networks.at(1).network == "wire");
    CHECK(web.ports == std::vector<std::string>{"8080:80"});
    CHECK(web.cpus == std::vector<unsigned>{0});
    CHECK(web.restart == Restart::kNo);
    CHECK(web.health->port == 80);
    CHECK(compose->clients.at(0).networks.at(0).network == "dmz");
}

TEST_CASE("mistakes of meaning in YAML are told in YAML, with their places") {
    const std::string top = "services:\n  web:\n    image: web\n";
    CHECK(mistakes_of(top + "    imag: x\n")
              .starts_with("f:4:5: unknown key \"imag\" in services.web, did you mean \"image\"?"));
    CHECK(mistakes_of("services:\n  web: {tender: vm}\n") ==
          "f:2:8: service web has no image; write image: \"web\", a name or a path\n");
    CHECK(mistakes_of(top + "    networks: {lan: dmz}\n").contains("a network is a table networks.NAME"));
    CHECK(mistakes_of(top + "    networks: {lan: {}}\n").contains("write network: \"dmz\""));
    CHECK(mistakes_of(top + "    healthcheck: {}\n").contains("tcp: PORT, http: PORT with path: \"/\""));
    CHECK(mistakes_of(top + "    healthcheck: [80]\n")
              .contains("f:4:18: services.web.healthcheck is a list; allowed: a table, its keys"));
    CHECK(
        mistakes_of(top + "    ports: 80:80\n")
            .contains("ports of services.web is a string; allowed: a list of strings such as [\"8080:80\"]"));
    CHECK(mistakes_of(top + "    ports: [{a: 1}]\n").contains("f:4:13: ports of services.web holds a table"));
    CHECK(mistakes_of(top + "    tender:\n")
              .contains("tender of services.web is nothing; allowed: a string such as"));
    CHECK(mistakes_of("") == "f:1:1: there is no service; a service is a table services.NAME\n");
    CHECK(mistakes_of("services:\n") == "f:1:1: there is no service; a service is a table services.NAME\n");
    CHECK(mistakes_of("image: web\n").contains("it belongs in services.NAME"));
    CHECK(mistakes_of(top + "    environment: [A]\n")
              .contains("\"A\" sets no variable; allowed: \"NAME=VALUE\""));
}

TEST_CASE("mistakes of YAML itself say what was expected, and where") {
    const auto says = [](std::string_view text, std::string_view expected) {
        const std::string mistakes = mistakes_of(text);
        CAPTURE(mistakes);
        CHECK(mistakes.starts_with(expected));
    };
    says("services:\n\tweb:\n", "f:2:1: a tab cannot stand here; expected: spaces");
    says("a: b: c\n", "f:1:5: a \":\" where there can be no key; expected: one KEY: VALUE a line");
    says("services:\n  web:\n    image: x\n   tender: vm\n",
         "f:4:4: expected: the end of the line, or a key in the same column as those of its table, which "
         "begins in line 2");
    says("a: [1, 2\nb: 3\n", "f:2:2: expected: ',' or ']' of what begins in line 1");
    says("a: {b: 1\n", "f:2:1: expected: ',' or '}' of what begins in line 1");
    says("a: \"text\n", "f:2:1: expected: the quotation mark that ends the text begun in line 1");
    says("a: \"\\q\"\n", "f:1:5: an unknown escape");
    says("a: @x\n", "f:1:4: nothing can begin with \"@\"; expected: a value in quotation marks");
    says("a:\n  b\n  c: 1\n", "f:3:4: a \":\" where there can be no key");
    says("a:\n- 1\nb\n", "f:4:1: a key without a value; expected: KEY: VALUE");
    says("a: 1\nb: \xff\n", "f:2:4: a character that YAML does not have");
    says(
        "\xef\xbb\xbf"
        "a: 1\r\nb: 2\r\n",
        "f:1:1: unknown key \"a\" in the compose file");
    says("a: 1\n---\nb: 2\n", "f:2:1: a second document begins; expected: the end of the file");
    says("- a\n", "f:1:1: the file is no table of settings; expected: KEY: VALUE");
    says("a: &x 1\nb: *x\n", "f:1:4: anchors (&NAME) and aliases (*NAME) are not taken");
    says("a: *x\n", "f:1:4: anchors (&NAME) and aliases (*NAME) are not taken");
    says("a: !!str 1\n", "f:1:4: tags (!NAME) are not taken");
    says("a: 1\n%TAG !a! b\n", "f:2:1: tags (%TAG) are not taken");
    says("a: [1,,]\n", "f:1:7: expected: a value");
    says("{a: 1}\nb: 2\n", "f:2:1: expected: another key in the column of the first, or the end of the file");
    says("a: 1\na: 2\n",
         "f:2:1: the key \"a\" stands here for the second time, after line 1; expected: each key once");
    says("[a]: 1\n", "f:1:1: a key that is a table or a list; expected: text");
    says("a: " + std::string(40, '[') + "\n", "f:1:20: more than 16 tables and lists within each other");
}

TEST_CASE("what stands without quotation marks is what the core schema of YAML 1.2 says") {
    const auto kind = [](std::string_view value) {
        return parse_yaml(formatted("a: {}\n", value))->table.at(0).value.kind;
    };
    CHECK(kind("12") == Value::Kind::kWholeNumber);
    CHECK(kind("-12") == Value::Kind::kWholeNumber);
    CHECK(kind("'12'") == Value::Kind::kText);
    CHECK(kind("true") == Value::Kind::kBoolean);
    CHECK(kind("no") == Value::Kind::kText);
    CHECK(kind("8080:80") == Value::Kind::kText);
    CHECK(kind("10.0.0.1") == Value::Kind::kText);
    CHECK(kind("99999999999999999999") == Value::Kind::kText);
    CHECK(kind("~") == Value::Kind::kNothing);
    CHECK(kind("") == Value::Kind::kNothing);
    CHECK(kind("''") == Value::Kind::kText);
}

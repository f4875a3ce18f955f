#include <cmath>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "services/json/value.h"
#include "services/json/writer.h"

using namespace holm::json;

namespace {

// The value written back, or where and why it was refused.
std::string round(std::string_view text, const Limits& limits = {}) {
    const auto value = parse(text, limits);
    return value ? to_string(*value) : value.error().to_string();
}

bool refused(std::string_view text) {
    return !parse(text).has_value();
}

}  // namespace

TEST_CASE("values are read and written") {
    CHECK(round(" { \"a\" : [ 1 , -2.5e3, true,false , null, \"x\" ] , \"b\" : { } }\r\n\t") ==
          R"({"a":[1,-2500,true,false,null,"x"],"b":{}})");
    CHECK(round("\"\"") == "\"\"");
    CHECK(round("[]") == "[]");
    CHECK(round("[[[]]]") == "[[[]]]");
    const auto value = parse(R"({"name":"boat","size":3,"tags":["a"],"gone":null})");
    REQUIRE(value.has_value());
    CHECK(*value->find("name")->as_string() == "boat");
    CHECK(*value->find("size")->as_integer() == 3);
    CHECK(value->find("size")->as_double() == nullptr);
    CHECK(value->find("tags")->as_array()->size() == 1);
    CHECK(value->find("gone")->is_null());
    CHECK(value->find("none") == nullptr);
    CHECK(value->find("name")->find("x") == nullptr);
}

TEST_CASE("numbers are exact") {
    CHECK(*parse("9223372036854775807")->as_integer() == INT64_MAX);
    CHECK(*parse("-9223372036854775808")->as_integer() == INT64_MIN);
    CHECK(*parse("9223372036854775808")->as_double() == 9223372036854775808.0);
    CHECK(*parse("1.0")->as_double() == 1.0);
    CHECK(*parse("1e2")->as_double() == 100.0);
    CHECK(std::signbit(*parse("-0")->as_double()));
    CHECK(*parse("5e-324")->as_double() == 5e-324);
    CHECK(*parse("0.1")->as_double() == 0.1);
    CHECK(*parse("1.7976931348623157e308")->as_double() == 1.7976931348623157e308);
    CHECK(*parse("1e-9999")->as_double() == 0.0);
    for (const char* bad : {"01", "+1", "-", ".5", "1.", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity",
                            "-Infinity", "1e999", "--1"}) {
        CAPTURE(std::string(bad));
        CHECK(refused(bad));
    }
    std::mt19937_64 random(20260103);
    for (int i = 0; i < 20'000; ++i) {
        const double number = std::bit_cast<double>(random());
        if (!std::isfinite(number)) continue;
        std::string text;
        Writer(text).value(number);
        const auto back = parse(text);
        REQUIRE(back.has_value());
        REQUIRE((back->as_double() != nullptr ? *back->as_double()
                                              : static_cast<double>(*back->as_integer())) == number);
    }
    CHECK(to_string(Value(0.1)) == "0.1");
    CHECK(to_string(Value(1e300 * 1e300)) == "null");
}

TEST_CASE("strings: escapes and UTF-8") {
    CHECK(*parse(R"("\"\\\/\b\f\n\r\t\u0041\u00e4\u20ac\ud83d\ude00")")->as_string() ==
          "\"\\/\b\f\n\r\tA\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    CHECK(parse(R"("a\u0000b")")->as_string()->size() == 3);
    CHECK(round("\"\xf0\x9f\x98\x80\xe2\x82\xac\x7f\"") == "\"\xf0\x9f\x98\x80\xe2\x82\xac\\u007f\"");
    for (const char* bad : {R"("\x")",
                            R"("\u12")",
                            R"("\u12g4")",
                            R"("\u-123")",
                            R"("\ud83d")",
                            R"("\ud83dx")",
                            R"("\ude00")",
                            R"("\ud83d\u0041")",
                            "\"\xff\"",
                            "\"\xc0\xaf\"",
                            "\"\xed\xa0\x80\"",
                            "\"\xf4\x90\x80\x80\"",
                            "\"\xe2\x82\"",
                            "\"\xc3\"",
                            "\"a\nb\"",
                            "\"a\tb\"",
                            "\"a",
                            "\"a\\",
                            "\"\\u",
                            "'a'"}) {
        CAPTURE(std::string(bad));
        CHECK(refused(bad));
    }
    CHECK(to_string(Value("a\xff\"\n\x01</b>")) == "\"a\xef\xbf\xbd\\\"\\n\\u0001\\u003c/b>\"");
}

TEST_CASE("what is not JSON is refused with its place") {
    CHECK(round("") == "line 1, column 1: the text ends where a value is expected");
    CHECK(round("{\n  \"a\": 1,\n  \"\xc3\xa4\": x}") == "line 3, column 8: no value begins like this");
    CHECK(round("[1 2]") == "line 1, column 4: ',' or ']' is expected");
    CHECK(round("[1,]") == "line 1, column 4: no value begins like this");
    CHECK(round("{\"a\":1,}") == "line 1, column 8: an object's key is expected, in double quotes");
    CHECK(round("{\"a\" 1}") == "line 1, column 6: ':' is expected after a key");
    CHECK(round("{a:1}") == "line 1, column 2: an object's key is expected, in double quotes");
    CHECK(round("1 2") == "line 1, column 3: something follows the value");
    CHECK(round("{\"a\":1,\n\"a\":2}") == "line 2, column 1: an object's key appears twice");
    CHECK(round("{\"a\":1,\"\\u0061\":2}") == "line 1, column 8: an object's key appears twice");
    for (const char* bad : {"[", "{", "[1", "{\"a\"", "{\"a\":", "tru", "nul", "True", "//", "/* */ 1",
                            "\xef\xbb\xbf"
                            "1",
                            "]", "}", ",", "[}", "{]", "\v1"}) {
        CAPTURE(std::string(bad));
        CHECK(refused(bad));
    }
    CHECK(refused(std::string_view("1\0", 2)));
    CHECK(refused(std::string_view("\0", 1)));
}

TEST_CASE("repeated keys are found in large objects, too") {
    std::string text = "{";
    for (int i = 0; i < 20'000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
    CHECK(parse(text + "\"x\":0}").has_value());
    CHECK(refused(text + "\"k7777\":0}"));
}

TEST_CASE("size, depth and number of values are bounded") {
    Limits limits;
    limits.depth = 3;
    CHECK(round("[[[]]]", limits) == "[[[]]]");
    CHECK(round("[[[[]]]]", limits) == "line 1, column 4: arrays and objects are nested too deeply");
    CHECK(round("[{\"a\":[{}]}]", limits).contains("too deeply"));
    limits.values = 3;
    CHECK(round("[1,2]", limits) == "[1,2]");
    CHECK(round("[1,2,3]", limits).contains("too many values"));
    limits.bytes = 4;
    CHECK(round("[ ]  ", limits).contains("the text is too long"));
    CHECK(refused(std::string(1'000'000, '[')));
}

TEST_CASE("the writer places commas and colons") {
    std::string out;
    Writer(out)
        .begin_object()
        .key("a")
        .value(1)
        .key("b")
        .begin_array()
        .value(true)
        .begin_object()
        .end_object()
        .value("x")
        .end_array()
        .key("c")
        .value(nullptr)
        .key("d")
        .value(std::uint64_t{UINT64_MAX})
        .end_object();
    CHECK(out == R"({"a":1,"b":[true,{},"x"],"c":null,"d":18446744073709551615})");
    CHECK(to_string(Value(Object{{"k", Array{1, "two", 3.5, nullptr, true}}})) ==
          R"({"k":[1,"two",3.5,null,true]})");
}

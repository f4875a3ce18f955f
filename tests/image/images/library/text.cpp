#include <chrono>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <format>
#include <print>
#include <regex>
#include <string>

#include "tests/image/images/library/check.h"

void test_text() {
    CHECK(std::format("{:>8}|{:<5}|{:^7}|{:#x}", "right", 42, "mid", 255) == "   right|42   |  mid  |0xff");
    CHECK(std::format("{:.3f} {:e} {}", 3.14159, 12345.678, 0.1) == "3.142 1.234568e+04 0.1");
    CHECK(std::format("{:%F %T}", std::chrono::sys_seconds{std::chrono::seconds{86400}}) ==
          "1970-01-02 00:00:00");
    std::println("printed with {}", "println");

    std::smatch match;
    const std::string line = "2024-05-17 GET /index.html 200";
    CHECK(std::regex_match(line, match, std::regex(R"((\d{4})-(\d\d)-(\d\d) ([A-Z]+) (\S+) (\d+))")));
    CHECK(match[4] == "GET" && match[5] == "/index.html");
    CHECK(std::regex_replace(std::string("a1b22"), std::regex("[[:digit:]]+"), "#") == "a#b#");

    char buffer[64];
    CHECK(std::snprintf(buffer, sizeof(buffer), "%05d %-4s| %.2e %zu %p", 42, "ab", 1234.5, sizeof(int),
                        nullptr) > 0);
    CHECK(std::strncmp(buffer, "00042 ab  | 1.23e+03 4", 22) == 0);
    int a = 0;
    char word[8];
    CHECK(std::sscanf("17 fox", "%d %7s", &a, word) == 2 && a == 17 && std::strcmp(word, "fox") == 0);
    CHECK(std::setlocale(LC_ALL, "C.UTF-8") != nullptr);
    wchar_t wide[8];
    CHECK(std::mbstowcs(wide, "\xc3\xa4\xe2\x82\xac", 8) == 2 && wide[1] == L'\u20ac');
    CHECK(std::strcmp(std::strerror(ENOENT), "No such file or directory") == 0);
    CHECK(std::getenv("GREETING") != nullptr && std::strcmp(std::getenv("GREETING"), "hello") == 0);
    CHECK(std::getenv("NOTHING") == nullptr);
}

#include <cwctype>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <locale>
#include <sstream>
#include <string>

#include "tests/image/images/library/check.h"

void test_streams() {
    std::ostringstream out;
    out << std::setw(6) << std::setfill('.') << 42 << ' ' << std::hex << 255 << ' ' << std::fixed
        << std::setprecision(2) << 2.5 << ' ' << std::boolalpha << true;
    CHECK(out.str() == "....42 ff 2.50 true");

    std::istringstream in("12 0x1f 3.5 word");
    int decimal = 0;
    int hexadecimal = 0;
    double real = 0;
    std::string word;
    in >> decimal >> std::setbase(0) >> hexadecimal >> real >> word;
    CHECK(decimal == 12 && hexadecimal == 31 && real == 3.5 && word == "word");

    std::wostringstream wide;
    wide << L"wide " << 7;
    CHECK(wide.str() == L"wide 7");
    CHECK(std::towupper(L'\u00e4') == L'\u00c4');

    std::cout << "written with iostream" << std::endl;
    std::cerr << "and to the error stream\n";
    CHECK(std::cout.good());
    int nothing = 0;
    CHECK(!(std::cin >> nothing) && std::cin.eof());

    std::ifstream file("/data/greetings/hello.txt");
    std::string line;
    CHECK(file && std::getline(file, line) && line == "hello from the image");
    CHECK(!std::getline(file, line));
    std::ofstream refused("/data/new.txt");
    CHECK(!refused);

    CHECK(std::isalpha('a', std::locale::classic()));
    const std::locale everywhere("");
    CHECK(std::use_facet<std::numpunct<char>>(everywhere).decimal_point() == '.');
    std::tm date{};
    std::istringstream("2024-02-29 13:37:00") >> std::get_time(&date, "%Y-%m-%d %H:%M:%S");
    std::ostringstream printed;
    printed << std::put_time(&date, "%d.%m.%Y %H:%M");
    CHECK(printed.str() == "29.02.2024 13:37");
}

#pragma once

// The C and C++ library tests: one image, one group of checks for each file, chosen by the first argument. A
// failed check prints its place and its text; the exit status is 1 if there was one.

#include <cstdio>

inline int checks = 0;
inline int failures = 0;

inline bool check(bool holds, const char* text, const char* file, int line) {
    ++checks;
    if (!holds) {
        ++failures;
        std::printf("%s:%d: failed: %s\n", file, line, text);
    }
    return holds;
}

#define CHECK(...) check(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

void test_containers();
void test_streams();
void test_text();
void test_exceptions();
void test_threads();
void test_waiting();
void test_time();
void test_files();
void test_memory();
void test_descriptors();
void test_system();

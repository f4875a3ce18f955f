#include <exception>
#include <functional>
#include <future>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "tests/image/images/library/check.h"

namespace {

int unwound = 0;
struct Guard {
    ~Guard() { ++unwound; }
};

[[gnu::noinline]] void descend(int depth) {
    const Guard guard;
    if (depth == 0) throw std::runtime_error("from the depth");
    descend(depth - 1);
}

template <typename Exception>
bool throws(const std::function<void()>& action) {
    try {
        action();
    } catch (const Exception&) {
        return true;
    } catch (...) {
    }
    return false;
}

}  // namespace

void test_exceptions() {
    CHECK(throws<std::runtime_error>([] { descend(20); }));
    CHECK(unwound == 21);
    CHECK(throws<std::bad_alloc>([] {
        volatile std::size_t terabyte = std::size_t{1} << 40;
        std::vector<char> huge(terabyte);
        CHECK(huge[terabyte / 2] == 1);
    }));
    CHECK(throws<std::bad_variant_access>([] { CHECK(std::get<int>(std::variant<int, long>(1L)) == 1); }));
    CHECK(throws<std::out_of_range>([] { CHECK(std::string("abc").at(3) == 'x'); }));
    CHECK(throws<std::invalid_argument>([] { CHECK(std::stoi("none") == 0); }));

    try {
        try {
            throw std::logic_error("inner");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("outer"));
        }
    } catch (const std::runtime_error& outer) {
        CHECK(std::string(outer.what()) == "outer");
        CHECK(throws<std::logic_error>([&] { std::rethrow_if_nested(outer); }));
    }

    std::exception_ptr carried;
    std::thread thrower([&] {
        try {
            descend(5);
        } catch (...) {
            carried = std::current_exception();
        }
    });
    thrower.join();
    CHECK(carried != nullptr);
    CHECK(throws<std::runtime_error>([&] { std::rethrow_exception(carried); }));
    auto failing = std::async(std::launch::async, []() -> int { throw std::domain_error("async"); });
    CHECK(throws<std::domain_error>([&] { failing.get(); }));
    CHECK(std::uncaught_exceptions() == 0);

    // Each thread has its own exception in flight while others run.
    std::vector<std::thread> threads;
    int caught = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&caught, i] {
            try {
                throw i;
            } catch (int value) {
                std::this_thread::yield();
                try {
                    throw std::to_string(value);
                } catch (const std::string& text) {
                    std::this_thread::yield();
                    caught += text == std::to_string(value) && value == i;
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(caught == 8);
}

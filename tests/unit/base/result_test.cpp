#include "base/result.h"

#include <memory>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

using namespace holm;

namespace {

Result<std::unique_ptr<int>> make(int value) {
    if (value < 0) return fail(ErrorCode::kInvalid, "negative");
    return std::make_unique<int>(value);
}

Result<int> add(int left, int right) {
    const auto a = TRY(make(left));
    const auto b = TRY(make(right));
    return *a + *b;
}

Result<> check(int value) {
    TRY(make(value));
    return {};
}

}  // namespace

TEST_CASE("TRY moves the value out and hands an error to the caller") {
    CHECK(add(2, 3) == 5);
    CHECK(add(2, -1).error() == Error{ErrorCode::kInvalid});
    CHECK(check(1).has_value());
    CHECK(std::string_view(check(-1).error().what) == "negative");
}

#include <algorithm>
#include <any>
#include <array>
#include <charconv>
#include <deque>
#include <expected>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <ranges>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "tests/image/images/library/check.h"

namespace {

struct Shape {
    virtual ~Shape() = default;
    virtual int sides() const = 0;
};
struct Square final : Shape {
    int sides() const override { return 4; }
};
struct Triangle final : Shape {
    int sides() const override { return 3; }
};

int constructed_before_main = [] { return 42; }();

}  // namespace

void test_containers() {
    CHECK(constructed_before_main == 42);

    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 0);
    std::mt19937 random(7);
    std::shuffle(numbers.begin(), numbers.end(), random);
    std::ranges::sort(numbers);
    CHECK(std::ranges::is_sorted(numbers) && numbers.front() == 0 && numbers.back() == 999);
    auto squares = numbers | std::views::filter([](int n) { return n % 2 == 0; }) |
                   std::views::transform([](int n) { return n * n; }) | std::ranges::to<std::vector>();
    CHECK(squares.size() == 500 && squares[3] == 36);

    std::map<std::string, std::vector<int>> ordered;
    std::unordered_map<std::string, int> hashed;
    for (int i = 0; i < 5000; ++i) {
        ordered["key " + std::to_string(i % 100)].push_back(i);
        hashed["key " + std::to_string(i)] = i;
    }
    CHECK(ordered.size() == 100 && ordered.at("key 42").size() == 50);
    CHECK(hashed.size() == 5000 && hashed.at("key 4999") == 4999);
    CHECK(std::set<int>{3, 1, 2, 3}.size() == 3);

    std::deque<int> deque(100, 1);
    deque.push_front(2);
    CHECK(std::accumulate(deque.begin(), deque.end(), 0) == 102);
    std::list<int> list{3, 1, 2};
    list.sort();
    CHECK(list.front() == 1);
    std::priority_queue<int> queue;
    for (int n : {5, 9, 1}) queue.push(n);
    CHECK(queue.top() == 9);

    std::unique_ptr<Shape> shape = std::make_unique<Square>();
    const Shape& square = *shape;
    CHECK(square.sides() == 4 && dynamic_cast<const Square*>(&square) != nullptr);
    CHECK(dynamic_cast<const Triangle*>(&square) == nullptr);
    CHECK(typeid(square) == typeid(Square));
    auto shared = std::make_shared<std::string>("shared");
    std::weak_ptr<std::string> weak = shared;
    shared.reset();
    CHECK(weak.expired());

    std::variant<int, std::string> variant = "text";
    CHECK(std::get<std::string>(variant) == "text");
    std::any any = 3.5;
    CHECK(std::any_cast<double>(any) == 3.5);
    std::optional<int> nothing;
    CHECK(nothing.value_or(3) == 3);
    std::expected<int, std::string> error = std::unexpected("no");
    CHECK(!error && error.error() == "no");
    std::function<int(int)> twice = [](int n) { return 2 * n; };
    CHECK(twice(21) == 42);

    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof(digits), 3.14159265358979).ptr;
    CHECK(std::string(digits, end) == "3.14159265358979");
    const std::string_view number = "255";
    int parsed = 0;
    CHECK(std::from_chars(number.data(), number.data() + number.size(), parsed).ec == std::errc() &&
          parsed == 255);
    CHECK(std::stod("2.5e3") == 2500);

    std::array<std::byte, 4096> buffer;
    std::pmr::monotonic_buffer_resource resource(buffer.data(), buffer.size());
    std::pmr::vector<int> pooled({1, 2, 3}, &resource);
    CHECK(pooled.size() == 3);

    const unsigned first = std::random_device{}();
    bool differs = false;
    for (int i = 0; i < 8; ++i) differs = differs || std::random_device{}() != first;
    CHECK(differs);
}

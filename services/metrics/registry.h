#pragma once

// Counters, gauges and histograms of durations, and their text in the exposition format 0.0.4 of Prometheus.
// Numbers are integers throughout: nothing here needs floating point.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/instant.h"

namespace holm::metrics {

class Counter {
  public:
    void add(std::uint64_t n = 1) { value_ += n; }
    std::uint64_t value() const { return value_; }

  private:
    std::uint64_t value_ = 0;
};

class Gauge {
  public:
    void set(std::int64_t value) { value_ = value; }
    void add(std::int64_t n) { value_ += n; }
    std::int64_t value() const { return value_; }

  private:
    std::int64_t value_ = 0;
};

class Histogram {
  public:
    explicit Histogram(std::vector<Duration> bounds)
        : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}
    void observe(Duration duration);
    const std::vector<Duration>& bounds() const { return bounds_; }
    // Observations up to bounds()[i] and above the bound before it; the last one is above all bounds.
    std::uint64_t count(std::size_t i) const { return counts_[i]; }
    Duration sum() const { return sum_; }

  private:
    std::vector<Duration> bounds_;  // ascending
    std::vector<std::uint64_t> counts_;
    Duration sum_;
};

struct Label {
    std::string_view name;
    std::string_view value;
};
using Labels = std::initializer_list<Label>;

// The metrics of one service. What it hands out lives as long as it does. Names: [a-zA-Z_:][a-zA-Z0-9_:]*,
// and a name always has the same type: both are the programmer's promise. Metrics of one name that differ in
// labels share a help text.
class Registry {
  public:
    Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
    // Those that are kept elsewhere and asked for when the text is made.
    void counter(std::string_view name, std::string_view help, Function<std::uint64_t()> read,
                 Labels labels = {});
    void gauge(std::string_view name, std::string_view help, Function<std::int64_t()> read,
               Labels labels = {});
    // A counter for each value of one label, kept elsewhere: here none of them costs memory. read(i) is the
    // i-th, and nothing behind the last one.
    struct Labelled {
        std::string_view value;
        std::uint64_t count;
    };
    void counters(std::string_view name, std::string_view help, std::string_view label,
                  Function<std::optional<Labelled>(std::size_t)> read);
    Histogram& histogram(std::string_view name, std::string_view help, std::vector<Duration> bounds,
                         Labels labels = {});

    static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
    std::string to_text() const;

  private:
    // One set of labels of a family; one of the others is there.
    struct Series {
        std::string labels;  // as in the text, without braces
        std::unique_ptr<Counter> counter;
        std::unique_ptr<Gauge> gauge;
        Function<std::uint64_t()> read_counter;
        Function<std::int64_t()> read_gauge;
        Function<std::optional<Labelled>(std::size_t)> read_labelled;  // `labels` is the label's name
        std::unique_ptr<Histogram> histogram;
    };
    struct Family {
        std::string name;
        std::string help;
        const char* type;
        std::vector<Series> series;
    };
    Series& add(std::string_view name, std::string_view help, const char* type, Labels labels);

    std::vector<Family> families_;
};

}  // namespace holm::metrics

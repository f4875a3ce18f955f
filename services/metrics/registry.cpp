#include "services/metrics/registry.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

namespace holm::metrics {
namespace {

template <typename Integer>
void append(std::string& out, Integer number) {
    char digits[20];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// Seconds with as many decimals as it takes: 1500 µs are "0.0015".
void append_seconds(std::string& out, Duration duration) {
    append(out, duration.as_seconds());
    std::int64_t rest = duration.as_nanoseconds() % 1'000'000'000;
    if (rest == 0) return;
    out += '.';
    for (std::int64_t place = 100'000'000; rest > 0; place /= 10) {
        out += static_cast<char>('0' + rest / place);
        rest %= place;
    }
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
    for (const char c : text) {
        if (c == '\\' || (quotes && c == '"')) out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
}

[[maybe_unused]] bool is_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == ':';
    };
    return !name.empty() && std::ranges::all_of(name, fits) && !(name[0] >= '0' && name[0] <= '9');
}

// "name_suffix{labels,more} "
void append_sample(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                   std::string_view more = "") {
    out.append(name).append(suffix);
    if (!labels.empty() || !more.empty()) {
        out.append("{").append(labels);
        if (!labels.empty() && !more.empty()) out += ',';
        out.append(more).append("}");
    }
    out += ' ';
}

void append_histogram(std::string& out, std::string_view name, std::string_view labels,
                      const Histogram& histogram) {
    std::uint64_t total = 0;
    const std::size_t bounds = histogram.bounds().size();
    for (std::size_t i = 0; i <= bounds; ++i) {
        total += histogram.count(i);
        std::string bound = "le=\"";
        if (i < bounds) {
            append_seconds(bound, histogram.bounds()[i]);
        } else {
            bound += "+Inf";
        }
        append_sample(out, name, "_bucket", labels, bound += '"');
        append(out, total);
        out += '\n';
    }
    append_sample(out, name, "_sum", labels);
    append_seconds(out, histogram.sum());
    out += '\n';
    append_sample(out, name, "_count", labels);
    append(out, total);
    out += '\n';
}

}  // namespace

void Histogram::observe(Duration duration) {
    const auto bucket = std::ranges::lower_bound(bounds_, duration);
    ++counts_[static_cast<std::size_t>(bucket - bounds_.begin())];
    sum_ = sum_ + duration;
}

Registry::Series& Registry::add(std::string_view name, std::string_view help, const char* type,
                                Labels labels) {
    assert(is_name(name));
    auto family = std::ranges::find(families_, name, &Family::name);
    if (family == families_.end()) {
        family = families_.insert(family, Family{std::string(name), std::string(help), type, {}});
    }
    assert(std::string_view(family->type) == type);
    Series& series = family->series.emplace_back();
    for (const Label& label : labels) {
        assert(is_name(label.name));
        if (!series.labels.empty()) series.labels += ',';
        series.labels.append(label.name).append("=\"");
        append_escaped(series.labels, label.value, true);
        series.labels += '"';
    }
    return series;
}

Counter& Registry::counter(std::string_view name, std::string_view help, Labels labels) {
    return *(add(name, help, "counter", labels).counter = std::make_unique<Counter>());
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
    return *(add(name, help, "gauge", labels).gauge = std::make_unique<Gauge>());
}

void Registry::counter(std::string_view name, std::string_view help, Function<std::uint64_t()> read,
                       Labels labels) {
    add(name, help, "counter", labels).read_counter = std::move(read);
}

void Registry::gauge(std::string_view name, std::string_view help, Function<std::int64_t()> read,
                     Labels labels) {
    add(name, help, "gauge", labels).read_gauge = std::move(read);
}

void Registry::counters(std::string_view name, std::string_view help, std::string_view label,
                        Function<std::optional<Labelled>(std::size_t)> read) {
    assert(is_name(label));
    Series& series = add(name, help, "counter", {});
    series.labels = label;
    series.read_labelled = std::move(read);
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, std::vector<Duration> bounds,
                               Labels labels) {
    assert(std::ranges::is_sorted(bounds));
    return *(add(name, help, "histogram", labels).histogram = std::make_unique<Histogram>(std::move(bounds)));
}

std::string Registry::to_text() const {
    std::string out;
    for (const Family& family : families_) {
        out.append("# HELP ").append(family.name).append(" ");
        append_escaped(out, family.help, false);
        out.append("\n# TYPE ").append(family.name).append(" ").append(family.type).append("\n");
        for (const Series& series : family.series) {
            if (series.histogram != nullptr) {
                append_histogram(out, family.name, series.labels, *series.histogram);
                continue;
            }
            if (series.read_labelled) {
                for (std::size_t i = 0; const auto one = series.read_labelled(i); ++i) {
                    out.append(family.name).append("{").append(series.labels).append("=\"");
                    append_escaped(out, one->value, true);
                    out += "\"} ";
                    append(out, one->count);
                    out += '\n';
                }
                continue;
            }
            append_sample(out, family.name, "", series.labels);
            if (series.counter != nullptr) append(out, series.counter->value());
            if (series.gauge != nullptr) append(out, series.gauge->value());
            if (series.read_counter) append(out, series.read_counter());
            if (series.read_gauge) append(out, series.read_gauge());
            out += '\n';
        }
    }
    return out;
}

}  // namespace holm::metrics

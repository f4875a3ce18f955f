#include "services/metrics/registry.h"

#include <doctest/doctest.h>

using namespace holm;
using namespace holm::metrics;

TEST_CASE("the text is in Prometheus' exposition format") {
    Registry registry;
    Counter& ok = registry.counter("requests_total", "Requests\nanswered \\.", {{"code", "2xx"}});
    registry.gauge("items", "Items.").set(-3);
    registry.counter("requests_total", "", {{"code", "4\"x\\\n"}, {"kind", "b"}}).add(5);
    registry.gauge("asked", "Asked for.", [] { return std::int64_t{7}; });
    registry.counter("elsewhere_total", "Kept elsewhere.", [] { return UINT64_MAX; });
    ok.add();
    ok.add(2);
    CHECK(registry.to_text() ==
          "# HELP requests_total Requests\\nanswered \\\\.\n"
          "# TYPE requests_total counter\n"
          "requests_total{code=\"2xx\"} 3\n"
          "requests_total{code=\"4\\\"x\\\\\\n\",kind=\"b\"} 5\n"
          "# HELP items Items.\n"
          "# TYPE items gauge\n"
          "items -3\n"
          "# HELP asked Asked for.\n"
          "# TYPE asked gauge\n"
          "asked 7\n"
          "# HELP elsewhere_total Kept elsewhere.\n"
          "# TYPE elsewhere_total counter\n"
          "elsewhere_total 18446744073709551615\n");
}

TEST_CASE("counters of one label are asked for one after another") {
    Registry registry;
    registry.counters("drops_total", "Drops.", "reason",
                      [](std::size_t i) -> std::optional<Registry::Labelled> {
                          if (i == 2) return std::nullopt;
                          return Registry::Labelled{i == 0 ? "bad_\"checksum" : "no_route", 7 + i};
                      });
    CHECK(registry.to_text() ==
          "# HELP drops_total Drops.\n"
          "# TYPE drops_total counter\n"
          "drops_total{reason=\"bad_\\\"checksum\"} 7\n"
          "drops_total{reason=\"no_route\"} 8\n");
}

TEST_CASE("a histogram's buckets are cumulative and count their own bound") {
    Registry registry;
    Histogram& histogram = registry.histogram(
        "time_seconds", "Time.",
        {Duration::microseconds(1500), Duration::milliseconds(10), Duration::seconds(2)}, {{"k", "v"}});
    histogram.observe(Duration::microseconds(1500));
    histogram.observe(Duration::microseconds(1501));
    histogram.observe(Duration::nanoseconds(1));
    histogram.observe(Duration::seconds(3));
    CHECK(registry.to_text() ==
          "# HELP time_seconds Time.\n"
          "# TYPE time_seconds histogram\n"
          "time_seconds_bucket{k=\"v\",le=\"0.0015\"} 2\n"
          "time_seconds_bucket{k=\"v\",le=\"0.01\"} 3\n"
          "time_seconds_bucket{k=\"v\",le=\"2\"} 3\n"
          "time_seconds_bucket{k=\"v\",le=\"+Inf\"} 4\n"
          "time_seconds_sum{k=\"v\"} 3.003001001\n"
          "time_seconds_count{k=\"v\"} 4\n");
}

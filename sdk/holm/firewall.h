#pragma once

// A firewall in front of and behind a router: rules in the nft language, compiled into the image
// (docs/firewall.md).
//
//     auto router = holm::make_router(machine);
//     auto firewall = holm::make_firewall(machine, **router);
//
// In CMakeLists.txt, behind holm_add_image(): holm_compiled_file(IMAGE firewall TOOL holm-rules OUTPUT rules
// INPUTS firewall.nft).

#include <memory>
#include <string_view>

#include "base/result.h"
#include "kernel/start/machine.h"           // IWYU pragma: export
#include "services/filter/engine/engine.h"  // IWYU pragma: export
#include "services/metrics/registry.h"      // IWYU pragma: export
#include "services/route/router.h"          // IWYU pragma: export

namespace holm {

// Rules and what they note; they are asked about every packet of the router until this is destroyed.
class Firewall final : private filter::LogSink {
  public:
    Firewall(Machine& machine, route::Router& router, const filter::Table& table,
             const filter::EngineConfiguration& configuration);
    ~Firewall();
    Firewall(const Firewall&) = delete;
    Firewall& operator=(const Firewall&) = delete;

    const filter::Engine& engine() const { return engine_; }
    // Of what rules with `log` had to say, what was too much for a console.
    std::uint64_t unwritten_lines() const { return unwritten_; }

  private:
    void log(Instant now, std::string_view prefix, std::uint32_t level,
             const packet::Packet& packet) override;

    Machine& machine_;
    route::Router& router_;
    filter::Table table_;
    filter::Engine engine_;
    TokenBucket lines_;
    std::uint64_t unwritten_ = 0;
};

// `table`: the compiled file in the image's tree. `flows`: how many connections are tracked at a time, each
// of about 300 bytes that are touched when they are used. Errors: kNotFound (no such file), kBadMessage (no
// rules), kOutOfMemory.
Result<std::unique_ptr<Firewall>> make_firewall(Machine& machine, route::Router& router,
                                                std::string_view table = "rules",
                                                std::uint32_t flows = 16'384);

// What each rule has counted, why packets were dropped, and how full the tables are.
void add_metrics(metrics::Registry& registry, const Firewall& firewall);

}  // namespace holm

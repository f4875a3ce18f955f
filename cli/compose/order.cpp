#include "cli/compose/order.h"

#include <algorithm>
#include <map>

#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {

// A walk along depends_on, depth first.
class Walk {
  public:
    Walk(const std::vector<ComposeService>& services, Mistakes& mistakes)
        : services_(services), mistakes_(mistakes) {
        for (const ComposeService& service : services) names_.push_back(service.name);
    }

    std::vector<const ComposeService*> run() {
        for (const ComposeService& service : services_) visit(service);
        return std::move(order_);
    }

  private:
    void visit(const ComposeService& service) {
        State& state = states_[&service];
        if (state == State::kDone) return;
        if (state == State::kOnPath) return report_circle(service);
        state = State::kOnPath;
        path_.push_back(&service);
        for (const Dependency& dependency : service.depends_on) {
            if (const ComposeService* other = find(dependency.service)) {
                check_condition(service, dependency, *other);
                visit(*other);
            } else {
                report_unknown(service, dependency);
            }
        }
        path_.pop_back();
        states_[&service] = State::kDone;
        order_.push_back(&service);
    }

    const ComposeService* find(std::string_view name) const {
        const auto found = std::ranges::find(services_, name, &ComposeService::name);
        return found == services_.end() ? nullptr : &*found;
    }

    // Nobody waits for what cannot come.
    void check_condition(const ComposeService& service, const Dependency& dependency,
                         const ComposeService& other) {
        using enum Dependency::Condition;
        if (dependency.condition == kHealthy && !other.health) {
            mistakes_.push_back(
                {dependency.where,
                 formatted(
                     "{0} waits for {1} to be healthy, and {1} has no healthcheck; give it one, or wait "
                     "for service_started",
                     service.name, other.name)});
        }
        const bool again = other.restart == Restart::kAlways || other.restart == Restart::kUnlessStopped;
        if (dependency.condition == kCompleted && again) {
            mistakes_.push_back(
                {dependency.where, formatted("{0} waits for {1} to complete, and {1} is started again "
                                             "whenever it ends; allowed: restart \"no\", \"on-failure\"",
                                             service.name, other.name)});
        }
    }

    void report_unknown(const ComposeService& service, const Dependency& dependency) {
        const std::string& name = dependency.service;
        const std::string_view near = nearest(name, names_);
        const std::string hint = near.empty() ? "" : formatted(", did you mean \"{}\"?", near);
        mistakes_.push_back(
            {dependency.where, formatted("{} depends on {}, which is no service{}; there are: {}",
                                         service.name, quote(name), hint, join(names_))});
    }

    void report_circle(const ComposeService& service) {
        std::string circle;
        for (auto i = std::ranges::find(path_, &service); i != path_.end(); ++i)
            circle += formatted("{} -> ", (*i)->name);
        mistakes_.push_back({service.where, formatted("services depend on each other in a circle: {}{}",
                                                      circle, service.name)});
    }

    enum class State { kNew, kOnPath, kDone };
    const std::vector<ComposeService>& services_;
    Mistakes& mistakes_;
    std::vector<std::string_view> names_;
    std::map<const ComposeService*, State> states_;
    std::vector<const ComposeService*> path_;
    std::vector<const ComposeService*> order_;
};

}  // namespace

void order_services(std::vector<ComposeService>& services, Mistakes& mistakes) {
    const std::vector<const ComposeService*> order = Walk(services, mistakes).run();
    std::vector<ComposeService> sorted;
    sorted.reserve(order.size());
    for (const ComposeService* service : order) sorted.push_back(*service);
    services = std::move(sorted);
}

}  // namespace holm::cli

#include "cli/compose/dependency_reader.h"

#include <algorithm>

#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

constexpr std::size_t kMostDependencies = 256;

std::string too_many() {
    return formatted("more than {} dependencies", kMostDependencies);
}

std::vector<Dependency> read_list(Section& service) {
    std::vector<Dependency> dependencies;
    const auto names = service.texts("depends_on", "[\"db\"]");
    if (names && names->size() > kMostDependencies) {
        service.mistake((*names)[kMostDependencies].where, too_many());
        return dependencies;
    }
    for (const Text& name : names.value_or(std::vector<Text>{})) {
        if (std::ranges::contains(dependencies, name.value, &Dependency::service)) {
            service.mistake(name.where, formatted("{} stands in depends_on twice", quote(name.value)));
        } else {
            dependencies.push_back({.service = name.value, .where = name.where});
        }
    }
    return dependencies;
}

Dependency::Condition read_condition(Section& dependency) {
    using enum Dependency::Condition;
    constexpr std::pair<std::string_view, Dependency::Condition> kConditions[] = {
        {"service_started", kStarted},
        {"service_healthy", kHealthy},
        {"service_completed_successfully", kCompleted}};
    const auto text = dependency.text("condition", "\"service_healthy\"");
    for (const auto& [name, condition] : kConditions) {
        if (text && text->value == name) return condition;
    }
    if (text || !dependency.has("condition")) {
        dependency.mistake(text ? text->where : dependency.where(),
                           formatted("{}; allowed: \"service_started\", \"service_healthy\", "
                                     "\"service_completed_successfully\"",
                                     text ? formatted("condition {} is unknown", quote(text->value))
                                          : std::string("a dependency in a table needs a condition")));
    }
    return kStarted;
}

// What docker-compose takes besides: a word for what is so here anyway, a mistake for what is not.
void read_rest(Section& dependency) {
    if (dependency.boolean("required").value_or(true) == false) {
        dependency.mistake(dependency.where_of("required"),
                           "a service that another depends on is always required; leave the dependency out "
                           "where it is not");
    }
    if (dependency.boolean("restart").value_or(false)) {
        dependency.mistake(dependency.where_of("restart"),
                           "no service is started again because another was; holm restart NAME does it");
    }
    dependency.refuse_other_keys();
}

std::vector<Dependency> read_table(Section all) {
    std::vector<Dependency> dependencies;
    const std::vector<Section::Entry> entries = all.entries();
    if (entries.size() > kMostDependencies) {
        all.mistake(entries[kMostDependencies].key.where, too_many());
        return dependencies;
    }
    for (const Section::Entry& entry : entries) {
        auto one = all.table(entry.key.value);
        if (!one) continue;
        dependencies.push_back({entry.key.value, read_condition(*one), entry.key.where});
        read_rest(*one);
    }
    return dependencies;
}

}  // namespace

std::vector<Dependency> read_dependencies(Section& service) {
    if (!service.is_table("depends_on")) return read_list(service);
    return read_table(*service.table("depends_on"));
}

}  // namespace holm::cli

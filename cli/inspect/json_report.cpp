#include <nlohmann/json.hpp>

#include "cli/inspect/report.h"
#include "tender/sandbox/system_calls.h"

namespace holm::cli {
namespace {

using Json = nlohmann::ordered_json;

Json manifest_json(const holm_manifest& manifest) {
    Json platforms = Json::array();
    if ((manifest.platforms & 1u << HOLM_PLATFORM_PROCESS) != 0) platforms.push_back("process");
    if ((manifest.platforms & 1u << HOLM_PLATFORM_VM) != 0) platforms.push_back("vm");
    if ((manifest.platforms & 1u << HOLM_PLATFORM_VIRTIO) != 0) platforms.push_back("virtio");
    return {{"version", manifest.version},
            {"name", manifest.name},
            {"platforms", platforms},
            {"memory_minimum", manifest.memory_minimum},
            {"memory_default", manifest.memory_default},
            {"stack_size", manifest.stack_size}};
}

Json devices_json(const Inspection& inspection) {
    Json devices = Json::array();
    for (const holm_manifest_device& device : inspection.plan->devices()) {
        Json entry = {{"name", device.name},
                      {"kind", device.kind == HOLM_DEVICE_NET ? "net" : "block"},
                      {"optional", (device.flags & HOLM_DEVICE_OPTIONAL) != 0},
                      {"read_only", (device.flags & HOLM_DEVICE_READ_ONLY) != 0}};
        for (const InspectedInterface& interface : inspection.content.interfaces) {
            if (interface.name == device.name) entry["address"] = interface.configuration;
        }
        devices.push_back(std::move(entry));
    }
    return devices;
}

Json shares_json(const std::vector<Share>& shares, bool with_library) {
    Json list = Json::array();
    for (const Share& share : shares) {
        Json entry = {{"name", share.name}, {"bytes", share.bytes}};
        if (with_library) entry["library"] = share.library;
        list.push_back(std::move(entry));
    }
    return list;
}

}  // namespace

std::string json_report(const Inspection& inspection, std::string_view path) {
    const tender::LoadPlan& plan = *inspection.plan;
    Json segments = Json::array();
    for (const tender::Segment& segment : plan.segments()) {
        segments.push_back({{"protection", protection_text(segment.flags)},
                            {"address", segment.address},
                            {"file_offset", segment.file_offset},
                            {"file_size", segment.file_size},
                            {"memory_size", segment.memory_size}});
    }
    Json protections = Json::array();
    for (const Protection& protection : protections_of(inspection)) {
        protections.push_back(
            {{"what", protection.what}, {"holds", protection.holds}, {"detail", protection.detail}});
    }
    Json files = Json::array();
    for (const InspectedFile& file : inspection.content.files) {
        files.push_back({{"path", file.path},
                         {"rules", file.rules.empty() ? Json(nullptr) : Json(file.rules)},
                         {"size", file.size},
                         {"content_type", file.content_type},
                         {"hash", file.hash}});
    }
    Json permitted = Json::array();
    for (const tender::SystemCall& call : tender::kSystemCalls) {
        permitted.push_back({{"number", call.number}, {"name", call.name}, {"purpose", call.purpose}});
    }
    Json report = {{"image", path},
                   {"size", inspection.file_size},
                   {"build_id", inspection.build_id},
                   {"manifest", manifest_json(plan.manifest)},
                   {"devices", devices_json(inspection)},
                   {"segments", segments},
                   {"relro", {{"address", plan.relro.start}, {"size", plan.relro.size}}},
                   {"protections", protections},
                   {"arguments", inspection.content.arguments},
                   {"environment", inspection.content.environment},
                   {"files", files},
                   {"permitted_system_calls", permitted}};
    if (inspection.has_map) {
        Json calls = Json::array();
        for (const NeededCall& call : inspection.calls) {
            calls.push_back({{"number", call.number},
                             {"name", system_call_name(call.number)},
                             {"needed_by", call.needed_by}});
        }
        report["library_calls"] = calls;
        report["libraries"] = shares_json(inspection.libraries, false);
        report["symbols"] = shares_json(inspection.symbols, true);
    }
    // Names from a foreign image need not be UTF-8.
    return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace holm::cli

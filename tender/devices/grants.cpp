#include "tender/devices/grants.h"

#include <cstring>

#include "base/result.h"

namespace holm::tender {
namespace {

std::string_view name_of(const holm_manifest_device& device) {
    return {device.name, strnlen(device.name, HOLM_NAME_SIZE)};
}

std::string_view kind_of(const holm_manifest_device& device) {
    return device.kind == HOLM_DEVICE_NET ? "net" : "block";
}

void list_devices(Sentence& sentence, std::span<const holm_manifest_device> devices) {
    if (devices.empty())
        sentence.text("; it declares none");
    else
        sentence.text("; it declares ");
    bool first = true;
    for (const holm_manifest_device& device : devices) {
        sentence.text(first ? "" : ", ").text(name_of(device)).text(" (").text(kind_of(device)).text(")");
        first = false;
    }
}

// Notes which devices the requests of one kind grant.
template <typename Request>
std::expected<void, Sentence> match_kind(std::span<const holm_manifest_device> devices, holm_device_kind kind,
                                         std::span<const Request> requests, Grants& grants) {
    const bool net = kind == HOLM_DEVICE_NET;
    Sentence problem;
    for (std::size_t r = 0; r < requests.size(); r++) {
        problem.text(net ? "--net " : "--block ").foreign(requests[r].name);
        std::size_t d = 0;
        while (d < devices.size() && name_of(devices[d]) != requests[r].name) d++;
        if (d == devices.size() || devices[d].kind != kind) {
            problem.text(net ? ": the image has no network device of that name"
                             : ": the image has no block device of that name");
            list_devices(problem, devices);
            return std::unexpected(problem);
        }
        if (grants[d] != kNotGranted) return std::unexpected(problem.text(": the device is granted twice"));
        grants[d] = static_cast<int>(r);
        problem = {};
    }
    return {};
}

}  // namespace

std::expected<Grants, Sentence> match_grants(std::span<const holm_manifest_device> devices,
                                             std::span<const NetRequest> nets,
                                             std::span<const BlockRequest> blocks) {
    Grants grants;
    grants.fill(kNotGranted);
    TRY(match_kind(devices, HOLM_DEVICE_NET, nets, grants));
    TRY(match_kind(devices, HOLM_DEVICE_BLOCK, blocks, grants));
    for (std::size_t d = 0; d < devices.size(); d++) {
        if (grants[d] != kNotGranted || devices[d].flags & HOLM_DEVICE_OPTIONAL) continue;
        const std::string_view kind = kind_of(devices[d]);
        Sentence problem;
        problem.text("the image needs the ").text(kind).text(" device ").text(name_of(devices[d]));
        problem.text("; grant it with --").text(kind).text(" ").text(name_of(devices[d])).text("=...");
        return std::unexpected(problem);
    }
    return grants;
}

}  // namespace holm::tender

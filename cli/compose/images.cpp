#include "cli/compose/images.h"

#include <algorithm>

#include <unistd.h>

#include "cli/failure.h"
#include "cli/image/image_head.h"
#include "cli/places.h"
#include "cli/run/find_image.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

class ServiceCheck {
  public:
    ServiceCheck(const ComposeService& service, Notation notation, const fs::path& folder, Mistakes& mistakes)
        : service_(service), notation_(notation), folder_(folder), mistakes_(mistakes) {}

    void fill(PlannedService& planned) {
        planned.options.tender = service_.tender;
        planned.options.memory = service_.memory;
        planned.options.arguments = service_.command;
        planned.options.environment = service_.environment;
        planned.options.detach = true;
        for (const ComposeBlock& block : service_.blocks)
            planned.options.block.push_back(formatted("{}={}", block.device, beside(block.file).string()));
        planned.plan.grace = service_.grace;
        for (const std::string& port : service_.ports) {
            planned.plan.forwards.push_back(*parse_port_forward(port));
            if (const std::string why = why_taken(planned.plan.forwards.back()); !why.empty())
                mistake(service_.where, why);
        }
        try {
            const bool is_path = service_.image.contains('/');
            planned.plan.image =
                fs::absolute(find_image(is_path ? beside(service_.image).string() : service_.image));
            check_devices(*read_image_head(planned.plan.image), planned);
        } catch (const Failure& failure) {
            mistake(service_.image_where, failure.what());
        }
        if (service_.tender == "vm" && access("/dev/kvm", R_OK | W_OK) != 0)
            mistake(service_.where, "the tender vm needs /dev/kvm, which is missing here or not permitted");
        if (service_.tender == "qemu" && !find_on_path("qemu-system-x86_64"))
            mistake(service_.where,
                    "the tender qemu needs qemu-system-x86_64; on Debian: apt install qemu-system-x86");
    }

  private:
    fs::path beside(const std::string& path) const { return folder_ / path; }

    void mistake(Position where, std::string_view text) {
        mistakes_.push_back({where, formatted("service {}: {}", service_.name, text)});
    }

    // Complains if the image has no device of that kind and name.
    void check_granted(const tender::LoadPlan& image, std::uint32_t kind, const std::string& name,
                       Position where) {
        std::vector<std::string_view> names;
        for (const holm_manifest_device& device : image.devices()) {
            if (device.kind != kind) continue;
            if (device.name == name) return;
            names.emplace_back(device.name);
        }
        const std::string_view near = nearest(name, names);
        mistake(where, formatted("the image has no {} device {}{}; it has: {}",
                                 kind == HOLM_DEVICE_NET ? "network" : "block", quote(name),
                                 near.empty() ? "" : formatted(", did you mean \"{}\"?", near),
                                 names.empty() ? "none" : join(names)));
    }

    void check_devices(const tender::LoadPlan& image, PlannedService& planned) {
        for (const Attachment& one : service_.networks)
            check_granted(image, HOLM_DEVICE_NET, one.device, one.where);
        for (const ComposeBlock& one : service_.blocks)
            check_granted(image, HOLM_DEVICE_BLOCK, one.device, one.where);
        for (const holm_manifest_device& device : image.devices()) {
            const std::string name = device.name;
            const bool net = device.kind == HOLM_DEVICE_NET;
            if (net ? std::ranges::contains(service_.networks, name, &Attachment::device)
                    : std::ranges::contains(service_.blocks, name, &ComposeBlock::device))
                continue;
            if (net && planned.plan.passt_device.empty() && !service_.ports.empty()) {
                planned.plan.passt_device = name;
            } else if ((device.flags & HOLM_DEVICE_OPTIONAL) == 0) {
                const std::string line = net ? formatted("networks = {{ {} = \"NETWORK\" }}", name)
                                             : formatted("block = {{ {} = \"FILE\" }}", name);
                mistake(service_.where,
                        formatted("the image needs its {} device {}; write {}", net ? "network" : "block",
                                  quote(name), spelled(notation_, line)));
            }
        }
        if (!service_.ports.empty() && planned.plan.passt_device.empty())
            mistake(service_.where, "ports needs a network device of the image that is on no network here");
    }

    const ComposeService& service_;
    const Notation notation_;
    const fs::path& folder_;
    Mistakes& mistakes_;
};

}  // namespace

std::vector<PlannedService> plan_services(const Compose& compose, const fs::path& folder,
                                          Mistakes& mistakes) {
    std::vector<PlannedService> planned(compose.services.size());
    for (std::size_t i = 0; i < planned.size(); ++i) {
        ServiceCheck(compose.services[i], compose.notation, folder, mistakes).fill(planned[i]);
        planned[i].plan.name = formatted("{}-{}", compose.name, compose.services[i].name);
        planned[i].plan.topology = compose.name;
    }
    return planned;
}

std::string net_setting(const Attachment& attachment, const ComposeNetwork& network, int tap) {
    std::string setting = formatted("{}=fd:{}", attachment.device, tap);
    if (attachment.address)
        setting +=
            formatted(",ip={}/{}", attachment.address->address.text(), attachment.address->prefix_length);
    if (attachment.gateway) setting += formatted(",gw={}", attachment.gateway->text());
    if (attachment.address6)
        setting +=
            formatted(",ip6={}/{}", attachment.address6->address.text(), attachment.address6->prefix_length);
    if (attachment.gateway6) setting += formatted(",gw6={}", attachment.gateway6->text());
    for (const std::string& server : attachment.dns) setting += formatted(",dns={}", server);
    if (network.vlan != 0) setting += formatted(",vlan={}", network.vlan);
    return setting;
}

}  // namespace holm::cli

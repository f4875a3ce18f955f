#include "cli/compose/images.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <sched.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/image/image_head.h"
#include "cli/places.h"
#include "cli/run/find_image.h"
#include "cli/run/passt.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

// Who has a file as a block device.
struct FileUser {
    std::string_view service;
    bool read_only;
};
using FileUsers = std::map<fs::path, FileUser>;

// "0, 1"
std::string processors_of(const cpu_set_t& set) {
    std::string all;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &set)) all += formatted("{}{}", all.empty() ? "" : ", ", cpu);
    }
    return all;
}

class ServiceCheck {
  public:
    ServiceCheck(const ComposeService& service, Notation notation, const fs::path& folder, FileUsers& files,
                 Mistakes& mistakes)
        : service_(service), notation_(notation), folder_(folder), files_(files), mistakes_(mistakes) {}

    void fill(PlannedService& planned) {
        planned.options.tender = service_.tender;
        planned.options.memory = service_.memory;
        planned.options.arguments = service_.command;
        planned.options.environment = service_.environment;
        planned.options.detach = true;
        for (const ComposeBlock& block : service_.blocks)
            planned.options.block.push_back(formatted("{}={}", block.device, beside(block.file).string()));
        planned.plan.grace = service_.grace;
        for (const std::string& port : service_.ports)
            planned.plan.forwards.push_back(*parse_port_forward(port));
        if (!planned.plan.forwards.empty()) {
            if (const std::string why = why_not_led(planned.plan.forwards); !why.empty())
                mistake(service_.where, why);
        }
        check_processors();
        try {
            const bool is_path = service_.image.contains('/');
            planned.plan.image =
                fs::absolute(find_image(is_path ? beside(service_.image).string() : service_.image));
            const auto image = read_image_head(planned.plan.image);
            check_memory(*image);
            check_devices(*image, planned);
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

    void check_processors() {
        cpu_set_t here;
        if (service_.cpus.empty() || sched_getaffinity(0, sizeof here, &here) != 0) return;
        for (const unsigned cpu : service_.cpus) {
            if (!CPU_ISSET(cpu, &here)) {
                return mistake(service_.where, formatted("there is no processor {} for it; allowed: {}", cpu,
                                                         processors_of(here)));
            }
        }
    }

    void check_memory(const tender::LoadPlan& image) {
        if (service_.memory.empty()) return;
        const std::uint64_t least = image.manifest.memory_minimum;
        if (*parse_size(service_.memory) < least) {
            mistake(service_.where, formatted("mem_limit {} is too little; the image needs at least {}",
                                              service_.memory, format_size(least)));
        }
    }

    // As the tender will open it, which locks what it writes to.
    void check_file(const tender::LoadPlan& image, const ComposeBlock& block) {
        const std::size_t comma = std::min(block.file.find(','), block.file.size());
        const fs::path path = beside(block.file.substr(0, comma));
        const bool by_image = std::ranges::any_of(image.devices(), [&](const holm_manifest_device& device) {
            return device.name == block.device && (device.flags & HOLM_DEVICE_READ_ONLY) != 0;
        });
        const bool read_only = by_image || formatted("{},", block.file.substr(comma)).contains(",ro,");
        std::error_code error;
        const fs::file_status status = fs::status(path, error);
        const std::string shown = quote(block.file.substr(0, comma));
        if (!fs::exists(status)) {
            mistake(block.where, formatted("there is no file {}; truncate -s 1G makes one", shown));
        } else if (!fs::is_regular_file(status) && !fs::is_block_file(status)) {
            mistake(block.where, formatted("{} is neither a file nor a block special file", shown));
        } else if (access(path.c_str(), read_only ? R_OK : R_OK | W_OK) != 0) {
            mistake(block.where, formatted("{} is not yours to {}", shown,
                                           read_only ? "read" : "write to; with \",ro\" it is read only"));
        } else if (const auto [user, fresh] =
                       files_.try_emplace(fs::canonical(path), service_.name, read_only);
                   !fresh && !(read_only && user->second.read_only)) {
            mistake(block.where,
                    formatted("{} has the file {} already; two can have one if both have it as \"FILE,ro\"",
                              user->second.service, shown));
        }
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
        for (const ComposeBlock& one : service_.blocks) {
            check_granted(image, HOLM_DEVICE_BLOCK, one.device, one.where);
            check_file(image, one);
        }
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
    FileUsers& files_;
    Mistakes& mistakes_;
};

}  // namespace

std::vector<PlannedService> plan_services(const Compose& compose, const fs::path& folder,
                                          Mistakes& mistakes) {
    std::vector<PlannedService> planned(compose.services.size());
    FileUsers files;
    for (std::size_t i = 0; i < planned.size(); ++i) {
        ServiceCheck(compose.services[i], compose.notation, folder, files, mistakes).fill(planned[i]);
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

#include <algorithm>
#include <format>
#include <iterator>
#include <sstream>

#include "cli/inspect/report.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/style.h"
#include "tender/sandbox/system_calls.h"

namespace holm::cli {
namespace {

// Names come from the image: printable() keeps every byte that a terminal would obey away from it.
class Report {
  public:
    Report(const Inspection& inspection, bool all) : inspection_(inspection), all_(all) {}

    std::string write(std::string_view path) {
        head(path);
        segments();
        protections();
        devices();
        files();
        if (!inspection_.has_map) {
            line("\nSizes and callers are not known: there is no link map ({}.map) beside the image.", path);
            return std::move(text_);
        }
        calls();
        sizes();
        return std::move(text_);
    }

  private:
    template <typename... Values>
    void line(std::format_string<Values...> format, Values&&... values) {
        std::format_to(std::back_inserter(text_), format, std::forward<Values>(values)...);
        text_ += '\n';
    }
    void title(std::string_view text) { line("\n{}", style_.bold(text)); }

    void head(std::string_view path) {
        const holm_manifest& manifest = inspection_.plan->manifest;
        line("{}  {}, {}", style_.bold(printable(manifest.name)), path, human_size(inspection_.file_size));
        line("  build id   {}", inspection_.build_id.empty() ? "none" : inspection_.build_id);
        std::string platforms;
        if ((manifest.platforms & 1u << HOLM_PLATFORM_PROCESS) != 0) platforms += " process";
        if ((manifest.platforms & 1u << HOLM_PLATFORM_VM) != 0) platforms += " vm";
        if ((manifest.platforms & 1u << HOLM_PLATFORM_VIRTIO) != 0) platforms += " virtio";
        line("  platforms {}", platforms);
        line("  heap       {} by default, at least {}; stack {}", human_size(manifest.memory_default),
             human_size(manifest.memory_minimum), human_size(manifest.stack_size));
        strings("arguments", inspection_.content.arguments);
        strings("variables", inspection_.content.environment);
    }

    void strings(std::string_view what, const std::vector<std::string>& values) {
        if (values.empty()) return;
        std::string joined;
        for (const std::string& value : values) joined += " " + printable(value);
        line("  {} {}", what, joined);
    }

    void segments() {
        title("Segments");
        line("  {:<5} {:>10} {:>10} {:>10}", "", "address", "in file", "in memory");
        for (const tender::Segment& segment : inspection_.plan->segments()) {
            line("  {:<5} {:>#10x} {:>10} {:>10}", protection_text(segment.flags), segment.address,
                 segment.file_size, segment.memory_size);
        }
        const tender::AddressRange& relro = inspection_.plan->relro;
        if (relro.size != 0)
            line("  {:<5} {:>#10x} {:>10} {:>10}  after relocation", "r--", relro.start, "", relro.size);
    }

    void protections() {
        title("Protections");
        for (const Protection& protection : protections_of(inspection_)) {
            line("  {} {}: {}", protection.holds ? style_.good("yes") : style_.bad("no "), protection.what,
                 protection.detail);
        }
    }

    void devices() {
        title("Devices");
        if (inspection_.plan->devices().empty()) line("  none");
        for (const holm_manifest_device& device : inspection_.plan->devices()) {
            const std::string name(device.name);
            std::string detail = device.kind == HOLM_DEVICE_NET ? "net  " : "block";
            for (const InspectedInterface& interface : inspection_.content.interfaces) {
                if (interface.name == name) detail += " " + interface.configuration;
            }
            if ((device.flags & HOLM_DEVICE_OPTIONAL) != 0) detail += " optional";
            if ((device.flags & HOLM_DEVICE_READ_ONLY) != 0) detail += " read-only";
            line("  {:<12} {}", printable(name), detail);
        }
    }

    void files() {
        const std::vector<InspectedFile>& files = inspection_.content.files;
        if (files.empty()) return;
        std::uint64_t total = 0;
        for (const InspectedFile& file : files) total += file.size;
        title(formatted("Files: {}, {}", files.size(), human_size(total)));
        for (std::size_t i = 0; i < limit(files.size(), 20); ++i) {
            line("  {:>10}  {}  {}", human_size(files[i].size), printable(files[i].path),
                 style_.dim(printable(files[i].content_type)));
        }
        rest(files.size(), 20);
        for (const InspectedFile& file : files) {
            if (file.rules.empty()) continue;
            title("Firewall: " + printable(file.path));
            std::istringstream lines(file.rules);
            for (std::string text; std::getline(lines, text);) line("  {}", printable(text));
        }
    }

    void calls() {
        title("System calls of the C library that are linked in, and who makes them");
        for (const NeededCall& call : inspection_.calls) {
            std::string callers;
            for (std::size_t i = 0; i < limit(call.needed_by.size(), 4); ++i) {
                callers += (i == 0 ? "" : ", ") + printable(call.needed_by[i]);
            }
            if (call.needed_by.size() > limit(call.needed_by.size(), 4)) {
                callers += formatted(", {} more", call.needed_by.size() - 4);
            }
            line("  {:<18} {}", system_call_name(call.number), callers);
        }
        line("  The library OS answers them. What may reach the host's kernel:");
        std::string permitted = "  ";
        for (const tender::SystemCall& call : tender::kSystemCalls) {
            permitted += formatted("{}{}", permitted.size() > 2 ? ", " : "", call.name);
        }
        line("{}", permitted);
    }

    void sizes() {
        title("Size by library");
        for (const Share& share : inspection_.libraries)
            line("  {:>10}  {}", human_size(share.bytes), printable(share.name));
        title("Largest symbols");
        const std::vector<Share>& symbols = inspection_.symbols;
        for (std::size_t i = 0; i < limit(symbols.size(), 15); ++i) {
            line("  {:>10}  {}  {}", human_size(symbols[i].bytes), printable(symbols[i].name),
                 style_.dim(printable(symbols[i].library)));
        }
        rest(symbols.size(), 15);
    }

    std::size_t limit(std::size_t count, std::size_t most) const {
        return all_ ? count : std::min(count, most);
    }
    void rest(std::size_t count, std::size_t most) {
        if (!all_ && count > most) line("  {} more; --all shows them", count - most);
    }

    const Inspection& inspection_;
    bool all_;
    Style style_;
    std::string text_;
};

}  // namespace

std::string text_report(const Inspection& inspection, std::string_view path, bool all) {
    return Report(inspection, all).write(path);
}

}  // namespace holm::cli

// holm-manifest: the build's tool that turns holm.toml into assembly for the image.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/manifest/assembly.h"
#include "cli/manifest/embedded_sources.h"
#include "cli/manifest/reader.h"
#include "cli/text/format.h"
#include "cli/text/make_rule.h"
#include "cli/text/quote.h"

namespace {

namespace fs = std::filesystem;
using namespace holm::cli;

struct Options {
    std::string config;
    std::string name;
    std::string output;
    std::string depfile;
    std::string link_options;
    std::vector<std::string> embed;  // PATH=FILE
};

int report(const std::string& config, const Mistakes& mistakes) {
    for (const Mistake& mistake : mistakes) print_line(stderr, "{}", format_mistake(config, mistake));
    return 1;
}

bool write_file(const std::string& path, const std::string& contents) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << contents;
    file.close();
    if (!file) print_line(stderr, "holm-manifest: cannot write {}", path);
    return bool(file);
}

// What the output depends on, as a make rule.
std::string depfile_rule(const Options& options, const EmbeddedSources& files) {
    std::vector<fs::path> inputs;
    if (!options.config.empty()) inputs.emplace_back(options.config);
    inputs.insert(inputs.end(), files.inputs.begin(), files.inputs.end());
    return make_rule(options.output, inputs);
}

// Options for the compiler driver that links the image, one a line: a response file.
std::string link_options(const ImageDescription& description) {
    std::string options;
    for (const PlatformName& one : kPlatforms) {
        if ((description.platforms & 1u << one.platform) != 0)
            options += formatted("-Wl,-u,{}\n", one.symbol);
    }
    if ((description.platforms & 1u << HOLM_PLATFORM_VIRTIO) != 0) {
        // The place where a stock VMM enters, as the plain number that the PVH note wants.
        options += "-Wl,--defsym=holm_pvh_address=ABSOLUTE(holm_pvh_entry)\n";
        // What sets up devices there (kernel/platform/virtio/devices.h), if there are any.
        if (!description.net.empty() || !description.block.empty())
            options += "-Wl,-u,holm_virtio_set_up_declared\n";
        if (!description.net.empty())
            options += "-Wl,-u,holm_virtio_network_word\n-Wl,-u,holm_virtio_set_up_net\n";
        if (!description.block.empty()) options += "-Wl,-u,holm_virtio_set_up_block\n";
    }
    if (description.shuffle_seed)
        options += formatted("-Wl,--shuffle-sections=.text*={}\n", *description.shuffle_seed);
    return options;
}

int run(const Options& options) {
    if (options.output.empty()) {
        print_line(stderr, "holm-manifest: --output is needed");
        return 2;
    }
    std::string text;
    fs::path folder = fs::current_path();
    if (!options.config.empty()) {
        if (fs::is_directory(options.config))
            return report(options.config, {{{}, "is a folder, not a file"}});
        std::ifstream file(options.config, std::ios::binary);
        text.assign(std::istreambuf_iterator<char>(file), {});
        if (!file) return report(options.config, {{{}, "cannot be read"}});
        folder = fs::absolute(options.config).parent_path();
    }
    auto description = read_description(text, options.name);
    if (!description) return report(options.config, description.error());
    Mistakes mistakes;
    std::vector<CompiledFile> compiled;
    for (const std::string& embed : options.embed) {
        const std::size_t equals = embed.find('=');
        if (equals == 0 || equals == std::string::npos ||
            !is_inside(std::string_view(embed).substr(0, equals))) {
            print_line(stderr, "holm-manifest: --embed {}: a path in the image, '=' and a file are expected",
                       quote(embed));
            return 2;
        }
        compiled.push_back({embed.substr(0, equals), embed.substr(equals + 1)});
    }
    const EmbeddedSources files = collect_files(description->files, folder, mistakes, compiled);
    if (!mistakes.empty()) return report(options.config, mistakes);

    if (!options.depfile.empty() && !write_file(options.depfile, depfile_rule(options, files))) return 1;
    if (!options.link_options.empty() && !write_file(options.link_options, link_options(*description)))
        return 1;
    return write_file(options.output, write_assembly(*description, files)) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CommandLine line("holm-manifest",
                     "Turns holm.toml into the assembly of an image's manifest, configuration and files.",
                     HOLM_VERSION);
    line.whole_program()
        .option("--config", options.config, "holm.toml; without it the defaults hold")
        .option("--name", options.name, "what the build calls the image")
        .option("--output", options.output, "assembly to write (.S)")
        .list("--embed", options.embed, "PATH=FILE: a file that the build has made, and where it appears")
        .option("--depfile", options.depfile, "make rule to write: what the output depends on")
        .option("--link-options", options.link_options,
                "response file to write: options for linking the image")
        .action([&] { return run(options); });
    return line.run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
}

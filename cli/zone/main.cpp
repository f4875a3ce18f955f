// holm-zone: the build's tool that turns zone files into the table that a name server's image serves from.

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "cli/command_line.h"
#include "cli/text/format.h"
#include "cli/text/input_file.h"
#include "cli/text/quote.h"
#include "cli/zone/server_file.h"
#include "services/dns/zone/compile.h"

namespace {

namespace fs = std::filesystem;
using namespace holm;
using holm::cli::quote;

struct Options {
    std::string output;
    std::string depfile;
    std::vector<std::string> inputs;
};

constexpr std::size_t kLargestServerFile = 16 << 20;

std::optional<std::string> read_zone(const std::string& path) {
    auto text = cli::read_input_file(path, dns::Reader::kMostBytes);
    return text ? std::optional(*std::move(text)) : std::nullopt;
}

bool write_file(const std::string& path, const std::string& contents) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << contents;
    file.close();
    if (!file) holm::cli::print_line(stderr, "holm-zone: cannot write {}", quote(path));
    return bool(file);
}

// What to compile, from either kind of input.
struct Work {
    cli::ServerFile server;
    std::vector<std::string> inputs;  // that are no zone files
};

bool read_input(const std::string& input, Work& work) {
    if (input.ends_with(".toml")) {
        work.inputs.push_back(fs::absolute(input).string());
        const auto text = cli::read_input_file(input, kLargestServerFile);
        if (!text) {
            holm::cli::print_line(stderr, "{}: {}", input, text.error());
            return false;
        }
        auto file = cli::read_server_file(*text);
        if (!file) {
            for (const cli::Mistake& mistake : file.error())
                holm::cli::print_line(stderr, "{}", cli::format_mistake(input, mistake));
            return false;
        }
        work.server.settings = file->settings;
        for (cli::ZoneFile& zone : file->zones) {
            zone.file = (fs::path(input).parent_path() / zone.file).string();
            work.server.zones.push_back(std::move(zone));
        }
        return true;
    }
    // example.org.zone: the file's name says which zone it is.
    const fs::path path(input);
    const std::string stem = path.extension() == ".zone" ? path.stem().string() : path.filename().string();
    auto name = dns::parse_name(stem, dns::WireName(1, '\0'));
    if (!name) {
        holm::cli::print_line(stderr,
                              "{}: the file's name is not that of a zone, such as example.org.zone: {}",
                              input, name.error());
        return false;
    }
    work.server.zones.push_back({std::move(*name), input, {}, {}, {}});
    return true;
}

std::string depfile_rule(const Options& options, const Work& work, const dns::Reader& reader) {
    std::string rule;
    const auto add = [&rule](const std::string& path) {
        for (const char c : path) {
            if (c == ' ' || c == '#' || c == '\\') rule += '\\';
            if (c == '$') rule += '$';
            rule += c;
        }
    };
    add(options.output);
    rule += ':';
    for (const std::string& input : work.inputs) {
        rule += " \\\n  ";
        add(input);
    }
    for (const dns::Reader::File& file : reader.files()) {
        rule += " \\\n  ";
        add(fs::absolute(file.path).string());
    }
    return rule + '\n';
}

int run(const Options& options) {
    if (options.output.empty()) {
        holm::cli::print_line(stderr, "holm-zone: --output is needed");
        return 2;
    }
    Work work;
    for (const std::string& input : options.inputs) {
        if (!read_input(input, work)) return 1;
    }
    dns::Reader reader(read_zone);
    std::vector<std::vector<dns::Record>> records;  // trees point into them
    std::vector<dns::ZoneToCompile> zones;
    records.reserve(work.server.zones.size());
    for (const cli::ZoneFile& zone : work.server.zones) {
        const auto file = static_cast<std::uint32_t>(reader.files().size());
        const std::size_t before = reader.mistakes().size();
        records.push_back(reader.read(zone.file, zone.name));
        // Checks of what is only half there would complain about the other half.
        if (reader.mistakes().size() != before) continue;
        zones.push_back(
            {dns::ZoneTree(zone.name, records.back(), {file, 0, 0}, reader), zone.transfer, zone.notify});
    }
    if (!options.depfile.empty() && !write_file(options.depfile, depfile_rule(options, work, reader)))
        return 1;
    for (const dns::Mistake& mistake : reader.mistakes())
        holm::cli::print_line(stderr, "{}: {}", reader.place_text(mistake.where), mistake.text);
    if (!reader.mistakes().empty()) return 1;
    const auto table = dns::compile(zones, work.server.settings);
    if (!table) {
        holm::cli::print_line(stderr, "holm-zone: {}", table.error());
        return 1;
    }
    return write_file(options.output, *table) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    cli::CommandLine line(
        "holm-zone", "Turns zone files into the table that a name server's image serves from.", HOLM_VERSION);
    line.whole_program()
        .positionals("INPUTS", options.inputs, "zone files (example.org.zone), or a server's file (.toml)")
        .option("--output", options.output, "table to write")
        .option("--depfile", options.depfile, "make rule to write: what the table depends on")
        .action([&] { return run(options); });
    return line.run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}

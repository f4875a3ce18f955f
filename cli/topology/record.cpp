#include "cli/topology/record.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/run/instance_record.h"
#include "cli/run/record_file.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"
#include "cli/topology/claim.h"
#include "cli/topology/control.h"
#include "cli/topology/namespaces.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

// "NAME NUMBER DNS DNS"
bool read_client(std::string_view text, TopologyRecord& record) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t space = std::min(text.find(' '), text.size());
        words.emplace_back(text.substr(0, space));
        text.remove_prefix(std::min(space + 1, text.size()));
    }
    TopologyRecord::Client client;
    if (words.size() < 2 || !read_number(words[1], client.network_namespace)) return false;
    client.dns.assign(words.begin() + 2, words.end());
    record.clients[words[0]] = client;
    return true;
}

}  // namespace

fs::path topology_record(std::string_view name) {
    return instance_folder() / formatted("{}.topology", name);
}

fs::path topology_socket(std::string_view name) {
    return instance_folder() / formatted("{}.sock", name);
}

std::string format_topology(const TopologyRecord& record) {
    std::string text =
        format_field("name", record.name) + format_field("supervisor", std::to_string(record.supervisor)) +
        format_field("start_ticks", std::to_string(record.start_ticks)) + format_field("file", record.file);
    for (const std::string& service : record.services) text += format_field("service", service);
    for (const auto& [name, client] : record.clients) {
        std::string value = formatted("{} {}", name, client.network_namespace);
        for (const std::string& server : client.dns) value += ' ' + server;
        text += format_field("client", value);
    }
    return text;
}

std::optional<TopologyRecord> parse_topology(std::string_view text) {
    const auto fields = parse_fields(text);
    if (!fields) return std::nullopt;
    TopologyRecord record;
    bool good = true;
    for (const auto& [key, value] : *fields) {
        if (key == "name") record.name = value;
        if (key == "file") record.file = value;
        if (key == "service") record.services.emplace_back(value);
        if (key == "supervisor") good = good && read_number(value, record.supervisor);
        if (key == "start_ticks") good = good && read_number(value, record.start_ticks);
        if (key == "client") good = good && read_client(value, record);
    }
    if (!good || record.supervisor <= 1 || record.name.empty()) return std::nullopt;
    return record;
}

void write_topology(const TopologyRecord& record) {
    replace_file(topology_record(record.name), format_topology(record));
}

std::vector<TopologyRecord> running_topologies() {
    std::vector<TopologyRecord> running;
    std::set<std::string> names;
    std::error_code error;
    for (fs::directory_iterator i(instance_folder(), error), end; !error && i != end; i.increment(error)) {
        const fs::path kind = i->path().extension();
        if (kind == ".topology" || kind == ".lock") names.insert(i->path().stem().string());
    }
    for (const std::string& name : names) {
        auto record = parse_topology(read_record_file(topology_record(name)));
        if (record && start_ticks_of(record->supervisor) == record->start_ticks) {
            running.push_back(*std::move(record));
        } else if (auto claim = TopologyClaim::take(name)) {
            claim->release();  // else one is being brought up, and has not written its record yet
        }
    }
    return running;
}

TopologyRecord find_topology(std::string_view what) {
    const std::vector<TopologyRecord> running = running_topologies();
    if (running.empty()) throw Failure("no topology is up");
    std::vector<std::string_view> names;
    std::error_code error;
    const fs::path file = fs::weakly_canonical(what, error);
    for (const TopologyRecord& record : running) {
        if (record.name == what || record.file == file || fs::path(record.file).parent_path() == file)
            return record;
        names.push_back(record.name);
    }
    if (what.empty() && running.size() == 1) return running[0];
    if (what.empty()) fail_with("several topologies are up; say which: {}", join(names));
    fail_with("no topology {} is up; there are: {}", quote(what), join(names));
}

std::optional<TopologyService> find_topology_service(std::string_view what) {
    std::optional<TopologyService> found;
    std::vector<std::string> names;
    for (const TopologyRecord& record : running_topologies()) {
        for (const std::string& service : record.services) {
            const std::string name = formatted("{}-{}", record.name, service);
            if (what == name) return TopologyService{record.name, service};
            if (what != service) continue;
            found = {record.name, service};
            names.push_back(name);
        }
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    if (names.size() > 1)
        fail_with("several topologies have a service {}; say which: {}", quote(what), join(views));
    return found;
}

std::string ask_topology(std::string_view name, std::string_view request, std::chrono::seconds patience) {
    const Descriptor connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval limit{patience.count(), 0};
    setsockopt(connection.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const std::optional<sockaddr_un> address = control_address(topology_socket(name));
    if (connection.number() < 0 || !address ||
        connect(connection.number(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
        fail_with("the supervisor of {} cannot be asked: {}", name, std::strerror(errno));
    const std::string line = formatted("{}\n", request);
    std::string answer;
    if (send(connection.number(), line.data(), line.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(line.size())) {
        std::array<char, 4096> buffer;
        for (ssize_t size; (size = read(connection.number(), buffer.data(), buffer.size())) != 0;) {
            if (size < 0 && errno == EAGAIN)
                fail_with("the supervisor of {} does not answer within {} s", name, patience.count());
            if (size < 0 && errno != EINTR) break;
            if (size > 0) answer.append(buffer.data(), static_cast<std::size_t>(size));
        }
    }
    if (answer.starts_with("ok\n")) return answer.substr(3);
    if (answer.starts_with("error ")) throw Failure(answer.substr(6));
    fail_with("the supervisor of {} ended before it answered", name);
}

}  // namespace holm::cli

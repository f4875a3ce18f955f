// dns-compare TABLE SEED COUNT ADDRESS:PORT=NAME... -- ZONE=FILE...: asks name servers and our answering core
// the same questions and compares the answers section by section. A server called "image" is our image: its
// answers must be the core's byte for byte.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <print>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/dns/master/reader.h"
#include "services/dns/server.h"
#include "tests/interop/dns/differences.h"
#include "tests/interop/dns/message.h"
#include "tests/interop/dns/queries.h"

using namespace holm;
using namespace holm::dns_compare;

namespace {

constexpr std::size_t kWindow = 128;  // queries under way
constexpr auto kPatience = std::chrono::milliseconds(500);
constexpr int kTries = 20;
constexpr std::size_t kShown = 3;  // differences of a kind that are printed

struct Peer {
    std::string name;
    int socket = -1;
};

struct Pending {
    std::string query;
    std::string ours;
    std::vector<std::optional<std::string>> answers;
    std::chrono::steady_clock::time_point sent;
    int tries = 1;
};

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (!file) return std::nullopt;
    return text;
}

int connect_to(const std::string& address, std::uint16_t port) {
    const int made = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(port);
    const int size = 4 << 20;
    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (inet_pton(AF_INET, address.c_str(), &peer.sin_addr) != 1 ||
        connect(made, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) != 0) {
        std::println(stderr, "dns-compare: cannot reach {}:{}", address, port);
        std::exit(2);
    }
    return made;
}

class Comparison {
  public:
    Comparison(dns::Server& server, std::vector<Peer> peers, Queries& queries, std::size_t count)
        : server_(server), peers_(std::move(peers)), queries_(queries), count_(count) {}

    int run() {
        std::uint16_t id = 0;
        while (compared_ < count_) {
            while (pending_.size() < kWindow && asked_ < count_) ask(++id);
            receive();
        }
        std::println("compared {} queries with {} servers: {} answers", count_, peers_.size(),
                     count_ * peers_.size());
        for (const auto& [what, count] : explained_) std::println("  {:8} {}", count, what);
        if (differences_ != 0) std::println("{} DIFFERENCES", differences_);
        for (const auto& [what, count] : kinds_) std::println("  {:8} {}", count, what);
        return differences_ == 0 ? 0 : 1;
    }

  private:
    void ask(std::uint16_t id) {
        Pending& one = pending_[id];
        one.query = queries_.next();
        one.query[0] = static_cast<char>(id >> 8);
        one.query[1] = static_cast<char>(id);
        one.answers.resize(peers_.size());
        alignas(8) static std::byte out[dns::Server::kUdpRoom];
        const auto reply = server_.answer(
            Instant(), 0, {net::IpAddress::v4(127, 0, 0, 1), dns::Server::Transport::kDatagram},
            as_bytes(one.query), out);
        one.ours.assign(as_text(Bytes(out).first(reply.size)));
        send_to_all(one);
        ++asked_;
    }

    void send_to_all(Pending& one) {
        for (std::size_t i = 0; i < peers_.size(); ++i) {
            if (!one.answers[i]) (void)send(peers_[i].socket, one.query.data(), one.query.size(), 0);
        }
        one.sent = std::chrono::steady_clock::now();
    }

    void receive() {
        std::vector<pollfd> wanted;
        for (const Peer& peer : peers_) wanted.push_back({peer.socket, POLLIN, 0});
        poll(wanted.data(), wanted.size(), 50);
        char buffer[65'536];
        for (std::size_t i = 0; i < peers_.size(); ++i) {
            for (ssize_t size; (size = recv(peers_[i].socket, buffer, sizeof(buffer), 0)) >= 2;) {
                const auto id = static_cast<std::uint16_t>(static_cast<std::uint8_t>(buffer[0]) << 8 |
                                                           static_cast<std::uint8_t>(buffer[1]));
                const auto found = pending_.find(id);
                if (found == pending_.end() || found->second.answers[i]) continue;
                found->second.answers[i].emplace(buffer, static_cast<std::size_t>(size));
                if (std::ranges::all_of(found->second.answers,
                                        [](const auto& one) { return one.has_value(); })) {
                    compare(found->second);
                    pending_.erase(found);
                }
            }
        }
        const auto now = std::chrono::steady_clock::now();
        for (auto& [id, one] : pending_) {
            if (now - one.sent < kPatience) continue;
            if (++one.tries > kTries) {
                for (std::size_t i = 0; i < peers_.size(); ++i)
                    if (!one.answers[i])
                        std::println("{} does not answer {}", peers_[i].name, describe(one.query));
                std::exit(1);
            }
            send_to_all(one);
        }
    }

    static std::string describe(const std::string& query) {
        const auto parsed = parse(as_bytes(query));
        return parsed ? std::format("{}flags {:04x}{}{}", parsed->question, parsed->flags,
                                    parsed->has_edns ? " EDNS" : "", parsed->dnssec ? " DO" : "")
                      : "a query that cannot be read";
    }

    void compare(const Pending& one) {
        ++compared_;
        const auto ours = parse(as_bytes(one.ours));
        const auto query = parse(as_bytes(one.query));
        for (std::size_t i = 0; i < peers_.size(); ++i) {
            const std::string& bytes = *one.answers[i];
            if (peers_[i].name == "image") {
                if (bytes != one.ours)
                    differs(one, i, ours, parse(as_bytes(bytes)), "the image and the core do not agree");
                continue;
            }
            const auto theirs = parse(as_bytes(bytes));
            if (!ours || !theirs) {
                differs(one, i, ours, theirs, "an answer cannot be read");
                continue;
            }
            const Difference difference = find_difference(*query, *ours, *theirs);
            if (difference.what.empty()) continue;
            if (difference.is_explained) {
                ++explained_[peers_[i].name + ": " + difference.what];
            } else {
                differs(one, i, ours, theirs, difference.what);
            }
        }
    }

    void differs(const Pending& one, std::size_t peer, const std::optional<Message>& ours,
                 const std::optional<Message>& theirs, std::string_view what) {
        ++differences_;
        if (++kinds_[std::format("{}: {}", peers_[peer].name, what)] > kShown) return;
        std::println("DIFFERENCE with {}: {}: {}\n  ours:\n{}  theirs:\n{}", peers_[peer].name, what,
                     describe(one.query), ours ? to_text(*ours) : "    unreadable\n",
                     theirs ? to_text(*theirs) : "    unreadable\n");
    }

    dns::Server& server_;
    std::vector<Peer> peers_;
    Queries& queries_;
    std::size_t count_;
    std::map<std::uint16_t, Pending> pending_;
    std::size_t asked_ = 0;
    std::size_t compared_ = 0;
    std::size_t differences_ = 0;
    std::map<std::string, std::size_t> explained_;
    std::map<std::string, std::size_t> kinds_;
};

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto separator = std::ranges::find(words, "--");
    if (separator - words.begin() < 4) {
        std::println(stderr, "dns-compare TABLE SEED COUNT ADDRESS:PORT=NAME... -- ZONE=FILE...");
        return 2;
    }
    const auto bytes = read_file(words[0]);
    if (!bytes) return 2;
    const std::unique_ptr<std::uint64_t[]> aligned(new std::uint64_t[bytes->size() / 8 + 1]);
    std::memcpy(aligned.get(), bytes->data(), bytes->size());
    const auto table =
        dns::ZoneTable::create({reinterpret_cast<const std::byte*>(aligned.get()), bytes->size()});
    if (!table) {
        std::println(stderr, "{}: {}", words[0], table.error().what);
        return 2;
    }
    dns::Server server(*table, {1, 2});
    std::vector<Peer> peers;
    for (auto word = words.begin() + 3; word != separator; ++word) {
        const std::size_t colon = word->find(':'), equals = word->find('=');
        std::uint16_t port = 0;
        std::from_chars(word->data() + colon + 1, word->data() + equals, port);
        peers.push_back({word->substr(equals + 1), connect_to(word->substr(0, colon), port)});
    }
    dns::Reader reader(read_file);
    std::vector<std::vector<dns::Record>> zones;
    std::vector<dns::WireName> origins;
    for (auto word = separator + 1; word != words.end(); ++word) {
        const std::size_t equals = word->find('=');
        origins.push_back(*dns::parse_name(word->substr(0, equals), dns::WireName(1, '\0')));
        zones.push_back(reader.read(word->substr(equals + 1), origins.back()));
    }
    Queries queries(zones, origins, std::stoull(words[1]));
    const std::size_t count = std::stoull(words[2]);
    std::println("seed {}; {} queries go through all names and types", words[1], queries.systematic());
    return Comparison(server, std::move(peers), queries, count).run();
}

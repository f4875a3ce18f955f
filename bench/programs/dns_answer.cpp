// bench-dns-answer TABLE QUESTIONS ROUNDS: answers the questions of a dnsperf file from a zone table, so many
// times; prints nanoseconds per answer. Under callgrind it tells instructions.

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <print>
#include <sstream>
#include <string>
#include <vector>

#include "services/dns/master/name_text.h"
#include "services/dns/master/record_format.h"
#include "services/dns/server.h"

using namespace holm;

namespace {

std::string query_for(const std::string& name, const std::string& type) {
    std::string query("\0\0\1\0\0\1\0\0\0\0\0\0", 12);
    query += *dns::parse_name(name, dns::WireName(1, '\0'));
    const std::uint16_t number = *dns::parse_type(type);
    query += {static_cast<char>(number >> 8), static_cast<char>(number), '\0', '\1'};
    return query;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    std::ifstream file(argv[1], std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    const std::unique_ptr<std::uint64_t[]> aligned(new std::uint64_t[bytes.size() / 8 + 1]);
    std::memcpy(aligned.get(), bytes.data(), bytes.size());
    const auto table =
        dns::ZoneTable::create({reinterpret_cast<const std::byte*>(aligned.get()), bytes.size()});
    if (!table) {
        std::println(stderr, "{}", table.error().what);
        return 1;
    }
    std::vector<std::string> queries;
    std::ifstream questions(argv[2]);
    for (std::string name, type; questions >> name >> type;) queries.push_back(query_for(name, type));

    dns::Server server(*table, {1, 2});
    alignas(8) static std::byte answer[dns::Server::kUdpRoom];
    const dns::Server::Client client{net::IpAddress::v4(10, 0, 0, 1), dns::Server::Transport::kDatagram};
    std::size_t size = 0;
    const int rounds = std::atoi(argv[3]);
    const auto begin = std::chrono::steady_clock::now();
    for (int round = 0; round < rounds; ++round) {
        for (const std::string& query : queries)
            size += server.answer(Instant::from_nanoseconds(round), 0, client, as_bytes(query), answer).size;
    }
    const auto took = std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
    const auto answers = static_cast<std::int64_t>(queries.size()) * rounds;
    std::println("{} answers, {} ns each, {} bytes each", answers, took / answers,
                 size / static_cast<std::size_t>(answers));
}

#pragma once

// Master files (RFC 1035, section 5; RFC 2308, section 4 for $TTL; RFC 3597) become records. Every mistake is
// reported with its place; reading goes on behind it, so that all are seen at once.

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/dns/master/lexer.h"
#include "services/dns/master/name_text.h"

namespace holm::dns {

struct Record {
    WireName owner;  // letters as written
    std::uint16_t type = 0;
    std::uint32_t ttl = 0;  // seconds
    std::string data;       // on the wire, not compressed
    Place where;
};

class Reader {
  public:
    static constexpr std::size_t kMostMistakes = 20;
    static constexpr int kDeepestInclude = 16;
    static constexpr std::size_t kMostFiles = 10'000;
    static constexpr std::size_t kMostBytes = std::size_t{1} << 30;

    struct File {
        std::string path;
        std::string text;
    };
    // The contents of a file, or nothing if it cannot be read. What $INCLUDE names is relative to the file it
    // stands in.
    using Load = std::function<std::optional<std::string>(const std::string& path)>;

    // `most_bytes`: of all files together.
    explicit Reader(Load load, std::size_t most_bytes = kMostBytes)
        : load_(std::move(load)), bytes_left_(most_bytes) {}

    // The records of a file, behind one another as they stand there. `origin` holds until the file says
    // otherwise.
    std::vector<Record> read(const std::string& path, const WireName& origin);

    const std::vector<Mistake>& mistakes() const { return mistakes_; }
    void mistake(Place where, std::string text);
    bool has_too_many() const { return mistakes_.size() >= kMostMistakes; }
    // All that were read, or tried; Place::file counts them.
    const std::deque<File>& files() const { return files_; }
    // "zone.txt:3:7"
    std::string place_text(Place where) const;

  private:
    struct State {
        WireName origin;
        WireName owner;
        std::optional<std::uint32_t> default_ttl;  // $TTL
        std::optional<std::uint32_t> last_ttl;     // of the record before
        int depth = 0;
    };
    void read_file(const std::string& path, Place from, State& state, std::vector<Record>& records);
    void read_entry(const Entry& entry, State& state, std::vector<Record>& records);
    void read_directive(const Entry& entry, State& state, std::vector<Record>& records);
    void read_record(const Entry& entry, State& state, std::vector<Record>& records);
    void include(const Entry& entry, const State& state, std::vector<Record>& records);

    Load load_;
    std::deque<File> files_;
    std::size_t bytes_left_;  // for the texts of more
    std::vector<Mistake> mistakes_;
};

}  // namespace holm::dns

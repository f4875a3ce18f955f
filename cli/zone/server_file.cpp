#include "cli/zone/server_file.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/address_text.h"
#include "cli/settings/section.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "services/dns/master/name_text.h"
#include "services/dns/master/text_encodings.h"
#include "services/dns/transaction.h"

namespace holm::cli {
namespace {

constexpr std::size_t kLargestFile = 16 << 20;
constexpr std::size_t kLongestText = 255;
// Of a key; a shorter one can be guessed.
constexpr std::size_t kShortestSecret = 16, kLongestSecret = 1024;
constexpr std::size_t kMostKeys = 256;
constexpr KeyHome kHomes[] = {{"version", "[server]"},  {"identity", "[server]"}, {"udp_size", "[server]"},
                              {"cookies", "[server]"},  {"name", "[[zone]]"},     {"file", "[[zone]]"},
                              {"transfer", "[[zone]]"}, {"notify", "[[zone]]"},   {"answers", "[rate_limit]"},
                              {"slip", "[rate_limit]"}, {"address", "[metrics]"}, {"port", "[metrics]"},
                              {"algorithm", "[[key]]"}, {"secret", "[[key]]"}};

// "10.0.0.0/8", "fd00::/8", "192.0.2.1".
std::optional<dns::table::Network> parse_network(std::string_view text) {
    dns::table::Network network{};
    const std::size_t slash = text.find('/');
    const std::string_view address = text.substr(0, slash);
    unsigned before = 0, most = 128;
    if (const auto ipv4 = parse_ipv4(address)) {
        network.address[10] = network.address[11] = 0xff;
        std::ranges::copy(*ipv4, network.address + 12);
        before = 96;
        most = 32;
    } else if (const auto ipv6 = parse_ipv6(address)) {
        std::ranges::copy(*ipv6, network.address);
    } else {
        return std::nullopt;
    }
    unsigned length = most;
    if (slash != text.npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
        if (error != std::errc() || end != digits.data() + digits.size() || length > most)
            return std::nullopt;
    }
    network.prefix_length = static_cast<std::uint16_t>(before + length);
    for (unsigned bit = network.prefix_length; bit < 128; ++bit) {
        if ((network.address[bit / 8] >> (7 - bit % 8) & 1) != 0) return std::nullopt;
    }
    return network;
}

// "10.0.0.3 key NAME": the address, and the key's name if there is one.
std::pair<std::string_view, std::optional<std::string_view>> split_key(std::string_view text) {
    constexpr std::string_view kWord = "key ";
    const auto without_spaces = [](std::string_view part) {
        while (part.starts_with(' ')) part.remove_prefix(1);
        while (part.ends_with(' ')) part.remove_suffix(1);
        return part;
    };
    if (text.starts_with(kWord)) return {"", without_spaces(text.substr(kWord.size()))};
    const std::size_t at = text.find(" key ");
    if (at == text.npos) return {text, std::nullopt};
    return {without_spaces(text.substr(0, at)), without_spaces(text.substr(at + 1 + kWord.size()))};
}

class FileReader {
  public:
    ServerFile read(Section top) {
        if (auto section = top.table("server")) read_server(*section);
        if (auto section = top.table("rate_limit")) read_rate_limit(*section);
        if (auto section = top.table("metrics")) read_metrics(*section);
        for (Section& section : top.tables("key")) read_key(section);
        for (Section& section : top.tables("zone")) read_zone(section);
        top.refuse_other_keys();
        if (!top.has("zone"))
            top.mistake({1, 1},
                        "there is no zone; write [[zone]] with name = \"example.org\" and file = "
                        "\"example.org.zone\"");
        return std::move(result_);
    }

  private:
    void read_server(Section& section) {
        result_.settings.version_text = text_of(section, "version", "\"a name server\"");
        result_.settings.identity = text_of(section, "identity", "\"ns1\"");
        if (const auto size = section.number("udp_size", 512, 4096))
            result_.settings.udp_size = static_cast<std::uint16_t>(*size);
        result_.settings.cookies = section.boolean("cookies").value_or(true);
        section.refuse_other_keys();
    }

    std::string text_of(Section& section, std::string_view key, std::string_view example) {
        const auto text = section.text(key, example);
        if (!text) return "";
        if (text->value.size() > kLongestText) {
            section.mistake(text->where, formatted("{} is {} bytes long; allowed: {}", key,
                                                   text->value.size(), kLongestText));
            return "";
        }
        return text->value;
    }

    void read_rate_limit(Section& section) {
        if (const auto rate = section.number("answers", 0, 1'000'000)) result_.settings.rate = *rate;
        if (const auto slip = section.number("slip", 0, 100)) result_.settings.slip = *slip;
        section.refuse_other_keys();
    }

    void read_metrics(Section& section) {
        const auto address = section.text("address", "\"10.0.0.2\"");
        const auto port = section.number("port", 1, 65'535);
        section.refuse_other_keys();
        if (!address || !port) {
            if (!section.has("address") || !section.has("port"))
                section.mistake(section.where(),
                                "[metrics] needs both, address = \"10.0.0.2\" and port = 9100");
            return;
        }
        const auto network = parse_network(address->value);
        if (!network || network->prefix_length != 128) {
            section.mistake(address->where, formatted("{} is not an address such as 10.0.0.2 or fd00::2",
                                                      quote(address->value)));
            return;
        }
        result_.settings.metrics = *network;
        result_.settings.metrics.port = static_cast<std::uint16_t>(*port);
    }

    void read_key(Section& section) {
        const auto name = section.text("name", "\"secondary.example.org\"");
        const auto algorithm = section.text("algorithm", "\"hmac-sha256\"");
        const auto secret = section.text("secret", "\"base64\"");
        section.refuse_other_keys();
        if (algorithm && algorithm->value != "hmac-sha256")
            section.mistake(algorithm->where, formatted("{} is not an algorithm of signatures here; allowed: "
                                                        "hmac-sha256",
                                                        quote(algorithm->value)));
        if (!name || !algorithm || !secret) {
            if (!section.has("name") || !section.has("algorithm") || !section.has("secret"))
                section.mistake(section.where(),
                                "[[key]] needs name = \"secondary.example.org\", algorithm = "
                                "\"hmac-sha256\" and secret = \"…\" in base64");
            return;
        }
        // What is wrong with a secret is said without it: messages end up in logs.
        const auto bytes = dns::parse_base64(secret->value);
        if (!bytes) {
            section.mistake(secret->where,
                            "the secret is expected in base64, such as keymgr -t and "
                            "tsig-keygen print it");
        } else if (bytes->size() < kShortestSecret || bytes->size() > kLongestSecret) {
            section.mistake(secret->where, formatted("the secret has {} bytes; allowed: {} to {}",
                                                     bytes->size(), kShortestSecret, kLongestSecret));
        }
        const auto wire = dns::parse_name(name->value, dns::WireName(1, '\0'));
        if (!wire) {
            section.mistake(name->where, formatted("{}: {}", quote(name->value), wire.error()));
        } else if (wire->size() > dns::Transaction::kLongestKeyName) {
            section.mistake(name->where, formatted("a key's name of {} bytes; allowed: {}", wire->size(),
                                                   dns::Transaction::kLongestKeyName));
        } else if (key_number(dns::lower(*wire)) != 0) {
            section.mistake(name->where, formatted("the key {} is there already", quote(name->value)));
        } else if (result_.settings.keys.size() == kMostKeys) {
            section.mistake(name->where, formatted("more than {} keys", kMostKeys));
        } else {
            result_.settings.keys.push_back({dns::lower(*wire), bytes.value_or("")});
        }
    }

    // From 1, as table::Network::key has it; 0: there is no such key.
    std::uint16_t key_number(const dns::WireName& lower) const {
        const auto& keys = result_.settings.keys;
        const auto found = std::ranges::find(keys, lower, &dns::TransactionKey::name);
        return found == keys.end() ? 0 : static_cast<std::uint16_t>(found - keys.begin() + 1);
    }

    void read_zone(Section& section) {
        ZoneFile zone;
        zone.where = section.where();
        const auto name = section.text("name", "\"example.org\"");
        const auto file = section.text("file", "\"example.org.zone\"");
        zone.transfer = networks(section, "transfer", "[\"10.0.0.0/8\"]",
                                 "a network such as 10.0.0.0/8 or fd00::/8, an address, or either with "
                                 "\"key NAME\" behind it; \"key NAME\" alone is anybody with that key",
                                 true);
        zone.notify = networks(section, "notify", "[\"10.0.0.3\"]",
                               "an address such as 10.0.0.3 or fd00::3, or \"10.0.0.3 key NAME\"", false);
        for (auto& network : zone.notify) {
            network.port = 53;
            if (network.prefix_length != 128)
                section.mistake(section.where(), "notify lists addresses, not networks");
        }
        section.refuse_other_keys();
        if (!name || !file) {
            if (!section.has("name") || !section.has("file"))
                section.mistake(
                    section.where(),
                    "[[zone]] needs both, name = \"example.org\" and file = \"example.org.zone\"");
            return;
        }
        auto wire = dns::parse_name(name->value, dns::WireName(1, '\0'));
        if (!wire) {
            section.mistake(name->where, formatted("{}: {}", quote(name->value), wire.error()));
        } else if (!names_.insert(dns::lower(*wire)).second) {
            section.mistake(name->where, formatted("the zone {} is there already", quote(name->value)));
        } else {
            zone.name = std::move(*wire);
            zone.file = file->value;
            zone.where = file->where;
            result_.zones.push_back(std::move(zone));
        }
    }

    std::vector<dns::table::Network> networks(Section& section, std::string_view key,
                                              std::string_view example, std::string_view allowed,
                                              bool may_be_anybody) {
        std::vector<dns::table::Network> result;
        const auto texts = section.texts(key, example);
        if (!texts) return result;
        for (const Text& text : *texts) {
            const auto [address, signer] = split_key(text.value);
            auto network = address.empty() && may_be_anybody && signer ? std::optional(dns::table::Network{})
                                                                       : parse_network(address);
            if (!network || signer == "") {
                section.mistake(text.where, formatted("{} is not {}", quote(text.value), allowed));
                continue;
            }
            if (signer) {
                const auto name = dns::parse_name(*signer, dns::WireName(1, '\0'));
                network->key = name ? key_number(dns::lower(*name)) : 0;
                if (network->key == 0)
                    section.mistake(text.where, formatted("there is no [[key]] with the name {}",
                                                          quote(std::string(*signer))));
            }
            result.push_back(*network);
        }
        return result;
    }

    ServerFile result_;
    std::set<dns::WireName> names_;
};

}  // namespace

std::expected<ServerFile, Mistakes> read_server_file(std::string_view text) {
    if (text.size() > kLargestFile)
        return std::unexpected(Mistakes{{{1, 1}, "the file is larger than 16 MiB"}});
    const auto document = Document::parse(text);
    if (!document) return std::unexpected(Mistakes{document.error()});
    Mistakes mistakes;
    ServerFile file = FileReader().read(document->top("the server's file", mistakes, kHomes));
    if (!mistakes.empty()) return std::unexpected(in_order(std::move(mistakes)));
    return file;
}

}  // namespace holm::cli

#pragma once

// A rule set as the parser has understood it: every name resolved, every value a number, every dependency
// between protocols left to the fields themselves.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "services/filter/language/source.h"
#include "services/filter/table/layout.h"

namespace holm::filter::language {

// A field's value as a number: bytes on the wire, first one most significant.
using Number = unsigned __int128;

struct Range {
    Number low = 0;
    Number high = 0;
    friend bool operator==(const Range&, const Range&) = default;
};

// What a value means: which names it has, and what may be compared with it.
enum class Type : std::uint8_t {
    kInteger,
    kIpv4,
    kIpv6,
    kService,  // a port
    kProtocol,
    kNfproto,
    kDscp,
    kTcpFlags,
    kIcmpType,
    kIcmpv6Type,
    kIcmpCode,
    kInterface,
    kMark,
    kCtState,
    kCtStatus,
    kCtDirection,
};

struct KeyPart {
    Field field = Field::kNone;
    Number mask = 0;  // all ones of the field's size: none
    friend bool operator==(const KeyPart&, const KeyPart&) = default;
};

struct Verdict {
    Code code = Code::kAccept;  // kAccept, kDrop, kReturn, kJump, kGoto, kNext (continue)
    std::string chain;
    Position position;
};

struct Element {
    std::vector<Range> key;  // one for each part
    Position position;
    std::optional<Verdict> verdict;  // of a verdict map
    std::vector<Range> data;         // of another map
};

struct NamedSet {
    std::string name;
    std::vector<Type> key;
    std::vector<Type> data;  // of a map
    bool is_map = false;
    bool is_verdict_map = false;
    bool intervals = false;
    std::vector<Element> elements;
    Position position;
};

// A set where it is used: by name (an index of its table's sets) or with elements of its own.
struct SetUse {
    std::optional<std::size_t> named;
    std::vector<Element> elements;
};

struct Match {
    std::vector<KeyPart> key;
    bool negate = false;
    SetUse set;
    Position position;
};

struct Dispatch {
    std::vector<KeyPart> key;
    SetUse set;
    Position position;
};

struct Counter {};

struct Limit {
    LimitEntry entry;
};

struct Log {
    std::string prefix;
    std::uint32_t level = 4;
};

struct SetMark {
    bool of_connection = false;
    Field source = Field::kNone;  // kNone: a constant
    std::uint32_t mask = 0;
    std::uint32_t flip = 0;
    std::optional<Dispatch> map;
};

struct Notrack {};

struct Reject {
    RejectEntry entry;
    std::uint8_t family = 0;  // 4, 6: packets of another are not met; 0: any
};

struct Translate {
    NatEntry entry;
    std::optional<Dispatch> map;
};

struct Final {
    Verdict verdict;
};

using Item = std::variant<Match, Dispatch, Counter, Limit, Log, SetMark, Notrack, Reject, Translate, Final>;

struct Rule {
    std::vector<Item> items;
    Position position;
    std::string text;
};

struct ChainSource {
    std::string name;
    Hook hook = Hook::kNone;
    ChainType type = ChainType::kFilter;
    std::int32_t priority = 0;
    bool drop = false;
    std::vector<Rule> rules;
    Position position;
};

struct TableSource {
    std::string name;
    TableFamily family = TableFamily::kIpv4;
    std::vector<NamedSet> sets;
    std::map<std::string, std::size_t, std::less<>> set_places;  // by name, in `sets`
    std::vector<ChainSource> chains;
    Position position;
};

struct RuleSet {
    std::vector<TableSource> tables;
    std::vector<std::pair<std::string, bool>> interfaces;  // name, whether it is a pattern (without its star)
};

}  // namespace holm::filter::language

#pragma once

// A configuration file, parsed: a tree of values, each with its place. What the notations have in common.

#include <cstdint>
#include <string>
#include <vector>

#include "cli/settings/mistake.h"

namespace holm::cli {

struct Text {
    std::string value;
    Position where;
};

struct Value {
    enum class Kind { kTable, kList, kText, kWholeNumber, kOtherNumber, kBoolean, kTime, kNothing };
    struct Member;

    Kind kind = Kind::kNothing;
    Position where;
    std::string text;  // of kText; of what stands without quotation marks in YAML, as it is written
    bool without_quotes = false;  // YAML: 1 and true are text as well where text is asked for
    std::int64_t number = 0;      // of kWholeNumber; 0 and 1 of kBoolean
    std::vector<Value> list;      // of kList
    std::vector<Member> table;    // of kTable, sorted by key
};

struct Value::Member {
    Text key;
    Value value;
};

}  // namespace holm::cli

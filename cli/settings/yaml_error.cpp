#include "cli/settings/yaml_error.h"

#include <algorithm>

#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

std::string_view or_nothing(const char* text) {
    return text == nullptr ? std::string_view() : std::string_view(text);
}

Position position_at(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    const std::size_t line = before.rfind('\n');
    return {static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
            static_cast<std::uint32_t>(line == before.npos ? before.size() + 1 : before.size() - line)};
}

std::string cannot_start(std::string_view text, const yaml_mark_t& mark) {
    const char c = mark.index < text.size() ? text[mark.index] : ' ';
    if (c == '\t') return "a tab cannot stand here; expected: spaces, which are what YAML indents with";
    return formatted("nothing can begin with {}; expected: a value in quotation marks",
                     quote(std::string_view(&c, 1)));
}

// What was expected, for what people get wrong most.
std::string expectation(std::string_view problem, std::string_view context, std::uint32_t begun) {
    if (problem.starts_with("mapping values are not allowed"))
        return "a \":\" where there can be no key; expected: one KEY: VALUE a line, its VALUE in quotation "
               "marks "
               "if it has \": \" in it, keys of one table in the same column";
    if (problem.starts_with("could not find expected ':'"))
        return "a key without a value; expected: KEY: VALUE, with a space behind the colon";
    if (problem.starts_with("did not find expected key"))
        return formatted(
            "expected: the end of the line, or a key in the same column as those of its table, which "
            "begins in line {}",
            begun);
    if (problem.starts_with("did not find expected '-'"))
        return formatted("expected: \"- \" in the same column as in line {}, where the list begins", begun);
    if (problem.contains("',' or '"))
        return formatted("expected: ',' or '{}' of what begins in line {}", problem.contains(']') ? ']' : '}',
                         begun);
    if (problem.starts_with("did not find expected node content")) return "expected: a value";
    if (problem.starts_with("did not find expected <document start>"))
        return "expected: another key in the column of the first, or the end of the file";
    if (problem.starts_with("found unexpected end of stream") && context.contains("quoted"))
        return formatted("expected: the quotation mark that ends the text begun in line {}", begun);
    if (problem.starts_with("found unknown escape character"))
        return "an unknown escape in \"...\"; expected: \\\\, \\\", \\n, \\t, \\xNN, \\uNNNN, or text in "
               "'...'";
    if (problem.starts_with("found a tab character"))
        return "a tab cannot stand here; expected: spaces, which are what YAML indents with";
    return context.empty() ? formatted("this is no YAML: {}", problem)
                           : formatted("this is no YAML: {} {} (line {})", problem, context, begun);
}

}  // namespace

Position position_of(const yaml_mark_t& mark) {
    return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

Mistake describe_yaml_error(const yaml_parser_t& parser, std::string_view text) {
    if (parser.error == YAML_MEMORY_ERROR) return {{1, 1}, "there is not enough memory to read the file"};
    const std::string_view problem = or_nothing(parser.problem);
    if (parser.error == YAML_READER_ERROR) {
        return {position_at(text, parser.problem_offset),
                formatted("a character that YAML does not have ({}); expected: text in UTF-8", problem)};
    }
    const Position where = position_of(parser.problem_mark);
    if (problem == "found character that cannot start any token")
        return {where, cannot_start(text, parser.problem_mark)};
    return {where, expectation(problem, or_nothing(parser.context), position_of(parser.context_mark).line)};
}

}  // namespace holm::cli

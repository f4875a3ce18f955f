#include "services/http/preconditions.h"

#include <string>

#include "services/http/characters.h"
#include "services/http/date.h"

namespace holm::http {
namespace {

bool take_weak_prefix(std::string_view& etag) {
    const bool weak = etag.starts_with("W/");
    if (weak) etag.remove_prefix(2);
    return weak;
}

// The header is a list, which may come in several pieces (RFC 9110 §5.3).
bool names_current(const Request& request, std::string_view header, std::string_view etag, bool weak) {
    for (std::size_t i = 0; i < request.header_count(); ++i) {
        const std::string_view value = request.header_value(i);
        if (equals_ignoring_case(request.header_name(i), header) &&
            (value == "*" || etag_list_contains(value, etag, weak)))
            return true;
    }
    return false;
}

}  // namespace

bool etag_list_contains(std::string_view list, std::string_view etag, bool weak) {
    const bool current_is_weak = take_weak_prefix(etag);
    if (etag.empty() || (current_is_weak && !weak)) return false;
    while (!list.empty()) {
        // An entity tag may hold commas, so that the quotes delimit it.
        list = trim(list);
        const bool item_is_weak = take_weak_prefix(list);
        const std::size_t close = list.starts_with('"') ? list.find('"', 1) : list.npos;
        if (close == list.npos) return false;
        if (list.substr(0, close + 1) == etag && (weak || !item_is_weak)) return true;
        list = trim(list.substr(close + 1));
        if (!list.empty() && list.front() != ',') return false;
        while (list.starts_with(',')) list = trim(list.substr(1));
    }
    return false;
}

Status check_preconditions(const Request& request, const Validators& current, std::int64_t unix_now) {
    const bool reads = request.method() == Method::kGet || request.method() == Method::kHead;
    if (request.find_header("if-match")) {
        if (!current.exists || !names_current(request, "if-match", current.etag, false))
            return Status::kPreconditionFailed;
    } else if (const auto since = request.find_header("if-unmodified-since");
               since && current.last_modified) {
        const auto date = parse_date(*since, unix_now);
        if (date && *current.last_modified > *date) return Status::kPreconditionFailed;
    }
    if (request.find_header("if-none-match")) {
        if (current.exists && names_current(request, "if-none-match", current.etag, true))
            return reads ? Status::kNotModified : Status::kPreconditionFailed;
    } else if (const auto since = request.find_header("if-modified-since");
               since && reads && current.last_modified) {
        const auto date = parse_date(*since, unix_now);
        if (date && *current.last_modified <= *date) return Status::kNotModified;
    }
    return Status::kOk;
}

bool if_match_holds(const Request& request, std::string_view tag) {
    std::string quoted = "\"";
    quoted.append(tag).append("\"");
    return !request.find_header("if-match") || names_current(request, "if-match", quoted, false);
}

bool if_range_holds(const Request& request, const Validators& current, std::int64_t unix_now) {
    const auto value = request.find_header("if-range");
    if (!value) return true;
    if (value->starts_with('"')) return *value == current.etag;  // strong comparison: W/ never matches
    const auto date = parse_date(*value, unix_now);
    return date && current.last_modified && *date == *current.last_modified;
}

}  // namespace holm::http

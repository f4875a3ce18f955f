#include "services/http/request.h"

#include <utility>

#include "services/http/characters.h"

namespace holm::http {

std::string_view Request::path(std::string_view parameter) const {
    for (std::size_t i = 0; i < parameter_count_; ++i) {
        if (parameters_[i].name == parameter) {
            return path().substr(parameters_[i].value.offset, parameters_[i].value.length);
        }
    }
    return {};
}

std::optional<std::string_view> Request::find_header(std::string_view name) const {
    for (std::size_t i = 0; i < head_.field_count; ++i) {
        if (equals_ignoring_case(header_name(i), name)) return header_value(i);
    }
    return std::nullopt;
}

std::string_view Request::media_type() const {
    const std::string_view value = header("content-type");
    return trim(value.substr(0, value.find(';')));
}

Result<void, Refusal> Request::bind(const char* head_bytes) {
    bytes_ = head_bytes;
    body_ = {};
    parameter_count_ = 0;
    if (head_.path_needs_decoding) TRY(decode_path(head_.text(bytes_, head_.path), decoded_path_));
    return {};
}

bool Request::copy(const Request& other) {
    head_ = other.head_;
    parameter_count_ = other.parameter_count_;
    parameters_ = other.parameters_;
    decoded_path_.shorten(0);
    return !head_.path_needs_decoding || decoded_path_.append(other.path());
}

}  // namespace holm::http

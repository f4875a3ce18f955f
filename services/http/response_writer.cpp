#include "services/http/response_writer.h"

#include <algorithm>
#include <charconv>

#include "services/http/preconditions.h"
#include "services/http/range.h"

namespace holm::http {
namespace {

char* put(char* out, std::string_view text) {
    return std::ranges::copy(text, out).out;
}

char* put(char* out, std::uint64_t number) {
    return std::to_chars(out, out + 20, number).ptr;
}

}  // namespace

ResponseWriter::ResponseWriter(const Request* request, const Response& response, bool keep_alive,
                               std::int64_t unix_seconds)
    : response_(response),
      unix_seconds_(unix_seconds),
      status_(response.status_),
      keep_alive_(keep_alive && !response.close_),
      length_(response.content().size()) {
    // Only for what was read: after a change the validators are those of the new state, and the handler has
    // compared the old one's (preconditions.h).
    const bool reads =
        request != nullptr && (request->method() == Method::kGet || request->method() == Method::kHead);
    if (reads && status_ == Status::kOk && (!response.etag_.empty() || response.last_modified_.has_value())) {
        apply_validators(*request);
    }
    if (response.is_stream()) {
        const bool chunked = request != nullptr && request->version_1_1();
        transfer_ = chunked ? Transfer::kChunked : Transfer::kUntilClose;
        keep_alive_ = keep_alive_ && chunked;
    }
    if (response.open_) {
        transfer_ = Transfer::kUntilClose;
        keep_alive_ = false;
    }
    // Of what was found out here the content is not what was asked for; a handler's own 412 says why.
    const bool found_412 = status_ == Status::kPreconditionFailed && status_ != response.status_;
    if (forbids_content(status_) || found_412) {
        names_content_ = found_412;
        length_ = 0;
        transfer_ = Transfer::kLength;
    }
    sends_content_ = names_content_ && (request == nullptr || request->method() != Method::kHead);
    announce_keep_alive_ = keep_alive_ && request != nullptr && !request->version_1_1();
}

void ResponseWriter::apply_validators(const Request& request) {
    const Validators current{true, response_.etag_, response_.last_modified_};
    const Status outcome = check_preconditions(request, current, unix_seconds_);
    if (outcome != Status::kOk) {
        status_ = outcome;
        return;
    }
    accepts_ranges_ = !response_.is_stream();
    if (!accepts_ranges_ || request.method() != Method::kGet) return;
    const auto value = request.find_header("range");
    if (!value || !if_range_holds(request, current, unix_seconds_)) return;
    const RangeRequest range = parse_range(*value, length_);
    if (range.kind == RangeRequest::Kind::kPart) {
        status_ = Status::kPartialContent;
        first_ = static_cast<std::size_t>(range.first);
        length_ = static_cast<std::size_t>(range.length);
    } else if (range.kind == RangeRequest::Kind::kUnsatisfiable) {
        status_ = Status::kRangeNotSatisfiable;
        length_ = 0;
    }
}

std::size_t ResponseWriter::head_size() const {
    // 360 covers the fixed texts and numbers below with the longest reason phrase.
    return 360 + response_.content_type_.size() + response_.headers_.size() + response_.etag_.size();
}

char* ResponseWriter::write_head(char* out, DateCache& dates) const {
    if (status_ == Status::kOk) {
        out = put(out, "HTTP/1.1 200 OK\r\nDate: ");
    } else {
        out = put(out, "HTTP/1.1 ");
        out = put(out, static_cast<std::uint64_t>(status_));
        out = put(put(put(out, " "), reason_phrase(status_)), "\r\nDate: ");
    }
    out = put(put(out, dates.at(unix_seconds_)), "\r\n");
    if (names_content_) {
        if (!response_.content_type_.empty() && (length_ > 0 || response_.is_stream() || response_.open_)) {
            out = put(put(put(out, "Content-Type: "), response_.content_type_), "\r\n");
        }
        if (transfer_ == Transfer::kLength) {
            out = put(put(put(out, "Content-Length: "), length_), "\r\n");
        } else if (transfer_ == Transfer::kChunked) {
            out = put(out, "Transfer-Encoding: chunked\r\n");
        }
    }
    // Of what was decided here; a handler's own 206 says by itself what it holds.
    if (status_ != response_.status_ &&
        (status_ == Status::kPartialContent || status_ == Status::kRangeNotSatisfiable)) {
        out = put(out, "Content-Range: bytes ");
        if (status_ == Status::kPartialContent) {
            out = put(put(put(out, first_), "-"), first_ + length_ - 1);
        } else {
            out = put(out, "*");
        }
        out = put(put(put(out, "/"), response_.content().size()), "\r\n");
    }
    if (!response_.etag_.empty()) out = put(put(put(out, "ETag: "), response_.etag_), "\r\n");
    if (response_.last_modified_) {
        const auto date = format_date(*response_.last_modified_);
        out = put(put(put(out, "Last-Modified: "), {date.data(), date.size()}), "\r\n");
    }
    if (accepts_ranges_) out = put(out, "Accept-Ranges: bytes\r\n");
    if (!keep_alive_) {
        out = put(out, "Connection: close\r\n");
    } else if (announce_keep_alive_) {
        out = put(out, "Connection: keep-alive\r\n");
    }
    return put(put(out, response_.headers_), "\r\n");
}

}  // namespace holm::http

#include "services/http/several_ranges.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

#include "services/http/characters.h"
#include "services/http/preconditions.h"
#include "services/http/range.h"

namespace holm::http {
namespace {

bool overlap(std::vector<SeveralRanges::Range> ranges) {
    std::ranges::sort(ranges, {}, &SeveralRanges::Range::first);
    for (std::size_t i = 1; i < ranges.size(); ++i)
        if (ranges[i].first < ranges[i - 1].first + ranges[i - 1].length) return true;
    return false;
}

std::string content_range(const SeveralRanges::Range& range, std::size_t size) {
    return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.first + range.length - 1) +
           "/" + std::to_string(size);
}

}  // namespace

// The content of a multipart response, made as it is sent: heads of parts, and what lies between them.
class SeveralRanges::Parts {
  public:
    // The whole response's content, and its type.
    Parts(std::variant<Bytes, std::string, Response::Producer> content, std::vector<Range> ranges,
          std::uint64_t boundary, std::string_view type)
        : content_(std::move(content)), ranges_(std::move(ranges)), type_(type) {
        boundary_.resize(16);
        for (char& digit : boundary_) {
            digit = "0123456789abcdef"[boundary & 15];
            boundary >>= 4;
        }
    }

    std::string_view boundary() const { return boundary_; }

    std::size_t operator()(MutableBytes buffer) {
        std::size_t filled = 0;
        while (filled < buffer.size()) {
            const Bytes rest = current();
            if (rest.empty() && !advance()) break;
            const std::size_t size = std::min(rest.size(), buffer.size() - filled);
            std::ranges::copy(rest.first(size), buffer.begin() + static_cast<std::ptrdiff_t>(filled));
            filled += size;
            sent_ += size;
        }
        return filled;
    }

  private:
    Bytes content() const {
        if (const auto* owned = std::get_if<std::string>(&content_)) return as_bytes(*owned);
        return std::get<Bytes>(content_);
    }

    // What of a part's head, or of the part, was not sent yet.
    Bytes current() const {
        if (in_head_) return as_bytes(head_).subspan(sent_);
        const Range& range = ranges_[part_];
        return content().subspan(range.first, range.length).subspan(sent_);
    }

    // False after the last line.
    bool advance() {
        if (part_ == ranges_.size()) return false;
        sent_ = 0;
        if (in_head_ && !head_.empty()) {
            in_head_ = false;
            return true;
        }
        if (!in_head_) ++part_;
        in_head_ = true;
        head_ = "\r\n--" + boundary_;
        if (part_ == ranges_.size()) {
            head_ += "--\r\n";
            return true;
        }
        if (!type_.empty()) head_.append("\r\nContent-Type: ").append(type_);
        head_ += "\r\nContent-Range: " + content_range(ranges_[part_], content().size()) + "\r\n\r\n";
        return true;
    }

    std::variant<Bytes, std::string, Response::Producer> content_;  // no producer: several_ranges asks
    std::vector<Range> ranges_;
    std::string boundary_;
    std::string_view type_;
    std::string head_;
    std::size_t part_ = 0;
    std::size_t sent_ = 0;
    bool in_head_ = true;
};

std::optional<std::vector<SeveralRanges::Range>> SeveralRanges::parse(std::string_view value,
                                                                      std::uint64_t size) {
    const std::size_t unit_end = value.find('=');
    if (unit_end == value.npos) return std::nullopt;
    const std::string unit(value.substr(0, unit_end + 1));
    value.remove_prefix(unit.size());
    std::vector<Range> ranges;
    std::size_t asked = 0;
    while (!value.empty()) {
        const std::string_view spec = next_list_item(value);
        if (spec.empty()) continue;  // RFC 9110 §5.6.1.2
        if (++asked > kMost) return std::nullopt;
        const RangeRequest range = parse_range(unit + std::string(spec), size);
        if (range.kind == RangeRequest::Kind::kWhole) return std::nullopt;
        if (range.kind == RangeRequest::Kind::kPart) ranges.push_back({range.first, range.length});
    }
    if (asked == 0 || overlap(ranges)) return std::nullopt;
    return ranges;
}

Response SeveralRanges::operator()(const Request& request, Response response) {
    const bool has_validators = !response.etag_.empty() || response.last_modified_;
    // Without a type of its own the response has one among its headers, which are those of the whole.
    if (request.method() != Method::kGet || response.status_ != Status::kOk || response.is_stream() ||
        response.open_ || !has_validators || response.content_type_.empty())
        return response;
    const auto value = request.find_header("range");
    if (!value || !value->contains(',')) return response;  // one range is everybody's business
    const Validators current{true, response.etag_, response.last_modified_};
    // Dates with two digits for the year are those around the representation's own.
    const std::int64_t around = response.last_modified_.value_or(0);
    if (check_preconditions(request, current, around) != Status::kOk ||
        !if_range_holds(request, current, around))
        return response;
    const std::size_t size = response.content().size();
    auto ranges = parse(*value, size);
    if (!ranges) return response;

    if (ranges->empty()) {
        response.status_ = Status::kRangeNotSatisfiable;
        response.add_header("Content-Range", "bytes */" + std::to_string(size));
        response.content_ = Bytes();
        return response;
    }
    response.status_ = Status::kPartialContent;
    if (ranges->size() == 1) {  // §15.3.7.2: need not be a multipart
        const Range& range = ranges->front();
        response.add_header("Content-Range", content_range(range, size));
        if (auto* const owned = std::get_if<std::string>(&response.content_)) {
            *owned = owned->substr(range.first, range.length);
        } else {
            response.content_ = std::get<Bytes>(response.content_).subspan(range.first, range.length);
        }
        return response;
    }
    Parts parts(std::move(response.content_), std::move(*ranges), boundaries_.next(), response.content_type_);
    response.add_header("Content-Type", "multipart/byteranges; boundary=" + std::string(parts.boundary()));
    response.content_ = Response::Producer(std::move(parts));
    return response;
}

}  // namespace holm::http

#include "services/http/access_log.h"

#include <algorithm>
#include <charconv>

#include "services/http/date.h"
#include "services/http/response_writer.h"

namespace holm::http {
namespace {

bool is_plain(char c) {
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

}  // namespace

LogEntry LogEntry::of(std::string_view client, const Request& request, const Response& response,
                      std::int64_t unix_seconds) {
    const ResponseWriter writer(&request, response, true, unix_seconds);
    return {client,
            &request,
            writer.status(),
            writer.sends_content() ? writer.length() : 0,
            response.is_stream() && writer.sends_content(),
            unix_seconds};
}

void AccessLog::flush() {
    if (size_ == 0) return;
    const std::string_view lines(lines_.data(), std::exchange(size_, 0));
    sink_(lines);
}

void AccessLog::record(const LogEntry& entry) {
    put_line(entry, true);
}

// Written where lines are gathered, and taken out again.
AccessLog::Line AccessLog::prepare(const LogEntry& entry) {
    const std::size_t bytes_at = put_line(entry, false);
    Line line{.text = {lines_.data() + start_, size_ - start_}, .bytes_at = bytes_at - start_};
    size_ = start_;
    return line;
}

void AccessLog::record(const Line& line, std::uint64_t bytes) {
    const std::string_view text = line.text;
    if (text.size() + kShortParts > kCapacity - size_) flush();
    put(text.substr(0, line.bytes_at));
    put_bytes(bytes);
    put(text.substr(line.bytes_at));
}

std::size_t AccessLog::put_line(const LogEntry& entry, bool with_bytes) {
    const Request* const request = entry.request;
    std::string_view target, referrer, agent;
    if (request != nullptr) target = request->target();
    if (request != nullptr && format_ == Format::kCombined) {
        referrer = request->header("referer");
        agent = request->header("user-agent");
    }
    std::size_t most = kShortParts + entry.client.size();
    for (const std::string_view part : {target, referrer, agent}) most += std::min(4 * part.size(), kLongest);
    if (most > kCapacity - size_) flush();
    start_ = size_;
    put(entry.client);
    put(" - - ");
    put_time(entry.unix_seconds);
    put(" \"");
    if (request != nullptr) {
        put(method_name(request->method()));
        put(" ");
        put_escaped(target, kLongest);
        put(request->version_1_1() ? " HTTP/1.1" : " HTTP/1.0");
    } else {
        put("-");
    }
    put("\" ");
    put_number(static_cast<std::uint64_t>(entry.status));
    put(" ");
    const std::size_t bytes_at = size_;
    if (with_bytes) put_bytes(entry.length);
    if (format_ == Format::kCombined) {
        put(" ");
        put_quoted(referrer);
        put(" ");
        put_quoted(agent);
    }
    put("\n");
    return bytes_at;
}

void AccessLog::put_bytes(std::uint64_t bytes) {
    if (bytes > 0) {
        put_number(bytes);
    } else {
        put("-");
    }
}

void AccessLog::put(std::string_view text) {
    std::ranges::copy(text, lines_.data() + size_);
    size_ += text.size();
}

void AccessLog::put_number(std::uint64_t number) {
    char* const at = lines_.data() + size_;
    size_ += static_cast<std::size_t>(std::to_chars(at, at + 20, number).ptr - at);
}

std::size_t AccessLog::put_escaped(std::string_view text, std::size_t room) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    const std::size_t start = size_;
    for (const char c : text) {
        const std::size_t used = size_ - start;
        if (is_plain(c)) {
            if (used + 1 > room) break;
            lines_[size_++] = c;
            continue;
        }
        if (used + 4 > room) break;
        const auto byte = static_cast<unsigned char>(c);
        put({std::array{'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]}.data(), 4});
    }
    return size_ - start;
}

void AccessLog::put_quoted(std::string_view text) {
    put("\"");
    if (put_escaped(text, kLongest) == 0) put("-");
    put("\"");
}

void AccessLog::put_time(std::int64_t unix_seconds) {
    if (unix_seconds != second_) {
        second_ = unix_seconds;
        const auto date = format_date(unix_seconds);  // "Sat, 21 Nov 2026 17:03:53 GMT"
        const std::string_view text(date.data(), date.size());
        char* out = time_.data();
        const auto add = [&out](std::string_view part) { out = std::ranges::copy(part, out).out; };
        add("[");
        add(text.substr(5, 2));
        add("/");
        add(text.substr(8, 3));
        add("/");
        add(text.substr(12, 4));
        add(":");
        add(text.substr(17, 8));
        add(" +0000]");
    }
    put({time_.data(), time_.size()});
}

}  // namespace holm::http

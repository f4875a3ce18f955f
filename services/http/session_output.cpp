// The sending half of a session: responses become bytes of a block, references and chunks.

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>
#include <new>
#include <utility>

#include "services/http/response_writer.h"
#include "services/http/session.h"
#include "services/http/session_parts.h"

namespace holm::http {
namespace {

// Content up to this size is copied behind its head, so that both leave in one piece.
constexpr std::size_t kCopiedContent = 4096;
// Room around a chunk in the block: "1ff0\r\n" before it, "\r\n" and perhaps the last chunk "0\r\n\r\n"
// behind it.
constexpr std::size_t kChunkHead = 6;
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace

void Session::queue(Time time, const Request* request, Response response) {
    const ResponseWriter writer(request, response, keep_alive_ && !stopping_ && !input_ended_,
                                time.unix_seconds);
    if (!open_block(time)) {
        state_ = State::kClosed;
        return;
    }
    char* const block = block_->data();
    std::string large_head;
    if (writer.head_size() <= SessionContext::kBlockSize - end_) {
        end_ = static_cast<std::uint16_t>(writer.write_head(block + end_, context_->dates()) - block);
    } else {
        large_head.resize(writer.head_size());
        large_head.resize(writer.write_head(large_head.data(), context_->dates()) - large_head.data());
    }

    const std::size_t length = writer.sends_content() ? writer.length() : 0;
    const bool producing = writer.sends_content() && response.is_stream();
    const std::size_t room = std::min(kCopiedContent, SessionContext::kBlockSize - end_);
    if (large_head.empty() && !producing && length <= room) {
        append(as_text(response.content()).substr(writer.first(), length));
    } else {
        pending_.reset(new (std::nothrow) Pending{std::move(response), std::move(large_head)});
        if (pending_ == nullptr) {
            state_ = State::kClosed;
            return;
        }
        pending_->producing = producing;
        pending_->chunked = writer.transfer() == ResponseWriter::Transfer::kChunked;
        pending_->outlives_session = std::holds_alternative<Bytes>(pending_->response.content_);
        if (length > 0 && !producing)
            pending_->content = pending_->response.content().subspan(writer.first(), length);
    }
    state_ = writer.keep_alive() ? State::kReading : State::kFinal;
    input_deadline_ = Instant::never();  // until this is sent, see after_output()
    request_ = nullptr;
    assembly_.reset();
}

// Makes sure that there is a block; the clock for the peer to take the output starts with the first byte of
// it.
bool Session::open_block(Time time) {
    if (!has_output()) {
        output_start_ = time.now;
        output_sent_ = 0;
        output_deadline_ = transfer_deadline(time, time.now, 0);
    }
    if (block_ == nullptr) block_ = context_->take_block();
    return block_ != nullptr;
}

void Session::append(std::string_view bytes) {
    std::ranges::copy(bytes, block_->data() + end_);
    end_ = static_cast<std::uint16_t>(end_ + bytes.size());
}

Session::Output Session::output(Time time) {
    if (begin_ < end_) return {as_bytes({block_->data() + begin_, static_cast<std::size_t>(end_ - begin_)})};
    if (pending_ == nullptr) return {};
    if (pending_->head_sent < pending_->head.size()) {
        return {as_bytes(std::string_view(pending_->head).substr(pending_->head_sent))};
    }
    if (!pending_->producing) return {pending_->content, pending_->outlives_session};
    produce(time);
    return begin_ < end_ ? output(time) : Output{};
}

std::size_t Session::unsent_before_content() const {
    const std::size_t head = pending_ != nullptr ? pending_->head.size() - pending_->head_sent : 0;
    return static_cast<std::size_t>(end_ - begin_) + head;
}

// Fills the empty block with the next piece of a stream.
void Session::produce(Time time) {
    char* const block = block_->data();
    const std::size_t room = SessionContext::kBlockSize - kChunkHead - 2 - kLastChunk.size();
    const auto& producer = std::get<Response::Producer>(pending_->response.content_);
    const std::size_t size = producer({reinterpret_cast<std::byte*>(block) + kChunkHead, room});
    assert(size <= room);
    begin_ = kChunkHead;
    end_ = static_cast<std::uint16_t>(kChunkHead + size);
    if (pending_->chunked && size > 0) {
        char digits[kChunkHead];
        char* digits_end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
        *digits_end++ = '\r';
        *digits_end++ = '\n';
        begin_ = static_cast<std::uint16_t>(kChunkHead - (digits_end - digits));
        std::memcpy(block + begin_, digits, digits_end - digits);
        append("\r\n");
    }
    if (size > 0) return;
    if (pending_->chunked) {
        append(kLastChunk);
        pending_->producing = false;
    } else {  // the connection's end is the content's end
        begin_ = end_ = 0;
        pending_.reset();
        after_output(time);
    }
}

void Session::sent(Time time, std::size_t count) {
    output_sent_ += count;
    if (begin_ < end_) {
        begin_ = static_cast<std::uint16_t>(begin_ + count);
        if (begin_ == end_) begin_ = end_ = 0;
    } else if (pending_ != nullptr && pending_->head_sent < pending_->head.size()) {
        pending_->head_sent += count;
    } else if (pending_ != nullptr) {
        pending_->content = pending_->content.subspan(count);
    }
    if (begin_ == end_ && pending_ != nullptr && !pending_->producing && pending_->content.empty() &&
        pending_->head_sent == pending_->head.size()) {
        pending_.reset();
    }
    if (has_output()) {
        output_deadline_ = transfer_deadline(time, output_start_, output_sent_);
    } else {
        after_output(time);
    }
}

void Session::after_output(Time time) {
    context_->give_back(std::move(block_));
    output_deadline_ = Instant::never();
    if (state_ == State::kFinal) {
        linger(time);
    } else if (state_ == State::kReading && assembly_ == nullptr) {
        input_deadline_ = time.now + context_->timeouts().idle;
    }
}

}  // namespace holm::http

// The receiving half of a session, and its life.

#include "services/http/session.h"

#include <algorithm>
#include <new>
#include <utility>

#include "services/http/session_parts.h"

namespace holm::http {
namespace {

constexpr std::string_view kContinueLine = "HTTP/1.1 100 Continue\r\n\r\n";
// Discarded after the last response; a peer that goes on sending more than that is not listening.
constexpr std::size_t kLingerBytes = 256 * 1024;
// The next request is read only while a usual response still fits into the block.
constexpr std::size_t kHeadRoom = 1024;

}  // namespace

static_assert(sizeof(Session) <= 128, "a waiting connection costs little");

Session::Session(SessionContext& context, Time time)
    : context_(&context), input_deadline_(time.now + context.timeouts().first_byte) {}

Session::~Session() {
    if (block_ != nullptr) context_->give_back(std::move(block_));
}

bool Session::wants_input() const {
    if (state_ == State::kLingering) return true;
    return state_ == State::kReading && pending_ == nullptr && SessionContext::kBlockSize - end_ >= kHeadRoom;
}

Session::Received Session::receive(Time time, Bytes input) {
    if (input.empty() || !wants_input()) return {};
    const std::string_view text = as_text(input);
    if (state_ == State::kLingering) {
        lingered_ += static_cast<std::uint32_t>(std::min(text.size(), kLingerBytes));
        if (lingered_ >= kLingerBytes) state_ = State::kClosed;
        return {text.size()};
    }
    if (assembly_ != nullptr) return assemble(time, text);

    // The usual case: the whole request is here, and it is read where it lies.
    Request& request = context_->scratch();
    HeadParser parser;
    const auto length = parser.parse(limits(), text, request.head_);
    if (!length) return refuse(time, length.error(), text.size());
    if (*length > 0 && request.head_.framing != Framing::kChunked &&
        text.size() - *length >= request.head_.content_length) {
        if (const auto bound = request.bind(text.data()); !bound)
            return refuse(time, bound.error(), text.size());
        request.body_ = input.subspan(*length, request.head_.content_length);
        return hand_over(request, *length + request.head_.content_length);
    }
    if (!open_assembly()) return refuse(time, kNoMemory, text.size());
    input_deadline_ = time.now + context_->timeouts().head;
    return assemble(time, text);
}

Session::Received Session::assemble(Time time, std::string_view input) {
    Assembly& assembly = *assembly_;
    if (assembly.head_length > 0) return read_content(time, input, 0);

    // More than the head may be appended; what is not part of it is given back below.
    const std::size_t before = assembly.bytes.size();
    if (!assembly.bytes.append(input.substr(0, limits().head - before)))
        return refuse(time, kNoMemory, input.size());
    const auto length = assembly.parser.parse(limits(), assembly.bytes.text(), assembly.request.head_);
    if (!length) return refuse(time, length.error(), input.size());
    if (*length == 0) return {assembly.bytes.size() - before};
    assembly.bytes.shorten(*length);
    assembly.head_length = *length;
    if (const auto bound = assembly.request.bind(assembly.bytes.data()); !bound) {
        return refuse(time, bound.error(), input.size());
    }
    const std::size_t consumed = *length - before;
    const RequestHead& head = assembly.request.head_;
    if (head.framing == Framing::kNone) return hand_over(assembly.request, consumed);
    assembly.content_start = time.now;
    // RFC 9110 §10.1.1: a client that is already sending its content is not told to.
    if (head.expects_continue && consumed == input.size() && open_block(time)) append(kContinueLine);
    return read_content(time, input, consumed);
}

Session::Received Session::read_content(Time time, std::string_view input, std::size_t consumed) {
    Assembly& assembly = *assembly_;
    const RequestHead& head = assembly.request.head_;
    const std::size_t before = consumed;
    bool complete = false;
    if (head.framing == Framing::kLength) {
        const std::size_t wanted = assembly.head_length + head.content_length - assembly.bytes.size();
        const std::string_view part = input.substr(consumed, wanted);
        if (!assembly.bytes.append(part)) return refuse(time, kNoMemory, input.size());
        consumed += part.size();
        complete = part.size() == wanted;
    } else {
        while (!complete) {
            const auto step = assembly.decoder.decode(limits(), input.substr(consumed));
            if (!step) return refuse(time, step.error(), input.size());
            if (step->consumed == 0) break;
            if (!assembly.bytes.append(step->data)) return refuse(time, kNoMemory, input.size());
            consumed += step->consumed;
            complete = step->complete;
        }
    }
    if (!complete) {
        assembly.content_received += consumed - before;
        input_deadline_ = transfer_deadline(time, assembly.content_start, assembly.content_received);
        return {consumed};
    }
    assembly.request.bytes_ = assembly.bytes.data();  // may have moved since the head was read
    assembly.request.body_ = as_bytes(assembly.bytes.text().substr(assembly.head_length));
    return hand_over(assembly.request, consumed);
}

Session::Received Session::hand_over(Request& request, std::size_t consumed) {
    state_ = State::kHandling;
    has_asked_ = true;
    input_deadline_ = Instant::never();
    request_ = &request;
    keep_alive_ = request.head_.keep_alive;
    return {consumed, request_};
}

Session::Received Session::refuse(Time time, Refusal refusal, std::size_t consumed) {
    keep_alive_ = false;
    context_->count(drop_of(refusal.status));
    queue(time, nullptr, answer_refusal(refusal));
    return {.consumed = consumed, .refused = refusal.status};
}

bool Session::open_assembly() {
    assembly_.reset(new (std::nothrow) Assembly);
    return assembly_ != nullptr;
}

Request* Session::keep_request() {
    if (request_ != &context_->scratch()) return request_;
    const Request& scratch = *request_;
    if (!open_assembly()) return nullptr;
    Assembly& assembly = *assembly_;
    assembly.head_length = scratch.head_.length;
    if (!assembly.bytes.append({scratch.bytes_, assembly.head_length}) ||
        !assembly.bytes.append(scratch.text())) {
        return nullptr;
    }
    if (!assembly.request.copy(scratch)) return nullptr;
    assembly.request.bytes_ = assembly.bytes.data();
    assembly.request.body_ = as_bytes(assembly.bytes.text().substr(assembly.head_length));
    request_ = &assembly.request;
    return request_;
}

void Session::respond(Time time, Response response) {
    if (state_ != State::kHandling) return;  // the connection ended while the handler worked
    queue(time, request_, std::move(response));
}

void Session::end_of_input() {
    input_ended_ = true;
    if (state_ == State::kLingering) state_ = State::kClosed;
    if (state_ == State::kReading) state_ = has_output() ? State::kFinal : State::kClosed;
}

void Session::expire(Time time) {
    if (time.now < deadline()) return;
    if (state_ != State::kReading || time.now >= output_deadline_) {
        if (time.now >= output_deadline_) context_->count(Drop::kNotTaken);
        state_ = State::kClosed;
    } else if (assembly_ != nullptr) {
        refuse(time, {Status::kRequestTimeout, "the request did not arrive in time"}, 0);
    } else {
        if (!has_asked_) context_->count(Drop::kSilent);
        linger(time);
    }
}

void Session::stop(Time time) {
    stopping_ = true;
    if (state_ != State::kReading || assembly_ != nullptr) return;
    if (has_output()) {
        state_ = State::kFinal;
    } else {
        linger(time);
    }
}

void Session::linger(Time time) {
    state_ = input_ended_ ? State::kClosed : State::kLingering;
    input_deadline_ = time.now + context_->timeouts().linger;
}

Instant Session::transfer_deadline(Time time, Instant start, std::size_t bytes) const {
    const Timeouts& timeouts = context_->timeouts();
    const Duration earned = Duration::seconds(static_cast<std::int64_t>(bytes) / timeouts.rate);
    // What a quick start has earned is no licence to stop.
    return std::min(start + earned, time.now) + timeouts.transfer_grace;
}

}  // namespace holm::http

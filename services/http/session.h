#pragma once

// One HTTP/1.1 connection without its socket: bytes in, requests out; responses in, bytes out. It says when
// to close and until when it waits for what.
//
// Memory: a waiting session is its own size (under 160 bytes). Reading a request that does not arrive in one
// piece adds at most Limits::head + Limits::body (twice that while its buffer grows), sending adds one output
// block and the response's own content.
//
// The driver's loop:
//     while (session.wants_input()) {
//         auto [consumed, request, refused] = session.receive(time, input);
//         if (request) session.respond(time, handle(*request));     // before the input is let go of: it may
//         lie there
//         ... drop `consumed` bytes of input; without a request, stop
//     }
//     while (bytes = session.output(time), !empty) session.sent(time, write(bytes));
// then close the sending side when shuts_down(), everything when closed(), and call expire() after
// deadline().

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "services/http/request.h"
#include "services/http/response.h"
#include "services/http/session_context.h"

namespace holm::http {

class Session {
  public:
    // The context must outlive the session.
    Session(SessionContext& context, Time time);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    struct Received {
        std::size_t consumed =
            0;  // bytes from the input's front that are done with once the request was answered
        Request* request = nullptr;  // answer it with respond() before anything else
        Status refused = {};         // the input was no request, and this is what it was answered with
    };

    // False while a request is unanswered or output must be sent first (that is the back pressure).
    bool wants_input() const;
    Received receive(Time time, Bytes input);
    // Moves the unanswered request into memory of the session's own, so that the input may be released and
    // other sessions may go on before respond(). For handlers that wait. The request may be at a new address:
    // use what this returns; null when there is no memory, then answer_no_memory() is the answer.
    Request* keep_request();
    void respond(Time time, Response response);
    // The peer closed its sending side. What it asked before is still answered.
    void end_of_input();

    struct Output {
        Bytes bytes;
        bool outlives_session = false;  // referenced content: may be sent without a copy
    };
    // The next bytes to send; empty when there are none for now. The same until sent() is called.
    Output output(Time time);
    void sent(Time time, std::size_t count);
    bool has_sent_all() const { return !has_output(); }
    // Bytes of output before the content that a large response or a stream has still to send.
    std::size_t unsent_before_content() const;

    // Everything was sent and the last response said so: close the sending side, but keep reading (and
    // calling receive(), which discards) until closed(), else a reset could overtake the response (RFC 9112
    // §9.6).
    bool shuts_down() const { return state_ == State::kLingering; }
    bool closed() const { return state_ == State::kClosed; }
    // Between requests: nothing is lost by closing.
    bool idle() const { return state_ == State::kReading && assembly_ == nullptr && !has_output(); }

    // When expire() is due; never() while a handler works. It shuts the sending side of an idle connection
    // down, answers a request that does not get finished with 408, and closes where the peer does not take
    // what is sent.
    Instant deadline() const { return std::min(input_deadline_, output_deadline_); }
    void expire(Time time);
    // Orderly stop: what was started is finished, then the sending side closes; that of an idle connection
    // now.
    void stop(Time time);

  private:
    enum class State : std::uint8_t {
        kReading,    // for a request; responses before it may still be on their way out
        kHandling,   // a request is with the handler
        kFinal,      // the last response is on its way out
        kLingering,  // everything was sent
        kClosed,
    };
    struct Assembly;
    struct Pending;

    const Limits& limits() const { return context_->limits(); }
    bool open_assembly();
    Received assemble(Time time, std::string_view input);
    Received read_content(Time time, std::string_view input, std::size_t consumed);
    Received hand_over(Request& request, std::size_t consumed);
    Received refuse(Time time, Refusal refusal, std::size_t consumed);

    void queue(Time time, const Request* request, Response response);
    bool open_block(Time time);
    void append(std::string_view bytes);
    void produce(Time time);
    void after_output(Time time);
    void linger(Time time);
    bool has_output() const { return begin_ < end_ || pending_ != nullptr; }
    // By then more than `bytes` must be through: at the least rate, and without a long stop.
    Instant transfer_deadline(Time time, Instant start, std::size_t bytes) const;

    SessionContext* context_;
    State state_ = State::kReading;
    bool stopping_ = false;
    bool input_ended_ = false;
    bool has_asked_ = false;   // there was a request
    bool keep_alive_ = true;   // of the request being answered
    std::uint16_t begin_ = 0;  // unsent bytes of the block
    std::uint16_t end_ = 0;
    std::uint32_t lingered_ = 0;  // bytes discarded after the last response
    Instant input_deadline_;
    Instant output_deadline_ = Instant::never();
    Instant output_start_;
    std::size_t output_sent_ = 0;  // bytes since output_start_
    Request* request_ = nullptr;   // with the handler: the context's scratch or the assembly's
    std::unique_ptr<Assembly> assembly_;
    std::unique_ptr<SessionContext::Block> block_;
    std::unique_ptr<Pending> pending_;
};

}  // namespace holm::http

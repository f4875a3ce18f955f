#pragma once

// What a session holds only while it is busy. Internal to session.cpp and session_output.cpp.

#include <string>

#include "services/http/byte_buffer.h"
#include "services/http/chunked_decoder.h"
#include "services/http/head_parser.h"
#include "services/http/session.h"

namespace holm::http {

// A request that arrives in pieces: its head's bytes, then its content's, in one buffer.
struct Session::Assembly {
    HeadParser parser;
    ChunkedDecoder decoder;
    Request request;
    ByteBuffer bytes;
    std::size_t head_length = 0;  // 0 until the head is complete
    Instant content_start;
    std::size_t content_received = 0;  // bytes on the wire
};

// What follows the block: a head too large for it, then content that is not copied.
struct Session::Pending {
    Response response;  // owns the content
    std::string head;
    std::size_t head_sent = 0;
    Bytes content;  // still to be sent
    bool outlives_session = false;
    bool producing = false;  // content comes from the response's producer
    bool chunked = false;
};

}  // namespace holm::http

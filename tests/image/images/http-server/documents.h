#pragma once

#include <holm/http.h>

// /dated: 100 bytes with entity tag and date. /packed/page.txt: in two forms. /discard: takes any content.
void add_documents(holm::http::Server& server);

// /twice?url=http://…, &post=1: what a client hears that asks twice, on the same connection if that can be.
// /call?url=ws://…: a client's end of a WebSocket to `url`; the answer tells what happened on it.
void add_calls(holm::http::Server& server, holm::Network& network);

#pragma once

// What answers requests: a function from a request to a response.

#include <exception>

#include "base/function.h"
#include "services/http/request.h"
#include "services/http/response.h"

namespace holm::http {

using Handler = Function<Response(const Request&)>;

// The answer in place of a handler that threw: what went wrong inside is not the client's business.
Response answer_failure();

}  // namespace holm::http

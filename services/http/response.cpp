#include "services/http/response.h"

#include "services/http/characters.h"

namespace holm::http {

Response Response::text(std::string content, Status status) {
    Response response(status);
    response.content_type_ = "text/plain; charset=utf-8";
    response.content_ = std::move(content);
    return response;
}

Response Response::html(std::string content, Status status) {
    return text(std::move(content), status).content_type("text/html; charset=utf-8");
}

Response Response::json(std::string content, Status status) {
    return text(std::move(content), status).content_type("application/json");
}

Response Response::error(Status status, std::string_view what) {
    std::string line(what);
    line += '\n';
    return text(std::move(line), status);
}

Response answer_refusal(const Refusal& refusal) {
    Response response = Response::reference(as_bytes(refusal.what), "text/plain; charset=utf-8");
    response.status_ = refusal.status;
    return response;
}

Response Response::reference(Bytes content, std::string_view content_type) {
    Response response;
    response.content_type_ = content_type;
    response.content_ = content;
    return response;
}

Response Response::stream(std::string_view content_type, Producer producer) {
    Response response;
    response.content_type_ = content_type;
    response.content_ = std::move(producer);
    return response;
}

Response Response::open(std::string_view content_type) {
    Response response;
    response.content_type_ = content_type;
    response.open_ = true;
    return response;
}

Response Response::redirect(std::string_view location, Status status) {
    return Response(status).header("Location", location);
}

Bytes Response::content() const {
    if (const auto* owned = std::get_if<std::string>(&content_)) return as_bytes(*owned);
    if (const auto* referenced = std::get_if<Bytes>(&content_)) return *referenced;
    return {};
}

void Response::add_header(std::string_view name, std::string_view value) {
    if (equals_ignoring_case(name, "content-type")) content_type_ = {};
    headers_.reserve(headers_.size() + name.size() + value.size() + 4);
    const auto add = [this](std::string_view text, CharacterClass allowed, char otherwise) {
        if (all_are(text, allowed)) {
            headers_ += text;
        } else {
            for (const char c : text) headers_ += is(c, allowed) ? c : otherwise;
        }
    };
    add(name, kTokenCharacter, '-');
    headers_ += ": ";
    add(value, kFieldCharacter, ' ');
    headers_ += "\r\n";
}

void Response::set_etag(std::string_view tag) {
    etag_ = '"';
    for (const char c : tag) etag_ += c > ' ' && c != '"' && c != 0x7f ? c : '-';
    etag_ += '"';
}

}  // namespace holm::http

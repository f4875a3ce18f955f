#include "items.h"

#include <charconv>
#include <expected>
#include <optional>

namespace http = holm::http;
namespace json = holm::json;
using http::Request;
using http::Response;
using http::Status;

namespace {

constexpr std::size_t kMostItems = 1000;
constexpr std::size_t kLongestName = 100;  // bytes

void write_item(json::Writer& writer, std::uint64_t id, const std::string& name, std::int64_t quantity) {
    writer.begin_object()
        .key("id")
        .value(id)
        .key("name")
        .value(name)
        .key("quantity")
        .value(quantity)
        .end_object();
}

Response not_found() {
    return Response::error(Status::kNotFound, "there is no such item");
}

}  // namespace

// What a client wants an item to be; what it does not mention stays.
struct Items::Change {
    std::optional<std::string> name;
    std::optional<std::int64_t> quantity;

    static std::expected<Change, Response> read(const Request& request) {
        const std::string_view type = request.media_type();
        if (type != "application/json" && type != "application/merge-patch+json") {
            return std::unexpected(
                Response::error(Status::kUnsupportedMediaType, "an item is sent as application/json"));
        }
        const auto document = json::parse(request.text());
        if (!document)
            return std::unexpected(Response::error(Status::kBadRequest, document.error().to_string()));
        const auto refuse = [](std::string_view why) {
            return std::unexpected(Response::error(Status::kUnprocessableContent, why));
        };
        if (document->as_object() == nullptr) return refuse("an item is an object");
        Change change;
        for (const json::Member& member : *document->as_object()) {
            if (member.key == "name") {
                const std::string* name = member.value.as_string();
                if (name == nullptr || name->empty() || name->size() > kLongestName) {
                    return refuse("\"name\" is a string of 1 to 100 bytes");
                }
                change.name = *name;
            } else if (member.key == "quantity") {
                const std::int64_t* quantity = member.value.as_integer();
                if (quantity == nullptr || *quantity < 0)
                    return refuse("\"quantity\" is an integer, 0 or more");
                change.quantity = *quantity;
            } else if (member.key != "id") {
                return refuse("an item has \"name\" and \"quantity\", nothing else");
            }
        }
        return change;
    }
};

void Items::add_to(http::Service& service) {
    service.get("/api/items", [this](const Request& request) { return list(request); });
    service.post("/api/items", [this](const Request& request) { return create(request); });
    service.get("/api/items/{id}", [this](const Request& request) { return read(request); });
    service.put("/api/items/{id}", [this](const Request& request) { return update(request, true); });
    service.patch("/api/items/{id}", [this](const Request& request) { return update(request, false); });
    service.remove("/api/items/{id}", [this](const Request& request) { return remove(request); });
}

Response Items::list(const Request&) const {
    std::string text;
    json::Writer writer(text);
    writer.begin_array();
    for (const auto& [id, item] : items_) write_item(writer, id, item.name, item.quantity);
    writer.end_array();
    return Response::json(std::move(text += '\n'));
}

Response Items::create(const Request& request) {
    auto change = Change::read(request);
    if (!change) return std::move(change.error());
    if (!change->name) return Response::error(Status::kUnprocessableContent, "an item needs a \"name\"");
    if (name_is_taken(*change->name, 0))
        return Response::error(Status::kConflict, "there is an item of this name already");
    if (items_.size() >= kMostItems)
        return Response::error(Status::kInsufficientStorage, "there is no room for more items");
    const std::uint64_t id = next_id_++;
    const auto added =
        items_.emplace(id, Item{*change->name, change->quantity.value_or(0), next_version_++}).first;
    return show(*added, Status::kCreated).header("Location", "/api/items/" + std::to_string(id));
}

Response Items::read(const Request& request) const {
    const auto found = find(request);
    return found == items_.end() ? not_found() : show(*found, Status::kOk);
}

// PUT replaces all of an item, PATCH what it mentions (RFC 7396).
Response Items::update(const Request& request, bool whole) {
    const auto found = items_.find(find(request) == items_.end() ? 0 : find(request)->first);
    if (found == items_.end()) return not_found();
    Item& item = found->second;
    if (!http::if_match_holds(request, std::to_string(item.version))) {
        return Response::error(Status::kPreconditionFailed, "the item has changed meanwhile");
    }
    auto change = Change::read(request);
    if (!change) return std::move(change.error());
    if (whole && !change->name)
        return Response::error(Status::kUnprocessableContent, "an item needs a \"name\"");
    if (change->name && name_is_taken(*change->name, found->first)) {
        return Response::error(Status::kConflict, "there is an item of this name already");
    }
    if (change->name) item.name = *change->name;
    if (whole || change->quantity) item.quantity = change->quantity.value_or(0);
    item.version = next_version_++;
    return show(*found, Status::kOk);
}

Response Items::remove(const Request& request) {
    const auto found = find(request);
    if (found == items_.end()) return not_found();
    if (!http::if_match_holds(request, std::to_string(found->second.version))) {
        return Response::error(Status::kPreconditionFailed, "the item has changed meanwhile");
    }
    items_.erase(found);
    return Response(Status::kNoContent);
}

Items::Map::const_iterator Items::find(const Request& request) const {
    const std::string_view text = request.path("id");
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size()) return items_.end();
    return items_.find(id);
}

bool Items::name_is_taken(const std::string& name, std::uint64_t except) const {
    for (const auto& [id, item] : items_) {
        if (id != except && item.name == name) return true;
    }
    return false;
}

Response Items::show(Map::const_reference entry, Status status) const {
    std::string text;
    json::Writer writer(text);
    write_item(writer, entry.first, entry.second.name, entry.second.quantity);
    return Response::json(std::move(text += '\n'), status).etag(std::to_string(entry.second.version));
}

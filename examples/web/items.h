#pragma once

// The resource /api/items: things with a name and a quantity, kept in memory.

#include <cstdint>
#include <map>
#include <string>

#include <holm/http.h>
#include <holm/json.h>

class Items {
  public:
    // Adds the routes. The items must outlive the service.
    void add_to(holm::http::Service& service);
    std::size_t count() const { return items_.size(); }

  private:
    struct Item {
        std::string name;
        std::int64_t quantity = 0;
        std::uint64_t version = 0;  // rises with every change: the entity tag
    };
    using Map = std::map<std::uint64_t, Item>;
    struct Change;

    holm::http::Response list(const holm::http::Request& request) const;
    holm::http::Response create(const holm::http::Request& request);
    holm::http::Response read(const holm::http::Request& request) const;
    holm::http::Response update(const holm::http::Request& request, bool whole);
    holm::http::Response remove(const holm::http::Request& request);

    Map::const_iterator find(const holm::http::Request& request) const;
    bool name_is_taken(const std::string& name, std::uint64_t except) const;
    holm::http::Response show(Map::const_reference item, holm::http::Status status) const;

    Map items_;
    std::uint64_t next_id_ = 1;
    std::uint64_t next_version_ = 1;
};

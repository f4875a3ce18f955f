#include "services/dns/zone/set_image.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "services/dns/master/rdata_wire.h"
#include "services/dns/protocol.h"

namespace holm::dns {

namespace {

// Beyond it an image has no pointers into itself, so that it can stand anywhere in most messages (RFC 1035,
// section 4.1.4: pointers reach 16 KiB).
constexpr std::size_t kLargestWithPointers = 4096;

void append_u16(std::string& bytes, std::size_t number) {
    bytes += static_cast<char>(number >> 8);
    bytes += static_cast<char>(number);
}

class ImageMaker {
  public:
    ImageMaker(const WireName& apex, bool with_pointers) : apex_(apex), with_pointers_(with_pointers) {}

    SetImage make(const std::vector<const Record*>& records, std::uint32_t ttl) {
        for (const Record* record : records) {
            append_u16(image_.bytes, 0xc00c);
            append_u16(image_.bytes, record->type);
            append_u16(image_.bytes, kind::kInternet);
            append_u16(image_.bytes, ttl >> 16);
            append_u16(image_.bytes, ttl & 0xffff);
            append_u16(image_.bytes, 0);
            const std::size_t begin = image_.bytes.size();
            data(*record);
            const std::size_t size = image_.bytes.size() - begin;
            image_.bytes[begin - 2] = static_cast<char>(size >> 8);
            image_.bytes[begin - 1] = static_cast<char>(size);
        }
        return std::move(image_);
    }

  private:
    void data(const Record& record) {
        std::size_t copied = 0;
        // The reader has checked that the data is what its type says.
        const auto names = names_in(record.type, record.data);
        for (const NameInData& one : *names) {
            image_.bytes += record.data.substr(copied, one.offset - copied);
            copied = one.offset + one.size;
            const WireName name = record.data.substr(one.offset, one.size);
            const std::uint16_t value = one.compressible ? compressed(name) : plain(name);
            if (wants_addresses(record.type)) target(record, name, value);
        }
        image_.bytes += record.data.substr(copied);
    }

    static bool wants_addresses(std::uint16_t type) {
        return type == type::kNs || type == type::kMx || type == type::kSrv || type == type::kSvcb ||
               type == type::kHttps;
    }

    void target(const Record& record, const WireName& name, std::uint16_t value) {
        WireName wanted = lower(name);
        if (wanted.size() == 1) return;  // "." stands for none, or for the owner, which was asked for
        if (record.type == type::kSrv || value == table::Fixup::kApex || value < 0x4000) {
            if (std::ranges::find(image_.targets, wanted, &TargetName::lower) == image_.targets.end())
                image_.targets.push_back({std::move(wanted), value});
        }
    }

    // Where the name stands, as a Fixup has it.
    std::uint16_t plain(const WireName& name) {
        const std::size_t begin = image_.bytes.size();
        image_.bytes += name;
        return static_cast<std::uint16_t>(std::min<std::size_t>(begin, 0x7fff));
    }

    std::uint16_t compressed(const WireName& name) {
        const std::size_t begin = image_.bytes.size();
        for (std::string_view rest = name; rest.size() > 1; rest = parent(rest)) {
            std::optional<std::uint16_t> value;
            if (rest == apex_) {
                value = table::Fixup::kApex;
            } else if (with_pointers_) {
                const auto known = places_.find(std::string(rest));
                if (known != places_.end()) value = known->second;
            }
            if (value && image_.bytes.size() < 0xffff) {
                image_.fixups.push_back({static_cast<std::uint16_t>(image_.bytes.size()), *value});
                append_u16(image_.bytes, 0);
                // A name that is a pointer from its beginning stands where that leads.
                return image_.bytes.size() == begin + 2
                           ? *value
                           : static_cast<std::uint16_t>(std::min<std::size_t>(begin, 0x7fff));
            }
            if (image_.bytes.size() < kLargestWithPointers)
                places_.emplace(std::string(rest), static_cast<std::uint16_t>(image_.bytes.size()));
            image_.bytes += rest.substr(0, 1 + std::size_t{static_cast<std::uint8_t>(rest[0])});
        }
        image_.bytes += '\0';
        return static_cast<std::uint16_t>(std::min<std::size_t>(begin, 0x7fff));
    }

    const WireName& apex_;
    bool with_pointers_;
    SetImage image_;
    std::unordered_map<std::string, std::uint16_t> places_;
};

}  // namespace

SetImage make_image(const std::vector<const Record*>& records, std::uint32_t ttl, const WireName& apex) {
    SetImage image = ImageMaker(apex, true).make(records, ttl);
    return image.bytes.size() <= kLargestWithPointers ? image : ImageMaker(apex, false).make(records, ttl);
}

}  // namespace holm::dns

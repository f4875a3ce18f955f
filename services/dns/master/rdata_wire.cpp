#include "services/dns/master/rdata_wire.h"

#include "services/dns/master/record_format.h"
#include "services/dns/protocol.h"

namespace holm::dns {

namespace {

class Walk {
  public:
    explicit Walk(std::string_view data) : data_(data) {}

    bool field(char letter) {
        switch (letter) {
            case 'N':
            case 'n':
                return name(letter == 'N');
            case '1':
            case 'a':
                return skip(1);
            case '2':
            case 'T':
            case 'c':
                return skip(2);
            case '4':
            case 't':
            case 'd':
            case 'A':
                return skip(4);
            case '6':
                return skip(16);
            case 'e':
                return skip(6);
            case 'E':
                return skip(8);
            case 's':
            case 'l':
                return counted(0);
            case 'g':
            case 'h':
                return counted(1);
            case 'S':
                if (!counted(0)) return false;
                while (at_ < data_.size()) {
                    if (!counted(0)) return false;
                }
                return true;
            case 'B':
                return bitmap();
            case 'v':
                return parameters();
            default:  // x b q: whatever is left
                at_ = data_.size();
                return true;
        }
    }
    bool is_over() const { return at_ == data_.size(); }
    std::vector<NameInData> names;

  private:
    std::size_t byte(std::size_t at) const { return static_cast<std::uint8_t>(data_[at]); }
    bool skip(std::size_t size) {
        if (data_.size() - at_ < size) return false;
        at_ += size;
        return true;
    }
    bool counted(std::size_t least) {
        return at_ < data_.size() && byte(at_) >= least && skip(1 + byte(at_));
    }

    bool name(bool compressible) {
        const std::size_t begin = at_;
        while (at_ < data_.size() && byte(at_) != 0) {
            if (byte(at_) > kMaximumLabel || !skip(1 + byte(at_))) return false;
        }
        if (!skip(1) || at_ - begin > kMaximumName) return false;
        names.push_back({begin, at_ - begin, compressible});
        return true;
    }

    // RFC 4034, section 4.1.2: blocks in ascending order, 1 to 32 bytes each.
    bool bitmap() {
        std::size_t next = 0;
        while (at_ < data_.size()) {
            if (data_.size() - at_ < 2) return false;
            const std::size_t block = byte(at_), size = byte(at_ + 1);
            if (block < next || size < 1 || size > 32 || !skip(2 + size)) return false;
            next = block + 1;
        }
        return true;
    }

    // RFC 9460, section 2.2: keys in strictly ascending order.
    bool parameters() {
        std::size_t next = 0;
        while (at_ < data_.size()) {
            if (data_.size() - at_ < 4) return false;
            const std::size_t key = byte(at_) << 8 | byte(at_ + 1), size = byte(at_ + 2) << 8 | byte(at_ + 3);
            if (key < next || !skip(4 + size)) return false;
            next = key + 1;
        }
        return true;
    }

    std::string_view data_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<NameInData>> names_in(std::uint16_t type, std::string_view data) {
    const RecordFormat* format = find_format(type);
    if (format == nullptr) return std::vector<NameInData>();
    Walk walk(data);
    for (const char letter : format->fields) {
        if (!walk.field(letter)) return std::nullopt;
    }
    if (!walk.is_over()) return std::nullopt;
    return std::move(walk.names);
}

}  // namespace holm::dns

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
            case 'i':
                return skip(8);
            case 'o':
                return at_ == data_.size() || counted(0);
            case 'w':
                return skip(1) && skip(data_.size() - at_);
            case 'L':
                return at_ < data_.size() && byte(at_) == 0 && skip(16);
            case 'p':
                return networks();
            case 'k':
                return skip(3) && gateway(byte(at_ - 2)) && skip(data_.size() - at_);
            case 'r':
                return skip(2) && gateway(byte(at_ - 1) & 0x7f);
            case 'H':
                return host_identity();
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
            default:  // x b q z: whatever is left
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

    // RFC 3123, section 4: no zeros at the end of an address.
    bool networks() {
        while (at_ < data_.size()) {
            if (!skip(4)) return false;
            const std::size_t family = byte(at_ - 4) << 8 | byte(at_ - 3), prefix = byte(at_ - 2);
            const std::size_t size = byte(at_ - 1) & 0x7f, most = family == 1 ? 4 : family == 2 ? 16 : 127;
            if (size > most || (family <= 2 && prefix > most * 8) || !skip(size)) return false;
            if (size != 0 && byte(at_ - 1) == 0) return false;
        }
        return true;
    }

    bool gateway(std::size_t kind) {
        switch (kind) {
            case 0:
                return true;
            case 1:
                return skip(4);
            case 2:
                return skip(16);
            default:
                return kind == 3 && name(false);
        }
    }

    // RFC 8005, section 5.
    bool host_identity() {
        if (!skip(4)) return false;
        const std::size_t tag = byte(at_ - 4), key = byte(at_ - 2) << 8 | byte(at_ - 1);
        if (!skip(tag) || !skip(key)) return false;
        while (at_ < data_.size()) {
            if (!name(false)) return false;
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

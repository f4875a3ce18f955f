#include "services/dns/message_writer.h"

#include <algorithm>
#include <cstring>

#include "base/network_order.h"
#include "net/wire/layout.h"

namespace holm::dns {

using net::wire::DnsHeader;
using net::wire::DnsRecordTail;
using table::Fixup;

namespace {

constexpr std::size_t kPointerSize = 2;
constexpr std::size_t kFixedSize = kPointerSize + sizeof(DnsRecordTail);  // of a record in an image

void store_u16(std::byte* at, std::uint16_t number) {
    const NetU16 wire(number);
    std::memcpy(at, &wire, sizeof(wire));
}

std::uint16_t load_u16(const std::byte* at) {
    NetU16 wire;
    std::memcpy(&wire, at, sizeof(wire));
    return wire;
}

// The size of the record at `at` of an image; 0 if it does not fit it.
std::size_t record_size(Bytes image, std::size_t at) {
    if (image.size() - at < kFixedSize) return 0;
    const std::size_t size = kFixedSize + load_u16(image.data() + at + kFixedSize - 2);
    return size <= image.size() - at ? size : 0;
}

}  // namespace

MessageWriter::MessageWriter(MutableBytes out, Bytes question, std::size_t name_size)
    : out_(out), name_size_(name_size), limit_(out.size()), has_question_(!question.empty()) {
    if (has_question_) std::memcpy(out_.data() + sizeof(DnsHeader), question.data(), question.size());
    size_ = question_end_ = sizeof(DnsHeader) + question.size();
}

bool MessageWriter::add(Section section, SetView set, const Owner& owner) {
    const Bytes image = set.image();
    const std::size_t begin = size_;
    const std::size_t labels = owner.labels.size();
    const std::size_t base = begin + labels;
    const auto fixups = set.fixups();
    if (base + image.size() >= kPointerRange && (labels != 0 || !fixups.empty()))
        return add_expanded(section, set, owner);
    if (image.size() < kPointerSize || image.size() + labels > limit_ - begin || begin > limit_) return false;
    std::byte* const at = out_.data() + base;
    if (labels != 0) std::memcpy(out_.data() + begin, owner.labels.data(), labels);
    std::memcpy(at, image.data(), image.size());
    if (owner.pointer != 0xc00c || labels != 0) {
        // The first record says it in full, those behind it point there.
        const auto again = labels == 0 ? owner.pointer : static_cast<std::uint16_t>(kPointer | begin);
        store_u16(at, owner.pointer);
        std::size_t size = record_size(image, 0);
        for (std::size_t next = size; size != 0 && (size = record_size(image, next)) != 0; next += size)
            store_u16(at + next, again);
    }
    for (const Fixup& fixup : fixups) {
        if (fixup.at + kPointerSize > image.size()) continue;
        store_u16(at + fixup.at,
                  fixup.value == Fixup::kApex
                      ? apex_
                      : static_cast<std::uint16_t>(kPointer | ((base + fixup.value) % kPointerRange)));
    }
    size_ = base + image.size();
    base_ = base;
    data_ = base + kFixedSize;
    owner_place_ = labels == 0 ? owner.pointer : static_cast<std::uint16_t>(kPointer | begin);
    count_records(section, set.records());
    return true;
}

bool MessageWriter::put(Bytes bytes) {
    if (size_ > limit_ || bytes.size() > limit_ - size_) return false;
    if (!bytes.empty()) std::memcpy(out_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    return true;
}

// The pointer at this place of an image, if there is one.
const Fixup* MessageWriter::find_fixup(SetView set, std::size_t at) const {
    const auto found = std::ranges::lower_bound(set.fixups(), at, {}, &Fixup::at);
    return found != set.fixups().end() && found->at == at ? &*found : nullptr;
}

bool MessageWriter::put_apex() {
    std::array<std::byte, kPointerSize> pointer;
    store_u16(pointer.data(), apex_);
    return put(pointer);
}

// The name at `from` of an image, up to its end or the pointer to the zone's name. What pointers lead to is
// in front of them, so this ends; the depth is for tables that were spoiled.
bool MessageWriter::put_name(SetView set, std::size_t from, int depth) {
    const Bytes image = set.image();
    for (;;) {
        if (const Fixup* fixup = find_fixup(set, from)) {
            if (fixup->value == Fixup::kApex) return put_apex();
            return depth < 128 && put_name(set, fixup->value, depth + 1);
        }
        if (from >= image.size()) return false;
        const auto length = std::to_integer<std::size_t>(image[from]);
        if (length > kMaximumLabel || length >= image.size() - from || !put(image.subspan(from, 1 + length)))
            return false;
        if (length == 0) return true;
        from += 1 + length;
    }
}

// Data with its pointers into the image replaced by what they point to.
bool MessageWriter::put_data(SetView set, std::size_t from, std::size_t to) {
    const auto fixups = set.fixups();
    for (auto next = std::ranges::lower_bound(fixups, from, {}, &Fixup::at);
         next != fixups.end() && next->at + kPointerSize <= to; ++next) {
        if (next->at < from) continue;
        if (!put(set.image().subspan(from, next->at - from))) return false;
        if (next->value == Fixup::kApex ? !put_apex() : !put_name(set, next->value, 0)) return false;
        from = next->at + kPointerSize;
    }
    return put(set.image().subspan(from, to - from));
}

bool MessageWriter::add_expanded(Section section, SetView set, const Owner& owner) {
    const Bytes image = set.image();
    const std::size_t begin = size_;
    // What is said in full once, if pointers reach it: thousands of records of a long name fit a message only
    // so.
    const Owner again = owner.labels.empty() || begin >= kPointerRange
                            ? owner
                            : Owner{{}, static_cast<std::uint16_t>(kPointer | begin)};
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < set.records(); ++i) {
        const Owner& whose = i == 0 ? owner : again;
        const std::size_t size = record_size(image, at);
        std::array<std::byte, kPointerSize> pointer;
        store_u16(pointer.data(), whose.pointer);
        bool fits = size != 0 && put(whose.labels) && put(pointer) &&
                    put(image.subspan(at + kPointerSize, sizeof(DnsRecordTail)));
        const std::size_t data = data_ = size_;
        fits = fits && put_data(set, at + kFixedSize, at + size) && size_ - data <= 0xffff;
        if (!fits) {
            size_ = begin;
            return false;
        }
        store_u16(out_.data() + data - 2, static_cast<std::uint16_t>(size_ - data));
        at += size;
    }
    base_ = kPointerRange;
    owner_place_ = again.labels.empty() ? again.pointer : 0;
    count_records(section, set.records());
    return true;
}

bool MessageWriter::add_record(Section section, const Owner& owner, std::uint16_t type, std::uint16_t kind,
                               std::uint32_t ttl, Bytes data) {
    const std::size_t begin = size_;
    std::array<std::byte, kPointerSize> pointer;
    store_u16(pointer.data(), owner.pointer);
    std::array<std::byte, sizeof(DnsRecordTail)> tail;
    net::wire::store(MutableBytes(tail),
                     DnsRecordTail{type, kind, ttl, static_cast<std::uint16_t>(data.size())});
    if (!put(owner.labels) || !put(pointer) || !put(tail) || !put(data)) {
        size_ = begin;
        return false;
    }
    base_ = begin + owner.labels.size();
    data_ = size_ - data.size();
    owner_place_ = owner.labels.empty()    ? owner.pointer
                   : begin < kPointerRange ? static_cast<std::uint16_t>(kPointer | begin)
                                           : 0;
    count_records(section, 1);
    return true;
}

bool MessageWriter::add_whole(Section section, Bytes record) {
    if (!put(record)) return false;
    count_records(section, 1);
    return true;
}

std::uint16_t MessageWriter::place_of(const table::Target& target, std::size_t base) const {
    if (target.value == Fixup::kApex) return apex_;
    const std::size_t place = base + target.value;
    return base < kPointerRange && place < kPointerRange ? static_cast<std::uint16_t>(kPointer | place) : 0;
}

std::size_t MessageWriter::read_target(std::array<std::byte, kMaximumName>& name,
                                       std::uint16_t& pointer) const {
    std::size_t at = data_, size = 0;
    pointer = at < kPointerRange ? static_cast<std::uint16_t>(kPointer | at) : 0;
    for (bool is_first = true;; is_first = false) {
        if (at + kPointerSize > size_ && (at >= size_ || out_[at] != std::byte{0})) return 0;
        const auto length = std::to_integer<std::size_t>(out_[at]);
        if (length >= 0xc0) {
            const std::uint16_t target = load_u16(out_.data() + at);
            if (is_first) pointer = target;
            if (std::size_t{target} % kPointerRange >= at) return 0;
            at = target % kPointerRange;
            continue;
        }
        if (length > kMaximumLabel || size + 1 + length > name.size() || at + 1 + length > size_) return 0;
        std::memcpy(name.data() + size, out_.data() + at, 1 + length);
        size += 1 + length;
        if (length == 0) return size;
        at += 1 + length;
    }
}

void MessageWriter::clear_records() {
    size_ = question_end_;
    counts_ = {};
}

void MessageWriter::finish(std::uint16_t id, std::uint16_t flags) {
    net::wire::store(
        out_, DnsHeader{id, flags, std::uint16_t(has_question_ ? 1 : 0), counts_[0], counts_[1], counts_[2]});
}

}  // namespace holm::dns

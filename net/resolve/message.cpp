#include "net/resolve/message.h"

#include <algorithm>

#include "base/network_order.h"
#include "net/wire/dns.h"
#include "net/wire/layout.h"

namespace holm::net::resolve {

namespace {

using Header = wire::DnsHeader;
using QuestionTail = wire::DnsQuestionTail;
using RecordTail = wire::DnsRecordTail;

constexpr std::uint16_t kInternet = wire::kDnsInternet;
constexpr std::size_t kRecords = 64;  // of one message; an answer with more is of no use to a stub

enum ResponseCode : std::uint16_t { kNoError = 0, kFormatError = 1, kNameError = 3, kNotImplemented = 4 };

struct Record {
    DomainName owner;
    RecordType type = RecordType::kA;
    Duration lifetime;
    std::size_t data = 0;  // where it begins
    std::size_t size = 0;
};

// The record at `position`, which moves behind it; nothing if it does not fit the message.
std::optional<Record> read_record(Bytes message, std::size_t& position) {
    const auto owner = DomainName::read(message, position, position);
    if (!owner || message.size() - position < sizeof(RecordTail)) return std::nullopt;
    const auto tail = wire::load<RecordTail>(message.subspan(position));
    Record record;
    record.owner = *owner;
    record.type = tail.kind == kInternet ? RecordType(std::uint16_t(tail.type)) : RecordType::kOpt;
    // RFC 2181, section 8: a negative number counts as zero.
    const std::uint32_t seconds = tail.lifetime;
    record.lifetime = Duration::seconds(seconds >> 31 != 0 ? 0 : seconds);
    record.data = position + sizeof(RecordTail);
    record.size = tail.size;
    if (message.size() - record.data < record.size) return std::nullopt;
    position = record.data + record.size;
    return record;
}

std::optional<IpAddress> address_of(Bytes message, const Record& record) {
    const Bytes data = message.subspan(record.data, record.size);
    if (record.type == RecordType::kA && data.size() == 4) return IpAddress::v4(wire::load<NetU32>(data));
    if (record.type != RecordType::kAaaa || data.size() != 16) return std::nullopt;
    const auto address = IpAddress::v6(wire::load<std::array<std::uint8_t, 16>>(data));
    if (address.is_v4()) return std::nullopt;  // a mapped one: meant to get past a filter
    return address;
}

// RFC 2308, section 5: how long the absence is good for.
Duration negative_lifetime(Bytes message, const Record& soa) {
    std::size_t position = soa.data;
    if (!DomainName::read(message, position, position) || !DomainName::read(message, position, position) ||
        position + 20 > soa.data + soa.size)
        return Duration();
    const std::uint32_t minimum = wire::load<NetU32>(message.subspan(position + 16));
    return std::min(soa.lifetime, Duration::seconds(minimum));
}

}  // namespace

std::size_t Question::emit(MutableBytes bytes) const {
    wire::store(bytes, Header{id, Header::kRecursionDesired, 1, 0, 0, std::uint16_t(edns ? 1 : 0)});
    std::size_t size = sizeof(Header);
    std::copy(name.wire().begin(), name.wire().end(), bytes.begin() + std::ptrdiff_t(size));
    size += name.wire().size();
    wire::store(bytes.subspan(size), QuestionTail{std::uint16_t(type), kInternet});
    size += sizeof(QuestionTail);
    if (!edns) return size;
    bytes[size++] = std::byte{0};  // of the root
    wire::store(bytes.subspan(size), RecordTail{std::uint16_t(RecordType::kOpt), kUdpSize, 0, 0});
    return size + sizeof(RecordTail);
}

std::optional<Answer> parse_answer(const Question& question, Bytes message) {
    if (message.size() < sizeof(Header)) return std::nullopt;
    const auto header = wire::load<Header>(message);
    const std::uint16_t flags = header.flags;
    if (header.id != question.id || (flags & Header::kResponse) == 0 || (flags & Header::kOperation) != 0)
        return std::nullopt;

    Answer answer;
    std::size_t position = sizeof(Header);
    const auto code = ResponseCode(flags & 0xf);
    if (header.questions == 0 && (code == kFormatError || code == kNotImplemented)) {
        // The question itself was not understood, so it is not repeated.
        answer.status = question.edns ? Answer::Status::kNotEdns : Answer::Status::kFailure;
        return answer;
    }
    const std::size_t begin = position;
    const auto name = DomainName::read(message, position, position);
    if (header.questions != 1 || !name || message.size() - position < sizeof(QuestionTail))
        return std::nullopt;
    const auto tail = wire::load<QuestionTail>(message.subspan(position));
    const Bytes asked = question.name.wire();
    if (tail.type != std::uint16_t(question.type) || tail.kind != kInternet ||
        position - begin != asked.size() ||
        !std::equal(asked.begin(), asked.end(), message.begin() + std::ptrdiff_t(begin)))
        return std::nullopt;
    position += sizeof(QuestionTail);

    if ((flags & Header::kTruncated) != 0) {
        answer.status = Answer::Status::kTruncated;
        return answer;
    }
    if (code == kFormatError || code == kNotImplemented) {
        answer.status = question.edns ? Answer::Status::kNotEdns : Answer::Status::kFailure;
        return answer;
    }
    if (code != kNoError && code != kNameError) return answer;

    // Aliases stand in front of what they lead to, in every order that servers use; so each record is looked
    // at once.
    if (std::size_t{header.answers} + header.authorities > kRecords) return std::nullopt;
    DomainName current = question.name;
    Duration lifetime = Answer::kLongest;
    int aliases = 0;
    for (unsigned i = 0; i < header.answers; ++i) {
        const auto record = read_record(message, position);
        if (!record) return std::nullopt;
        if (record->owner != current) continue;
        if (record->type == RecordType::kCname) {
            std::size_t end = 0;
            const auto target = DomainName::read(message, record->data, end);
            if (!target || ++aliases > Answer::kAliases) return std::nullopt;
            current = *target;
            lifetime = std::min(lifetime, record->lifetime);
        } else if (record->type == question.type) {
            const auto address = address_of(message, *record);
            if (!address || answer.count == Answer::kAddresses) continue;
            answer.addresses[answer.count++] = *address;
            lifetime = std::min(lifetime, record->lifetime);
        }
    }
    if (answer.count > 0) {
        answer.status = Answer::Status::kAddresses;
        answer.lifetime = std::max(lifetime, Answer::kShortest);
        return answer;
    }
    answer.status = code == kNameError ? Answer::Status::kNoName : Answer::Status::kNoAddress;
    for (unsigned i = 0; i < header.authorities; ++i) {
        const auto record = read_record(message, position);
        if (!record) return std::nullopt;
        if (record->type == RecordType::kSoa)
            answer.lifetime = std::min(negative_lifetime(message, *record), Answer::kLongestNegative);
    }
    return answer;
}

}  // namespace holm::net::resolve

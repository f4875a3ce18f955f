// Answers of DNS servers that mean no good. The first byte chooses the question, the rest is a message whose
// id and question are made right if the second byte says so.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "net/resolve/message.h"

using namespace holm;
using namespace holm::net::resolve;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    Question question;
    question.id = 0x1234;
    question.name = *DomainName::parse("www.Example.org");
    question.type = (data[0] & 1) != 0 ? RecordType::kAaaa : RecordType::kA;
    question.edns = (data[0] & 2) != 0;
    std::vector<std::byte> message(size - 2);
    std::copy_n(reinterpret_cast<const std::byte*>(data) + 2, size - 2, message.begin());
    if ((data[1] & 1) != 0) {
        std::byte asked[Question::kMaximumSize];
        Question plain = question;
        plain.edns = false;
        const std::size_t length = plain.emit(asked);
        if (message.size() < length) return 0;
        std::copy(asked, asked + 2, message.begin());
        message[2] = message[2] & std::byte{0x07} | std::byte{0x80};
        message[4] = std::byte{0};
        message[5] = std::byte{1};
        std::copy(asked + 12, asked + length, message.begin() + 12);
    }
    const auto answer = parse_answer(question, message);
    if (answer && answer->count > Answer::kAddresses) abort();
    if (answer && answer->lifetime > Answer::kLongest) abort();
    std::size_t end = 0;
    for (std::size_t at = 0; at < std::min<std::size_t>(message.size(), 64); ++at)
        if (const auto name = DomainName::read(message, at, end); name && end > message.size()) abort();
    return 0;
}

#pragma once

// Answers that are still good. Bound: kCapacity of them, for which memory is taken as they come; the one used
// least recently gives way.

#include <cstdint>
#include <memory>

#include "base/instant.h"
#include "net/resolve/message.h"

namespace holm::net::resolve {

class AnswerCache {
  public:
    static constexpr std::size_t kCapacity = 64;

    // Null when there is none, or none any more.
    const Answer* find(Instant now, const DomainName& name, RecordType type);
    // Keeps what a server knows; what it refused to say is not remembered.
    void add(Instant now, const DomainName& name, RecordType type, const Answer& answer);
    std::size_t size() const { return count_; }

  private:
    struct Entry {
        DomainName name;
        RecordType type = RecordType::kA;
        Answer answer;
        Instant until;
        Instant used;
    };
    Entry* entry_of(const DomainName& name, RecordType type);

    std::array<std::unique_ptr<Entry>, kCapacity> entries_;
    std::size_t count_ = 0;
};

}  // namespace holm::net::resolve

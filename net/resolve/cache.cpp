#include "net/resolve/cache.h"

#include <new>

namespace holm::net::resolve {

AnswerCache::Entry* AnswerCache::entry_of(const DomainName& name, RecordType type) {
    for (std::size_t i = 0; i < count_; ++i)
        if (entries_[i]->type == type && entries_[i]->name == name) return entries_[i].get();
    return nullptr;
}

const Answer* AnswerCache::find(Instant now, const DomainName& name, RecordType type) {
    Entry* entry = entry_of(name, type);
    if (!entry || now >= entry->until) return nullptr;
    entry->used = now;
    return &entry->answer;
}

void AnswerCache::add(Instant now, const DomainName& name, RecordType type, const Answer& answer) {
    const bool knowledge = answer.status == Answer::Status::kAddresses ||
                           answer.status == Answer::Status::kNoAddress ||
                           answer.status == Answer::Status::kNoName;
    if (!knowledge || answer.lifetime <= Duration()) return;
    Entry* entry = entry_of(name, type);
    if (!entry && count_ < kCapacity) {
        entries_[count_].reset(new (std::nothrow) Entry);
        if (!entries_[count_]) return;
        entry = entries_[count_++].get();
    }
    if (!entry) {
        entry = entries_[0].get();
        for (const auto& other : entries_)
            if (other->used < entry->used) entry = other.get();
    }
    *entry = {name, type, answer, now + answer.lifetime, now};
}

}  // namespace holm::net::resolve

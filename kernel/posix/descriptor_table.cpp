#include "kernel/posix/descriptor_table.h"

#include <algorithm>
#include <cstdlib>

namespace holm::posix {

DescriptorTable::~DescriptorTable() {
    for (int i = 0; i < capacity_; ++i) {
        if (entries_[i].file != nullptr) entries_[i].file->release();
    }
    std::free(entries_);
}

OpenFile* DescriptorTable::find(int descriptor) const {
    return descriptor >= 0 && descriptor < capacity_ ? entries_[descriptor].file : nullptr;
}

Outcome DescriptorTable::reserve(int descriptor) {
    if (descriptor < 0 || descriptor >= kMaxDescriptors) return -EMFILE;
    if (descriptor < capacity_) return 0;
    const int capacity = std::min(std::max({descriptor + 1, 2 * capacity_, 8}), kMaxDescriptors);
    void* memory = std::realloc(entries_, sizeof(Entry) * static_cast<std::size_t>(capacity));
    if (memory == nullptr) return -ENOMEM;
    entries_ = static_cast<Entry*>(memory);
    std::fill(entries_ + capacity_, entries_ + capacity, Entry{});
    capacity_ = capacity;
    return 0;
}

Outcome DescriptorTable::add(FileReference file, bool close_on_exec, int minimum) {
    int descriptor = std::max(lowest_free_, minimum);
    while (descriptor < capacity_ && entries_[descriptor].file != nullptr) ++descriptor;
    const Outcome reserved = reserve(descriptor);
    if (reserved < 0) return reserved;
    if (minimum <= lowest_free_) lowest_free_ = descriptor + 1;
    return replace(descriptor, std::move(file), close_on_exec);
}

Outcome DescriptorTable::replace(int descriptor, FileReference file, bool close_on_exec) {
    const Outcome reserved = reserve(descriptor);
    if (reserved < 0) return descriptor < 0 || descriptor >= kMaxDescriptors ? -EBADF : reserved;
    OpenFile* old = entries_[descriptor].file;
    file->retain();
    entries_[descriptor] = {file.get(), close_on_exec};
    if (old != nullptr) {
        old->release();
    } else {
        ++count_;
    }
    return descriptor;
}

Outcome DescriptorTable::close(int descriptor) {
    OpenFile* file = find(descriptor);
    if (file == nullptr) return -EBADF;
    entries_[descriptor] = {};
    lowest_free_ = std::min(lowest_free_, descriptor);
    --count_;
    file->release();
    return 0;
}

}  // namespace holm::posix

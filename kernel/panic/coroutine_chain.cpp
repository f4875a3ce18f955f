#include "kernel/panic/coroutine_chain.h"

#include <algorithm>
#include <cstring>

#include "kernel/task/task.h"

namespace holm {

// Longer ones are recursion, or a circle in what was overwritten.
static constexpr std::size_t kLongestChain = 10'000;

std::size_t coroutine_chain(const TaskRoot& root, std::span<const AddressRange> readable, AddressRange text,
                            std::span<std::uint64_t> addresses) {
    const auto can_read = [&](std::uint64_t address, std::size_t size) {
        return address % alignof(void*) == 0 && std::ranges::any_of(readable, [&](const AddressRange& range) {
                   return range.contains(address, size);
               });
    };
    if (!can_read(reinterpret_cast<std::uint64_t>(&root), sizeof root)) return 0;
    std::size_t count = 0;
    const detail::PromiseBase* promise = root.body();
    for (; promise != nullptr && count < kLongestChain; promise = promise->awaited()) {
        const std::uint64_t frame =
            reinterpret_cast<std::uint64_t>(promise) - detail::PromiseBase::kOffsetInFrame;
        if (!can_read(frame, detail::PromiseBase::kOffsetInFrame + sizeof *promise)) break;
        std::uint64_t resume;
        std::memcpy(&resume, reinterpret_cast<const void*>(frame), sizeof resume);
        if (!text.contains(resume)) break;  // zero: it has finished
        if (!addresses.empty()) addresses[count % addresses.size()] = resume;
        ++count;
    }
    // The ring holds the innermost ones; the last one written comes first.
    const std::size_t kept = std::min(count, addresses.size());
    if (kept == 0) return 0;
    std::ranges::rotate(addresses.first(kept), addresses.begin() + static_cast<std::ptrdiff_t>(count % kept));
    std::ranges::reverse(addresses.first(kept));
    return kept;
}

}  // namespace holm

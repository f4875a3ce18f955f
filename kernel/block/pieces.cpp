#include "kernel/block/pieces.h"

#include <algorithm>
#include <cstring>

namespace holm {
namespace {

// Visits the runs of memory that `size` bytes from `offset` on lie in.
template <typename Visit>
void for_each_run(std::span<const MutableBytes> pieces, std::uint64_t offset, std::size_t size, Visit visit) {
    for (const MutableBytes piece : pieces) {
        if (size == 0) return;
        if (offset >= piece.size()) {
            offset -= piece.size();
            continue;
        }
        const std::size_t now = std::min<std::uint64_t>(size, piece.size() - offset);
        visit(piece.subspan(static_cast<std::size_t>(offset), now));
        offset = 0;
        size -= now;
    }
}

}  // namespace

std::uint64_t size_of(std::span<const MutableBytes> pieces) {
    std::uint64_t size = 0;
    for (const MutableBytes piece : pieces) size += piece.size();
    return size;
}

void copy_into(std::span<const MutableBytes> pieces, std::uint64_t offset, Bytes from) {
    for_each_run(pieces, offset, from.size(), [&](MutableBytes run) {
        std::memcpy(run.data(), from.data(), run.size());
        from = from.subspan(run.size());
    });
}

void copy_out_of(std::span<const MutableBytes> pieces, std::uint64_t offset, MutableBytes to) {
    for_each_run(pieces, offset, to.size(), [&](MutableBytes run) {
        std::memcpy(to.data(), run.data(), run.size());
        to = to.subspan(run.size());
    });
}

}  // namespace holm

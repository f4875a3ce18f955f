#include "kernel/drivers/block/file_device.h"

#include <algorithm>
#include <array>

#include <errno.h>

namespace holm::drivers {
namespace {

constexpr std::size_t kPiecesAtOnce = 16;
alignas(4096) constexpr std::array<std::byte, 4096> kZeroes{};

std::unexpected<Error> failure(long error) {
    switch (-error) {
        case ENOSPC:
        case EDQUOT:
            return fail(ErrorCode::kNoSpace, "the host has no room for what is written");
        case EFBIG:
            return fail(ErrorCode::kTooLarge, "the host does not let the device's file grow that far");
        case EBADF:
        case EROFS:
        case EPERM:
            return fail(ErrorCode::kReadOnly, "the host does not let the device be written");
        case EOPNOTSUPP:
        case ENODEV:
            return fail(ErrorCode::kUnsupported, "the host's file system cannot do this");
        case ENOMEM:
            return fail(ErrorCode::kOutOfMemory, "the host has no memory for this");
        default:
            return fail(ErrorCode::kInputOutput, "the host could not read or write the device");
    }
}

}  // namespace

long FileDevice::read_now(std::uint64_t offset, std::span<const iovec> pieces) {
    const long got = gate_.preadv(handle_, pieces.data(), static_cast<int>(pieces.size()), offset,
                                  platform::Gate::kNoWait);
    if (got == -EOPNOTSUPP) reads_at_once_ = false;
    return got;
}

std::size_t FileDevice::read_at_once(std::uint64_t offset, std::span<const MutableBytes> pieces) {
    if (!reads_at_once_) return 0;
    if (pieces.size() == 1) {  // as nearly always
        const iovec piece{pieces[0].data(), pieces[0].size()};
        const long got = read_now(offset, {&piece, 1});
        return got < 0 ? 0 : static_cast<std::size_t>(got);
    }
    std::size_t done = 0;
    while (!pieces.empty()) {
        std::array<iovec, kPiecesAtOnce> vector;
        const std::size_t count = std::min(pieces.size(), vector.size());
        std::size_t wanted = 0;
        for (std::size_t i = 0; i < count; ++i) {
            vector[i] = {pieces[i].data(), pieces[i].size()};
            wanted += pieces[i].size();
        }
        const long got = read_now(offset + done, std::span(vector).first(count));
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
        if (static_cast<std::size_t>(got) != wanted) break;
        pieces = pieces.subspan(count);
    }
    return done;
}

Result<> FileDevice::read(const BlockJob& job) const {
    std::uint64_t done = 0;
    while (done < job.size) {
        const iovec piece{job.buffer + done, job.size - done};
        const long got = gate_.preadv(handle_, &piece, 1, job.offset + done, platform::Gate::kMayWait);
        if (got == -EINTR) continue;
        if (got < 0) return failure(got);
        if (got == 0) return fail(ErrorCode::kInputOutput, "the device's file has become shorter");
        done += static_cast<std::uint64_t>(got);
    }
    return {};
}

Result<> FileDevice::write(Bytes bytes, std::uint64_t offset) const {
    while (!bytes.empty()) {
        const long written = gate_.pwrite(handle_, bytes, offset);
        if (written == -EINTR) continue;
        if (written < 0) return failure(written);
        if (written == 0) return failure(-EIO);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return {};
}

Result<> FileDevice::write_zeroes(std::uint64_t offset, std::uint64_t size) const {
    const long punched = gate_.punch_hole(handle_, offset, size);
    if (punched == 0) return {};
    if (punched != -EOPNOTSUPP) return failure(punched);
    while (size > 0) {
        const std::size_t now = std::min<std::uint64_t>(size, kZeroes.size());
        TRY(write(Bytes(kZeroes).first(now), offset));
        offset += now;
        size -= now;
    }
    return {};
}

void FileDevice::perform(BlockJob& job) const {
    switch (job.operation) {
        case BlockOperation::kRead:
            job.outcome = read(job);
            return;
        case BlockOperation::kWrite:
            job.outcome = write({job.buffer, static_cast<std::size_t>(job.size)}, job.offset);
            return;
        case BlockOperation::kWriteZeroes:
            job.outcome = write_zeroes(job.offset, job.size);
            return;
        case BlockOperation::kFlush:
        case BlockOperation::kDiscard: {
            const long result = job.operation == BlockOperation::kFlush
                                    ? gate_.fdatasync(handle_)
                                    : gate_.punch_hole(handle_, job.offset, job.size);
            job.outcome = result == 0 ? Result<>{} : failure(result);
            return;
        }
    }
}

}  // namespace holm::drivers

#include "tender/devices/open_block.h"

#include <array>
#include <cstring>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/result.h"

namespace holm::tender {
namespace {

constexpr std::uint32_t kUsualSector = 512;
constexpr std::uint32_t kLargestSector = 4096;

class Opening {
  public:
    Opening(const BlockRequest& request, bool read_only)
        : request_(request), read_only_(read_only || request.read_only) {}

    using Outcome = std::expected<void, Sentence>;

    Outcome run(holm_boot_device& device) {
        TRY(open_file());
        TRY(measure());
        TRY(lock());
        TRY(put_position_out_of_reach());
        device.handle = file_;
        device.kind = HOLM_DEVICE_BLOCK;
        device.transport = HOLM_TRANSPORT_FILE;
        device.block = {};
        device.block.sector_size = sector_size_;
        device.block.sector_count = size_ / sector_size_;
        device.block.flags = read_only_ ? HOLM_DEVICE_READ_ONLY : 0;
        return {};
    }

  private:
    // "device disk: data.img WHY".
    Sentence begin() const {
        Sentence sentence;
        sentence.text("device ").foreign(request_.name).text(": ").foreign(request_.file).text(" ");
        return sentence;
    }
    std::unexpected<Sentence> failed(std::string_view why) const {
        return std::unexpected(begin().text(why));
    }
    std::unexpected<Sentence> failed_with_errno(std::string_view why) const {
        const char* const error = strerror(errno);
        return std::unexpected(begin().text(why).text(": ").text(error));
    }

    Outcome open_file() {
        std::array<char, 4096> path;  // PATH_MAX
        if (request_.file.size() >= path.size()) {
            Sentence why;
            why.text("device ").foreign(request_.name).text(": its path has more than 4095 characters");
            return std::unexpected(why);
        }
        std::memcpy(path.data(), request_.file.data(), request_.file.size());
        path[request_.file.size()] = 0;
        struct stat status{};
        // Looked at first: to open a tape or a FIFO may already do something.
        if (stat(path.data(), &status) != 0) return failed_with_errno("cannot be opened");
        is_block_ = S_ISBLK(status.st_mode);
        if (!is_block_ && !S_ISREG(status.st_mode))
            return failed("is neither a regular file nor a block device");
        // A block device that is mounted, or otherwise in use, is refused to a writer.
        const int exclusive = is_block_ && !read_only_ ? O_EXCL : 0;
        file_ = open(path.data(), (read_only_ ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | exclusive);
        if (file_ >= 0) {
            // Saves a look at the clock and the inode for each read. Only an owner may; all the same to
            // others.
            fcntl(file_, F_SETFL, O_NONBLOCK | O_NOATIME);
            return {};
        }
        if (exclusive != 0 && errno == EBUSY) return failed("is in use: mounted, or part of another device");
        return failed_with_errno(read_only_ ? "cannot be opened for reading"
                                            : "cannot be opened for reading and writing");
    }

    Outcome measure() {
        struct stat status{};
        if (fstat(file_, &status) != 0) return failed_with_errno("cannot be looked at");
        if (S_ISBLK(status.st_mode) != is_block_ || (!is_block_ && !S_ISREG(status.st_mode)))
            return failed("has become another kind of file");
        sector_size_ = request_.sector_size;
        if (is_block_) {
            int sector = 0;
            if (ioctl(file_, BLKGETSIZE64, &size_) != 0 || ioctl(file_, BLKSSZGET, &sector) != 0)
                return failed_with_errno("does not tell its size");
            const auto own = static_cast<std::uint32_t>(sector);
            if (own != kUsualSector && own != kLargestSector)
                return failed("has sectors that are neither of 512 nor of 4096 bytes");
            if (sector_size_ == 0) sector_size_ = own;
            if (sector_size_ < own) return failed("has sectors of 4096 bytes, so sector=512 is not possible");
        } else {
            size_ = static_cast<std::uint64_t>(status.st_size);
            if (sector_size_ == 0) sector_size_ = kUsualSector;
        }
        if (size_ != 0 && size_ % sector_size_ == 0) return {};
        Sentence why = begin();
        why.text("has ").decimal(size_).text(" bytes; allowed: a multiple of ").decimal(sector_size_);
        return std::unexpected(why.text(", and not 0"));
    }

    Outcome lock() const {
        if (flock(file_, (read_only_ ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return {};
        if (errno == EWOULDBLOCK) return failed("is in use by another instance");
        return failed_with_errno("cannot be locked");
    }

    // The highest position that the file system allows is one that it refuses to write at. A block device has
    // nothing behind its end.
    Outcome put_position_out_of_reach() const {
        std::uint64_t highest = size_;
        for (std::uint64_t step = std::uint64_t{1} << 62; step != 0 && !is_block_; step >>= 1)
            if (const std::uint64_t next = highest + step;
                next < std::uint64_t{1} << 63 && lseek(file_, static_cast<off_t>(next), SEEK_SET) >= 0)
                highest = next;
        if (lseek(file_, static_cast<off_t>(highest), SEEK_SET) >= 0) return {};
        return failed_with_errno("does not let its position be set");
    }

    const BlockRequest& request_;
    bool read_only_;
    bool is_block_ = false;
    int file_ = -1;
    std::uint64_t size_ = 0;         // bytes
    std::uint32_t sector_size_ = 0;  // bytes
};

}  // namespace

std::expected<void, Sentence> open_block(const BlockRequest& request, bool read_only,
                                         holm_boot_device& device) {
    return Opening(request, read_only).run(device);
}

}  // namespace holm::tender

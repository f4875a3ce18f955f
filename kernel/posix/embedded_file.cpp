// An open file or directory of the embedded tree. Nothing is read ahead or copied: the contents are in
// memory.

#include <algorithm>

#include <dirent.h>
#include <string.h>

#include "kernel/posix/tree.h"

namespace holm::posix {
namespace {

class EmbeddedOpenFile final : public OpenFile {
  public:
    EmbeddedOpenFile(const EmbeddedFile& file, int flags) : OpenFile(flags), file_(file) {}

    Outcome read(MutableBytes bytes) override {
        const Outcome count = read_at(bytes, position_);
        if (count > 0) position_ += static_cast<std::uint64_t>(count);
        return count;
    }

    Outcome read_at(MutableBytes bytes, std::uint64_t offset) override {
        if (file_.is_directory()) return -EISDIR;
        const Bytes all = file_.contents();
        if (offset >= all.size()) return 0;
        const std::size_t count = std::min<std::size_t>(bytes.size(), all.size() - offset);
        memcpy(bytes.data(), all.data() + offset, count);
        return static_cast<Outcome>(count);
    }

    Outcome seek(std::int64_t offset, int whence) override {
        std::int64_t base = 0;
        switch (whence) {
            case SEEK_SET:
                break;
            case SEEK_CUR:
                base = static_cast<std::int64_t>(position_);
                break;
            case SEEK_END:
                base = static_cast<std::int64_t>(file_.contents().size());
                break;
            default:
                return -EINVAL;
        }
        std::int64_t target = 0;
        if (__builtin_add_overflow(base, offset, &target)) return -EOVERFLOW;
        if (target < 0) return -EINVAL;
        position_ = static_cast<std::uint64_t>(target);
        return target;
    }

    void describe(struct stat& status) const override { posix::describe(file_, status); }

    // The position of a directory counts entries, "." and ".." first.
    Outcome list(MutableBytes bytes) override {
        if (!file_.is_directory()) return -ENOTDIR;
        std::optional<EmbeddedFile> child = file_.first_child();
        for (std::uint64_t skip = 2; skip < position_ && child; ++skip) child = child->next_sibling_in(file_);
        std::size_t used = 0;
        for (;; ++position_) {
            if (position_ >= 2 && !child) break;
            const std::string_view name = position_ == 0 ? "." : position_ == 1 ? ".." : child->name();
            const EmbeddedFile& entry = position_ < 2 ? file_ : *child;
            const std::size_t size = (offsetof(dirent, d_name) + name.size() + 1 + 7) & ~std::size_t{7};
            if (size > bytes.size() - used) return used > 0 ? static_cast<Outcome>(used) : -EINVAL;
            auto* record = reinterpret_cast<dirent*>(bytes.data() + used);
            record->d_ino = entry.index() + 1;
            record->d_off = static_cast<off_t>(position_ + 1);
            record->d_reclen = static_cast<unsigned short>(size);
            record->d_type = entry.is_directory() ? DT_DIR : DT_REG;
            memcpy(record->d_name, name.data(), name.size());
            record->d_name[name.size()] = '\0';
            used += size;
            if (position_ >= 2) child = child->next_sibling_in(file_);
        }
        return static_cast<Outcome>(used);
    }

    std::optional<Bytes> contents() const override {
        return file_.is_directory() ? std::nullopt : std::optional<Bytes>(file_.contents());
    }
    const char* directory_path() const override {
        return file_.is_directory() ? file_.path().data() : nullptr;
    }

  private:
    EmbeddedFile file_;
    std::uint64_t position_ = 0;
};

}  // namespace

OpenFile* open_embedded(const EmbeddedFile& file, int flags) {
    return new EmbeddedOpenFile(file, flags);
}

}  // namespace holm::posix

#pragma once

/* The read-only file tree inside an image, written by holm-manifest from the [[files]] of holm.toml.
 *
 * One table of entries, files and directories alike, in path order where '/' sorts below every other byte: a
 * directory's subtree lies directly behind it, and a path is found by binary search. Entry 0 is the root
 * directory, whose path is empty; there is always one. Paths have no leading or trailing '/', no empty, "."
 * or ".." component, no NUL.
 *
 * Every reference is an offset in bytes from the first byte of the tree, so that the table needs no
 * relocation and the whole lies in the read-only segment. The image trusts it (the build wrote it); a tool
 * that reads a foreign image checks it first. There is no modification time: an image is the same whenever it
 * is built (readers report 0). */

#include <stddef.h>
#include <stdint.h>

#define HOLM_FILES_VERSION 1u
#define HOLM_FILES_MAX_PATH 255u /* bytes of a path */
#define HOLM_CONTENT_HASH_SIZE 16u

enum holm_embedded_flags {
    HOLM_EMBEDDED_DIRECTORY = 1u << 0,
};

struct holm_embedded_entry {
    uint32_t path;         /* offset of the path, NUL-terminated */
    uint32_t path_length;  /* bytes, without the NUL */
    uint32_t flags;        /* enum holm_embedded_flags */
    uint32_t content_type; /* offset of the media type, NUL-terminated: "text/css; charset=utf-8" */
    uint32_t data;         /* offset of the contents */
    uint32_t size; /* bytes of the contents; of a directory: entries in its subtree, itself not counted */
    uint8_t hash[HOLM_CONTENT_HASH_SIZE]; /* first bytes of SHA-256 of the contents; for ETags */
    /* A directory has no content type, data and hash: all zero. */
};

struct holm_embedded_tree {
    uint32_t version; /* HOLM_FILES_VERSION */
    uint32_t count;   /* entries, at least 1 */
    uint64_t reserved;
    /* struct holm_embedded_entry entries[count] follows */
};

#ifdef __cplusplus
static_assert(sizeof(struct holm_embedded_entry) == 40);
static_assert(sizeof(struct holm_embedded_tree) == 16);

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

/* This image's tree. Defined by the assembly holm-manifest writes; only images have it. */
extern "C" __attribute__((visibility("hidden"))) const holm_embedded_tree holm_embedded_files;

namespace holm {

class EmbeddedFile;

// A view of a tree: as cheap to copy as a pointer, and everything it hands out lives as long as the tree.
class EmbeddedFiles {
  public:
    explicit constexpr EmbeddedFiles(const holm_embedded_tree& tree) : tree_(&tree) {}

    std::uint32_t count() const { return tree_->count; }
    EmbeddedFile at(std::uint32_t index) const;
    EmbeddedFile root() const;

    // The entry of `path`; leading slashes are ignored, everything else is literal: resolving ".", ".." and
    // percent escapes is the caller's part. "" and "/" are the root.
    std::optional<EmbeddedFile> find(std::string_view path) const;

    // Below zero, zero, above: the order of the table.
    static int compare_paths(std::string_view left, std::string_view right) {
        const std::size_t common = left.size() < right.size() ? left.size() : right.size();
        for (std::size_t i = 0; i < common; ++i) {
            if (left[i] != right[i]) return rank(left[i]) < rank(right[i]) ? -1 : 1;
        }
        return left.size() == right.size() ? 0 : left.size() < right.size() ? -1 : 1;
    }

  private:
    friend class EmbeddedFile;
    static unsigned rank(char c) { return c == '/' ? 0u : static_cast<unsigned char>(c) + 1u; }
    const holm_embedded_entry* entries() const {
        return reinterpret_cast<const holm_embedded_entry*>(tree_ + 1);
    }
    const char* bytes_at(std::uint32_t offset) const { return reinterpret_cast<const char*>(tree_) + offset; }

    const holm_embedded_tree* tree_;
};

// One entry, a file or a directory.
class EmbeddedFile {
  public:
    // Whole path from the root, and its last component ("" for the root).
    std::string_view path() const { return {files_.bytes_at(entry().path), entry().path_length}; }
    std::string_view name() const {
        const std::string_view whole = path();
        const std::size_t slash = whole.rfind('/');
        return slash == std::string_view::npos ? whole : whole.substr(slash + 1);
    }
    bool is_directory() const { return (entry().flags & HOLM_EMBEDDED_DIRECTORY) != 0; }
    // Number in the table; stable, so it serves as an inode number.
    std::uint32_t index() const { return index_; }

    // Files: contents, media type and content hash. Directories: empty, empty and zero.
    std::span<const std::byte> contents() const {
        if (is_directory()) return {};
        return {reinterpret_cast<const std::byte*>(files_.bytes_at(entry().data)), entry().size};
    }
    std::string_view content_type() const {
        return is_directory() ? "" : files_.bytes_at(entry().content_type);
    }
    std::span<const std::uint8_t, HOLM_CONTENT_HASH_SIZE> hash() const {
        return std::span<const std::uint8_t, HOLM_CONTENT_HASH_SIZE>(entry().hash);
    }

    // The children of a directory, in name order: `for (auto f = d.first_child(); f; f =
    // f->next_sibling_in(d))`.
    std::optional<EmbeddedFile> first_child() const {
        if (!is_directory() || entry().size == 0) return std::nullopt;
        return EmbeddedFile(files_, index_ + 1);
    }
    std::optional<EmbeddedFile> next_sibling_in(const EmbeddedFile& directory) const {
        const std::uint32_t next = index_ + 1 + (is_directory() ? entry().size : 0);
        if (next > directory.index_ + directory.entry().size) return std::nullopt;
        return EmbeddedFile(files_, next);
    }

  private:
    friend class EmbeddedFiles;
    EmbeddedFile(EmbeddedFiles files, std::uint32_t index) : files_(files), index_(index) {}
    const holm_embedded_entry& entry() const { return files_.entries()[index_]; }

    EmbeddedFiles files_;
    std::uint32_t index_;
};

inline EmbeddedFile EmbeddedFiles::at(std::uint32_t index) const {
    return EmbeddedFile(*this, index);
}
inline EmbeddedFile EmbeddedFiles::root() const {
    return at(0);
}

inline std::optional<EmbeddedFile> EmbeddedFiles::find(std::string_view path) const {
    while (path.starts_with('/')) path.remove_prefix(1);
    std::uint32_t low = 0;
    std::uint32_t high = count();
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        const int order = compare_paths(at(middle).path(), path);
        if (order == 0) return at(middle);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return std::nullopt;
}

// The files of the image this code is linked into.
inline EmbeddedFiles embedded_files() {
    return EmbeddedFiles(holm_embedded_files);
}

}  // namespace holm
#else
_Static_assert(sizeof(struct holm_embedded_entry) == 40, "layout");
_Static_assert(sizeof(struct holm_embedded_tree) == 16, "layout");
#endif

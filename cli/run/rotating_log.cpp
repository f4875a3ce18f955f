#include "cli/run/rotating_log.h"

#include <array>
#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

class RotatingLog {
  public:
    RotatingLog(const fs::path& path, std::size_t limit) : path_(path), limit_(limit) { open_file(); }
    RotatingLog(const RotatingLog&) = delete;
    RotatingLog& operator=(const RotatingLog&) = delete;
    ~RotatingLog() {
        if (file_ >= 0) close(file_);
    }

    void add(std::string_view text) {
        while (!text.empty()) {
            const std::string_view now = text.substr(0, size_that_fits(text));
            write_all(now);
            size_ += now.size();
            text.remove_prefix(now.size());
            if (!text.empty()) rotate();
        }
    }

  private:
    // Up to the end of the last line that fits; without one, nothing if the file has something already.
    std::size_t size_that_fits(std::string_view text) const {
        const std::size_t room = limit_ - size_;
        if (text.size() <= room) return text.size();
        const std::size_t end = text.substr(0, room).rfind('\n');
        if (end != std::string_view::npos) return end + 1;
        return size_ == 0 ? room : 0;
    }

    void open_file() {
        file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
        struct stat status{};
        size_ = file_ >= 0 && fstat(file_, &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
        if (size_ > limit_) size_ = limit_;
    }

    void rotate() {
        if (file_ >= 0) close(file_);
        std::error_code error;
        fs::rename(path_, older_log(path_), error);
        if (error) fs::resize_file(path_, 0, error);
        open_file();
        if (size_ != 0) size_ = 0;  // neither was possible: the bound is lost, the instance is not
    }

    void write_all(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t written = write(file_, text.data(), text.size());
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    fs::path path_;
    std::size_t limit_;
    std::size_t size_ = 0;
    int file_ = -1;
};

}  // namespace

fs::path older_log(const fs::path& log) {
    fs::path older = log;
    older += ".1";
    return older;
}

void keep_log(int input, const fs::path& log, std::size_t limit) {
    RotatingLog file(log, limit);
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t size = read(input, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return;
        file.add({buffer.data(), static_cast<std::size_t>(size)});
    }
}

}  // namespace holm::cli

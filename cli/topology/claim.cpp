#include "cli/topology/claim.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>

#include "cli/failure.h"
#include "cli/run/instance_record.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/topology/record.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

fs::path lock_path(const std::string& name) {
    return instance_folder() / formatted("{}.lock", name);
}

}  // namespace

std::optional<TopologyClaim> TopologyClaim::take(const std::string& name) {
    const fs::path path = lock_path(name);
    while (true) {
        Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (file.number() < 0)
            fail_with("the file {} cannot be made: {}", quote(path.string()), std::strerror(errno));
        // Of the process, not of the descriptor: nobody that is forked holds it.
        struct flock lock{};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        if (fcntl(file.number(), F_SETLK, &lock) != 0) return std::nullopt;
        // Who had it before may have removed it between the two: then the lock is on nothing.
        struct stat locked{}, there{};
        if (fstat(file.number(), &locked) == 0 && stat(path.c_str(), &there) == 0 &&
            locked.st_ino == there.st_ino)
            return TopologyClaim(name, std::move(file));
    }
}

void TopologyClaim::release() {
    if (file_.number() < 0) return;
    std::error_code error;
    fs::remove(topology_record(name_), error);
    fs::remove(topology_socket(name_), error);
    fs::remove(lock_path(name_), error);
    file_ = Descriptor();
}

}  // namespace holm::cli

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/image/images/library/check.h"

namespace fs = std::filesystem;

namespace {

bool fails(long result, int error) {
    return result == -1 && errno == error;
}

void test_filesystem() {
    CHECK(fs::exists("/data/greetings") && fs::is_directory("/data/greetings"));
    CHECK(fs::file_size("/data/greetings/hello.txt") == 21);
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator("/data")) names.insert(entry.path());
    CHECK(names == std::set<std::string>{"/data/greetings", "/data/greetings/hallo.txt",
                                         "/data/greetings/hello.txt", "/data/long.txt"});
    fs::current_path("/data");
    CHECK(fs::current_path() == "/data");
    CHECK(fs::exists("greetings/../long.txt"));
    CHECK(fs::canonical("greetings/./hello.txt") == "/data/greetings/hello.txt");
    fs::current_path("/");
    std::error_code error;
    CHECK(!fs::create_directory("/data/new", error) && error == std::errc::read_only_file_system);
    CHECK(!fs::remove("/data/long.txt", error) && error == std::errc::read_only_file_system);
    bool thrown = false;
    try {
        fs::file_size("/nothing");
    } catch (const fs::filesystem_error& e) {
        thrown = e.code() == std::errc::no_such_file_or_directory;
    }
    CHECK(thrown);
}

void test_calls() {
    const int file = open("/data/greetings/hello.txt", O_RDONLY | O_CLOEXEC);
    CHECK(file >= 3);
    char buffer[64] = {};
    CHECK(read(file, buffer, 5) == 5 && std::strcmp(buffer, "hello") == 0);
    CHECK(lseek(file, 0, SEEK_CUR) == 5 && lseek(file, -6, SEEK_END) == 15);
    CHECK(read(file, buffer, sizeof(buffer)) == 6 && std::memcmp(buffer, "image\n", 6) == 0);
    CHECK(read(file, buffer, 1) == 0);
    CHECK(pread(file, buffer, 4, 6) == 4 && std::memcmp(buffer, "from", 4) == 0);
    CHECK(fails(pread(file, buffer, 4, -1), EINVAL));
    char head[5];
    char tail[64];
    iovec pieces[] = {{head, 5}, {tail, sizeof(tail)}};
    CHECK(lseek(file, 0, SEEK_SET) == 0 && readv(file, pieces, 2) == 21);
    CHECK(fails(write(file, "x", 1), EBADF));
    CHECK(fails(lseek(file, -1, SEEK_SET), EINVAL));
    CHECK(fcntl(file, F_GETFD) == FD_CLOEXEC || fcntl(file, F_GETFD) == 0);
    struct stat status;
    CHECK(fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 21);
    const int copy = dup(file);
    CHECK(close(file) == 0 && lseek(copy, 0, SEEK_CUR) == 21 && close(copy) == 0);
    CHECK(fails(close(copy), EBADF) && fails(read(-1, buffer, 1), EBADF));

    CHECK(fails(open("/data/none", O_RDONLY), ENOENT) &&
          fails(open("/data/none", O_CREAT | O_WRONLY, 0600), EROFS));
    CHECK(fails(open("/data/long.txt/x", O_RDONLY), ENOTDIR) && fails(open("/data", O_RDWR), EISDIR));
    CHECK(fails(open("/data/long.txt", O_WRONLY), EROFS));
    CHECK(fails(open("/data/long.txt", O_RDONLY | O_DIRECTORY), ENOTDIR));
    CHECK(access("/data/long.txt", R_OK) == 0 && fails(access("/data/long.txt", W_OK), EROFS));
    CHECK(fails(readlink("/data", buffer, sizeof(buffer)), EINVAL));
    CHECK(stat("/dev/null", &status) == 0 && S_ISCHR(status.st_mode));
    CHECK(fails(open(std::string(5000, 'a').c_str(), O_RDONLY), ENAMETOOLONG));

    const int directory = open("/data/greetings", O_RDONLY | O_DIRECTORY);
    const int relative = openat(directory, "hallo.txt", O_RDONLY);
    CHECK(relative >= 0 && read(relative, buffer, 6) == 6);
    close(relative);
    DIR* stream = fdopendir(directory);
    std::set<std::string> names;
    while (const dirent* entry = readdir(stream)) names.insert(entry->d_name);
    CHECK(names == std::set<std::string>{".", "..", "hello.txt", "hallo.txt"});
    CHECK(closedir(stream) == 0);
}

void test_mapping() {
    const int file = open("/data/long.txt", O_RDONLY);
    struct stat status;
    CHECK(fstat(file, &status) == 0);
    const auto size = static_cast<std::size_t>(status.st_size);
    auto* text = static_cast<const char*>(mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0));
    CHECK(text != MAP_FAILED && std::memcmp(text, "line 0: the quick", 17) == 0);
    CHECK(std::string_view(text, size).ends_with("lazy dog\n"));
    CHECK(munmap(const_cast<char*>(text), size) == 0);
    auto* page = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 4096));
    CHECK(page != MAP_FAILED);
    char expected[16];
    CHECK(pread(file, expected, 16, 4096) == 16 && std::memcmp(page, expected, 16) == 0);
    page[0] = '#';
    CHECK(pread(file, expected, 1, 4096) == 1 && expected[0] != '#');
    CHECK(munmap(page, 4096) == 0);
    CHECK(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED && errno == EACCES);
    close(file);
}

}  // namespace

void test_files() {
    test_filesystem();
    test_calls();
    test_mapping();

    std::FILE* file = std::fopen("/data/long.txt", "r");
    CHECK(file != nullptr);
    char line[128];
    int lines = 0;
    while (std::fgets(line, sizeof(line), file)) ++lines;
    CHECK(lines == 300 && std::feof(file));
    CHECK(std::fseek(file, 0, SEEK_SET) == 0 && std::fgets(line, sizeof(line), file) &&
          std::strncmp(line, "line 0", 6) == 0);
    std::fclose(file);
    CHECK(std::fopen("/data/x", "w") == nullptr && errno == EROFS);
}

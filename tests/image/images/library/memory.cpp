#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include <errno.h>
#include <malloc.h>
#include <sys/mman.h>

#include "tests/image/images/library/check.h"

namespace {

bool is_aligned(const void* address, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(address) % alignment == 0;
}

// Out of the optimiser's sight: it may leave out an allocation that nothing uses, and assume that it
// succeeds.
[[gnu::noinline]] bool is_null(void* address) {
    __asm__ volatile("" : "+r"(address) : : "memory");
    return address == nullptr;
}

struct alignas(256) Wide {
    char bytes[300];
};

}  // namespace

void test_memory() {
    // Not constants, or the compiler would know the answers and not ask.
    volatile std::size_t half = SIZE_MAX / 2;
    volatile std::size_t terabyte = std::size_t{1} << 40;
    volatile std::size_t no_power = 48;
    void* empty = std::malloc(0);
    CHECK(empty != nullptr && is_aligned(empty, 16));
    std::free(empty);
    std::free(nullptr);
    auto* zeroed = static_cast<unsigned char*>(std::calloc(1000, 100));
    CHECK(zeroed != nullptr && zeroed[0] == 0 && zeroed[99'999] == 0);
    CHECK(malloc_usable_size(zeroed) >= 100'000);
    std::free(zeroed);
    CHECK(is_null(std::calloc(half, 3)) && errno == ENOMEM);
    CHECK(is_null(std::malloc(terabyte)) && errno == ENOMEM);
    CHECK(is_null(std::aligned_alloc(no_power, 96)) && errno == EINVAL);
    void* aligned = nullptr;
    CHECK(posix_memalign(&aligned, 65536, 10) == 0 && is_aligned(aligned, 65536));
    std::free(aligned);
    const std::unique_ptr<Wide> wide(new Wide);
    CHECK(is_aligned(wide.get(), 256));
    CHECK(is_null(new (std::nothrow) char[terabyte]));

    auto* text = static_cast<char*>(std::malloc(8));
    std::strcpy(text, "growing");
    for (std::size_t size = 16; size <= (1 << 20); size *= 2)
        text = static_cast<char*>(std::realloc(text, size));
    CHECK(std::strcmp(text, "growing") == 0);
    std::free(text);

    // All of the memory, twice: what is given back can be had again.
    for (int round = 0; round < 2; ++round) {
        std::vector<void*> blocks;
        blocks.reserve(10'000);
        while (void* block = std::malloc(50'000)) {
            std::memset(block, 0xaa, 64);
            blocks.push_back(block);
        }
        CHECK(blocks.size() > 500);
        for (void* block : blocks) std::free(block);
    }

    const int access = PROT_READ | PROT_WRITE;
    auto* map = static_cast<char*>(mmap(nullptr, 10 * 4096, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CHECK(map != MAP_FAILED && is_aligned(map, 4096) && map[0] == 0 && map[10 * 4096 - 1] == 0);
    std::memset(map, 1, 10 * 4096);
    CHECK(munmap(map + 4096, 4096) == 0 && munmap(map + 8 * 4096, 2 * 4096) == 0);
    CHECK(map[0] == 1 && map[2 * 4096] == 1);
    CHECK(munmap(map, 4096) == 0 && munmap(map + 2 * 4096, 6 * 4096) == 0);
    CHECK(munmap(map, 4096) == -1 && errno == EINVAL);
    CHECK(mmap(nullptr, 4096, access | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
          errno == EACCES);
    map = static_cast<char*>(mmap(nullptr, 4096, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CHECK(map[0] == 0);
    std::strcpy(map, "moved");
    map = static_cast<char*>(mremap(map, 4096, 1 << 20, MREMAP_MAYMOVE));
    CHECK(map != MAP_FAILED && std::strcmp(map, "moved") == 0 && map[(1 << 20) - 1] == 0);
    CHECK(madvise(map, 1 << 20, MADV_DONTNEED) == 0 && map[0] == 0);
    CHECK(munmap(map, 1 << 20) == 0);
}

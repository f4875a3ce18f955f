#include "abi/manifest_check.h"

/* A field, copied out byte by byte: the input has any alignment. The layouts are little-endian, like the
 * machine. */
static void copy(void* to, const unsigned char* from, size_t size) {
    __builtin_memcpy(to, from, size);
}

static int wrong(struct holm_manifest_problem* problem, size_t offset, const char* field, uint64_t found,
                 const char* allowed) {
    *problem = (struct holm_manifest_problem){offset, field, found, allowed};
    return 0;
}

static int is_letter(unsigned char c) {
    return c >= 'a' && c <= 'z';
}

static int is_name_character(unsigned char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* A name: a letter, then letters, digits, '_' and '-', then nothing but NULs to the end of the field. */
static int check_name(const char* name, size_t offset, struct holm_manifest_problem* problem) {
    if (!is_letter((unsigned char)name[0]))
        return wrong(problem, offset, "name", (unsigned char)name[0],
                     "a name that starts with a letter a to z");
    size_t length = 1;
    while (length < HOLM_NAME_SIZE && name[length] != 0) {
        if (!is_name_character((unsigned char)name[length]))
            return wrong(problem, offset + length, "name", (unsigned char)name[length],
                         "a to z, 0 to 9, '_' and '-' in a name");
        length++;
    }
    if (length == HOLM_NAME_SIZE)
        return wrong(problem, offset + length - 1, "name", (unsigned char)name[length - 1],
                     "names of 1 to 31 characters and a NUL");
    for (size_t i = length; i < HOLM_NAME_SIZE; i++)
        if (name[i] != 0)
            return wrong(problem, offset + i, "name", (unsigned char)name[i],
                         "only NULs after the end of a name");
    return 1;
}

static int same_name(const char* left, const char* right) {
    for (size_t i = 0; i < HOLM_NAME_SIZE; i++)
        if (left[i] != right[i]) return 0;
    return 1;
}

static int check_memory(const struct holm_manifest* manifest, struct holm_manifest_problem* problem) {
    if (manifest->memory_minimum % HOLM_PAGE_SIZE != 0 || manifest->memory_minimum > HOLM_MEMORY_LIMIT)
        return wrong(problem, offsetof(struct holm_manifest, memory_minimum), "memory_minimum",
                     manifest->memory_minimum, "a multiple of 4096, at most 1 TiB");
    if (manifest->memory_default % HOLM_PAGE_SIZE != 0 || manifest->memory_default > HOLM_MEMORY_LIMIT)
        return wrong(problem, offsetof(struct holm_manifest, memory_default), "memory_default",
                     manifest->memory_default, "a multiple of 4096, at most 1 TiB");
    if (manifest->memory_default < manifest->memory_minimum)
        return wrong(problem, offsetof(struct holm_manifest, memory_default), "memory_default",
                     manifest->memory_default, "at least memory_minimum");
    if (manifest->stack_size % HOLM_PAGE_SIZE != 0 || manifest->stack_size < HOLM_STACK_MINIMUM ||
        manifest->stack_size > HOLM_STACK_LIMIT)
        return wrong(problem, offsetof(struct holm_manifest, stack_size), "stack_size", manifest->stack_size,
                     "a multiple of 4096 from 16 KiB to 64 MiB");
    return 1;
}

static int check_device(const unsigned char* devices, uint32_t index, struct holm_manifest_problem* problem) {
    const size_t entry = sizeof(struct holm_manifest) + index * sizeof(struct holm_manifest_device);
    struct holm_manifest_device device;
    copy(&device, devices + index * sizeof device, sizeof device);
    if (!check_name(device.name, entry, problem)) return 0;
    if (device.kind != HOLM_DEVICE_NET && device.kind != HOLM_DEVICE_BLOCK)
        return wrong(problem, entry + offsetof(struct holm_manifest_device, kind), "kind", device.kind,
                     "1 (net) or 2 (block)");
    const uint32_t known = device.kind == HOLM_DEVICE_BLOCK ? HOLM_DEVICE_OPTIONAL | HOLM_DEVICE_READ_ONLY
                                                            : (uint32_t)HOLM_DEVICE_OPTIONAL;
    if (device.flags & ~known)
        return wrong(problem, entry + offsetof(struct holm_manifest_device, flags), "flags", device.flags,
                     "1 (optional) and, for a block device, 2 (read only)");
    for (uint32_t other = 0; other < index; other++) {
        struct holm_manifest_device earlier;
        copy(&earlier, devices + other * sizeof earlier, sizeof earlier);
        if (same_name(earlier.name, device.name))
            return wrong(problem, entry, "name", other, "a name that no earlier device has");
    }
    return 1;
}

int holm_manifest_check(const void* bytes, size_t size, struct holm_manifest_problem* problem) {
    struct holm_manifest manifest;
    if (size < sizeof manifest) return wrong(problem, 0, "the manifest's length", size, "at least 72 bytes");
    copy(&manifest, bytes, sizeof manifest);

    if (manifest.version != HOLM_MANIFEST_VERSION)
        return wrong(problem, offsetof(struct holm_manifest, version), "version", manifest.version, "1");
    const uint32_t platforms =
        1u << HOLM_PLATFORM_PROCESS | 1u << HOLM_PLATFORM_VM | 1u << HOLM_PLATFORM_VIRTIO;
    if (manifest.platforms == 0 || (manifest.platforms & ~platforms))
        return wrong(problem, offsetof(struct holm_manifest, platforms), "platforms", manifest.platforms,
                     "a set of 1 (process), 2 (vm) and 4 (virtio) that is not empty");
    if (manifest.device_count > HOLM_MAX_DEVICES)
        return wrong(problem, offsetof(struct holm_manifest, device_count), "device_count",
                     manifest.device_count, "0 to 64");
    const size_t expected = sizeof manifest + manifest.device_count * sizeof(struct holm_manifest_device);
    if (manifest.size != expected)
        return wrong(problem, offsetof(struct holm_manifest, size), "size", manifest.size,
                     "72 bytes and 40 for each device");
    if (size != expected)
        return wrong(problem, 0, "the manifest's length", size,
                     "the number of bytes that its size field states");
    if (!check_memory(&manifest, problem)) return 0;
    if (!check_name(manifest.name, offsetof(struct holm_manifest, name), problem)) return 0;
    const unsigned char* devices = (const unsigned char*)bytes + sizeof manifest;
    for (uint32_t i = 0; i < manifest.device_count; i++)
        if (!check_device(devices, i, problem)) return 0;
    return 1;
}

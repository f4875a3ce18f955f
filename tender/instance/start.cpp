#include "tender/instance/start.h"

#include <algorithm>
#include <cstring>

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tender/devices/grants.h"
#include "tender/devices/open_block.h"
#include "tender/devices/open_net.h"
#include "tender/instance/failure.h"
#include "tender/loader/parse.h"
#include "tender/loader/parse_note.h"

namespace holm::tender {

void refuse_image(const Start& start, const Sentence& why) {
    Sentence sentence;
    sentence.foreign(start.options.image).text(": ").text(why.view());
    refuse(sentence);
}

void refuse_image(const Start& start, const LoadError& error) {
    Sentence why;
    error.describe(why);
    refuse_image(start, why);
}

void read_options(Start& start, std::span<char* const> words, const TenderTraits& tender) {
    const auto parsed = parse_options(words, tender, start.options);
    if (!parsed) refuse(parsed.error());
    if (!start.options.help) return;
    bool written = true;
    for (const std::string_view piece : usage_of(tender))
        written = written && write(1, piece.data(), piece.size()) == static_cast<ssize_t>(piece.size());
    _exit(written ? 0 : 1);
}

int open_image(Start& start, holm_platform platform, std::string_view platform_name) {
    const int file = open(start.options.image, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status{};
    if (file < 0 || fstat(file, &status) != 0) refuse_image(start, Sentence{}.text(strerror(errno)));
    if (!S_ISREG(status.st_mode)) refuse_image(start, Sentence{}.text("not a regular file"));
    const ssize_t size = pread(file, start.head.data(), start.head.size(), 0);
    if (size < 0) refuse_image(start, Sentence{}.text(strerror(errno)));
    const Bytes head{start.head.data(), static_cast<std::size_t>(size)};
    const auto parsed = parse_image(head, static_cast<std::uint64_t>(status.st_size), start.plan);
    if (!parsed && !carries_manifest(head))
        refuse_image(start,
                     Sentence{}.text("not a Holm image: there is no manifest in its first 8 KiB; holm build "
                                     "makes images"));
    if (!parsed) refuse_image(start, parsed.error());
    if (start.plan.manifest.platforms & 1u << platform) return file;
    Sentence why;
    why.text("the image was built without the platform \"").text(platform_name);
    refuse_image(start, why.text("\" (holm.toml: platforms)"));
}

std::uint64_t heap_size(const Start& start) {
    const holm_manifest& manifest = start.plan.manifest;
    const std::uint64_t size = start.options.memory.value_or(manifest.memory_default);
    if (size >= manifest.memory_minimum) return size;
    Sentence why;
    why.text("--mem grants ").decimal(size).text(" bytes of heap; the image needs at least ");
    why.decimal(manifest.memory_minimum);
    refuse_image(start, why);
}

void open_devices(Start& start) {
    const auto grants = match_grants(start.plan.devices(), start.options.nets(), start.options.blocks());
    if (!grants) refuse_image(start, grants.error());
    for (std::size_t i = 0; i < start.plan.devices().size(); i++) {
        const holm_manifest_device& declared = start.plan.devices()[i];
        holm_boot_device& device = start.devices[i];
        std::copy(std::begin(declared.name), std::end(declared.name), device.name);
        device.kind = declared.kind;
        device.handle = -1;
        if ((*grants)[i] == kNotGranted) continue;
        const auto request = static_cast<std::size_t>((*grants)[i]);
        if (declared.kind == HOLM_DEVICE_BLOCK) {
            const bool read_only = (declared.flags & HOLM_DEVICE_READ_ONLY) != 0;
            const auto opened = open_block(start.options.blocks()[request], read_only, device);
            if (!opened) refuse(opened.error());
            continue;
        }
        std::array<std::uint8_t, 6> mac;
        if (getrandom(mac.data(), mac.size(), 0) != mac.size()) refuse_with_errno("cannot get random bytes");
        const auto opened = open_net(start.options.nets()[request], mac, device);
        if (!opened) refuse(opened.error());
    }
}

}  // namespace holm::tender

#include "kernel/start/arguments.h"

#include <cstring>
#include <string_view>

#include <elf.h>

#include "abi/boot_info.h"
#include "abi/image_configuration.h"
#include "kernel/memory/pages.h"

namespace holm {
namespace {

constexpr std::size_t kAuxiliaryWords = 2 * 6;

class Words {
  public:
    explicit Words(std::span<std::uintptr_t> room) : room_(room) {}
    void put(std::uintptr_t word) {
        if (used_ < room_.size()) room_[used_++] = word;
    }
    void put(const char* text) { put(reinterpret_cast<std::uintptr_t>(text)); }
    std::uintptr_t* end() { return room_.data() + used_; }
    std::size_t count() const { return used_; }

  private:
    std::span<std::uintptr_t> room_;
    std::size_t used_ = 0;
};

template <typename Visit>
void for_each(const holm_strings& strings, Visit visit) {
    const char* next = reinterpret_cast<const char*>(strings.start);
    for (std::uint32_t i = 0; i < strings.count; ++i) {
        visit(next);
        next += std::strlen(next) + 1;
    }
}

std::string_view name_of(const char* variable) {
    const std::string_view text = variable;
    return text.substr(0, text.find('='));
}

// A later value of a name takes the place of an earlier one.
void put_variable(Words& words, std::uintptr_t* first, const char* variable) {
    for (std::uintptr_t* word = first; word != words.end(); ++word) {
        if (name_of(reinterpret_cast<const char*>(*word)) == name_of(variable)) {
            *word = reinterpret_cast<std::uintptr_t>(variable);
            return;
        }
    }
    words.put(variable);
}

}  // namespace

std::size_t start_vector_size(const holm_boot_info& boot) {
    const ImageConfiguration image = image_configuration();
    return std::size_t{boot.arguments.count} + image.argument_count() + boot.environment.count +
           image.variable_count() + 2 + kAuxiliaryWords;
}

StartVector build_start_vector(const holm_boot_info& boot, std::span<std::uintptr_t> room,
                               const std::byte* random) {
    const ImageConfiguration image = image_configuration();
    Words words(room);

    for_each(boot.arguments, [&](const char* argument) { words.put(argument); });
    if (boot.arguments.count <= 1)
        image.for_each_argument([&](const char* argument) { words.put(argument); });
    const StartVector vector{static_cast<int>(words.count()), reinterpret_cast<char**>(room.data())};
    words.put(std::uintptr_t{0});

    std::uintptr_t* const variables = words.end();
    image.for_each_variable([&](const char* variable) { put_variable(words, variables, variable); });
    for_each(boot.environment, [&](const char* variable) { put_variable(words, variables, variable); });
    words.put(std::uintptr_t{0});

    const auto entry = [&](std::uintptr_t type, std::uintptr_t value) {
        words.put(type);
        words.put(value);
    };
    entry(AT_PHDR, boot.program_headers);
    entry(AT_PHNUM, boot.program_header_count);
    entry(AT_PHENT, sizeof(Elf64_Phdr));
    entry(AT_PAGESZ, memory::kPageSize);
    entry(AT_RANDOM, reinterpret_cast<std::uintptr_t>(random));
    entry(AT_NULL, 0);
    return vector;
}

}  // namespace holm

#include "kernel/posix/descriptors.h"

#include "kernel/posix/console_file.h"

namespace holm::posix {

DescriptorTable* descriptors() {
    DescriptorTable*& table = state().descriptors;
    if (table == nullptr) [[unlikely]] {
        table = make<DescriptorTable>();
        if (table == nullptr) return nullptr;
        // One open file behind all three, as a terminal would be: reading it finds the end of the input.
        FileReference console(new ConsoleFile);
        if (console) {
            for (int descriptor = 0; descriptor < 3; ++descriptor) {
                table->replace(descriptor, FileReference(console.get()), false);
            }
        }
    }
    return table;
}

Outcome add_descriptor(OpenFile* file, int flags) {
    if (file == nullptr) return -ENOMEM;
    FileReference reference(file);
    DescriptorTable* table = descriptors();
    if (table == nullptr) return -ENOMEM;
    return table->add(std::move(reference), (flags & O_CLOEXEC) != 0);
}

}  // namespace holm::posix

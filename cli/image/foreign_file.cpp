#include "cli/image/foreign_file.h"

#include <cstring>

#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "tender/loader/elf.h"

namespace holm::cli {
namespace {

constexpr std::string_view kBuildOne =
    "holm build makes images, under build/images; holm new NAME starts one";

std::string describe_elf(const tender::elf::FileHeader& header) {
    enum : std::uint16_t { kObject = 1, kProgram = 2, kSharedOrPie = 3, kCore = 4 };
    switch (header.e_type) {
        case kObject:
            return formatted("it is an object file; {}", kBuildOne);
        case kProgram:
        case kSharedOrPie:
            if (header.e_machine == tender::elf::kMachineX86_64)
                return formatted("it is an ordinary program of this machine, to be run without holm; {}",
                                 kBuildOne);
            return formatted("it is a program for another machine; {}", kBuildOne);
        case kCore:
            return formatted("it is a core file; {}", kBuildOne);
        default:
            return formatted("it is an ELF file of another kind; {}", kBuildOne);
    }
}

}  // namespace

std::string describe_foreign_file(std::string_view name, Bytes head) {
    const std::string_view text = as_text(head);
    std::string what;
    if (tender::elf::FileHeader header; text.starts_with("\x7f"
                                                         "ELF")) {
        if (head.size() < sizeof header) {
            what = formatted("it is the first {} bytes of an ELF file; {}", head.size(), kBuildOne);
        } else {
            std::memcpy(&header, head.data(), sizeof header);
            what = describe_elf(header);
        }
    } else if (head.empty()) {
        what = formatted("it is empty; {}", kBuildOne);
    } else if (text.starts_with("#!")) {
        what = formatted("it is a script, to be run without holm; {}", kBuildOne);
    } else {
        what = formatted("it is no ELF file; {}", kBuildOne);
    }
    return formatted("{} is not a Holm image: {}", quote(name), what);
}

}  // namespace holm::cli

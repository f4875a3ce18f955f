#include "tender/instance/failure.h"

#include <cstring>

#include <errno.h>
#include <unistd.h>

namespace holm::tender {

void refuse(const Sentence& why) {
    Sentence line;
    line.text(kProgramName).text(": ").text(why.view()).text("\n");
    // There is nobody left to tell when this fails.
    [[maybe_unused]] const ssize_t written = write(2, line.view().data(), line.view().size());
    _exit(kRefusedStatus);
}

void refuse(std::string_view why) {
    refuse(Sentence{}.text(why));
}

void refuse_with_errno(std::string_view why) {
    refuse(Sentence{}.text(why).text(": ").text(strerror(errno)));
}

}  // namespace holm::tender

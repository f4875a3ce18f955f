#include "kernel/platform/virtio/boot_failure.h"

#include "base/text_buffer.h"
#include "kernel/platform/virtio/x86_64/ring0.h"

namespace holm::platform {
namespace {

constexpr int kRefusedStatus = 125;

constinit bool over = false;
constinit SerialPort serial{};

}  // namespace

SerialPort& boot_port() {
    return serial;
}

void end_boot() {
    over = true;
}

bool boot_is_over() {
    return over;
}

void boot_failure(std::string_view sentence, std::string_view about) {
    serial.write(as_bytes("holm: "));
    serial.write(as_bytes(sentence));
    if (!about.empty()) {
        serial.write(as_bytes(": "));
        serial.write(as_bytes(about));
    }
    serial.write(as_bytes("\n"));
    service_off(kRefusedStatus);
}

void boot_failure(std::string_view sentence) {
    boot_failure(sentence, {});
}

void boot_failure(std::string_view before, std::string_view name, std::string_view after) {
    TextBuffer<192> sentence;
    sentence << before << "\"" << name << "\"" << after;
    boot_failure(sentence.text());
}

}  // namespace holm::platform

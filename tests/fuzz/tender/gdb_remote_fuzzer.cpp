// What comes over a debugger's socket: bytes into packets, packets into the stub, answers back out.

#include <cstdlib>
#include <memory>

#include "tests/support/fake_remote_target.h"

using namespace holm::tender;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static auto reader = std::make_unique<PacketReader>();
    *reader = PacketReader();
    FakeRemoteTarget target;
    RemoteStub stub(target, 0x401000);
    for (std::size_t i = 0; i < size; i++) {
        const PacketReader::Event event = reader->take(static_cast<char>(data[i]));
        if (event != PacketReader::Event::kPacket) continue;
        const RemoteStub::Action action = stub.handle(reader->packet());
        const std::string_view answer = stub.reply().finish();
        if (answer.size() < 4 || answer.front() != '$' || answer[answer.size() - 3] != '#') std::abort();
        if (action == RemoteStub::Action::kContinue || action == RemoteStub::Action::kStep)
            stub.report({.signal = 5, .watched = {}});
    }
    return 0;
}

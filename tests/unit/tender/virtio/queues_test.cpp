#include "tender/vm/queues.h"

#include <array>

#include <doctest/doctest.h>

#include "abi/virtqueue.h"
#include "tender/vm/devices.h"
#include "tender/vm/exit_count.h"

using namespace holm;
using namespace holm::tender;

TEST_CASE("granted devices get queues that lie behind one another, each with its doorbell") {
    std::array<holm_boot_device, 4> devices{};
    devices[0].kind = HOLM_DEVICE_NET;
    devices[0].transport = HOLM_TRANSPORT_TAP;
    devices[1].kind = HOLM_DEVICE_NET;  // not granted
    devices[2].kind = HOLM_DEVICE_BLOCK;
    devices[2].transport = HOLM_TRANSPORT_FILE;
    devices[3].kind = HOLM_DEVICE_NET;
    devices[3].transport = HOLM_TRANSPORT_STREAM;
    constexpr std::uint64_t kRings = 0x10000;
    constexpr std::uint64_t kDoorbells = 0x9000;
    place_queues(devices, kRings, kDoorbells);
    std::uint64_t next = kRings;
    for (std::size_t d = 0; d < devices.size(); d++) {
        const unsigned count = d == 1 ? 0 : d == 2 ? 1 : 2;
        for (unsigned q = 0; q < HOLM_MAX_QUEUES; q++) {
            const holm_boot_queue& queue = devices[d].queues[q];
            CAPTURE(d);
            CAPTURE(q);
            if (q >= count) {
                CHECK(queue.size == 0);
                CHECK(queue.notify == 0);
                continue;
            }
            CHECK(queue.ring % 64 == 0);
            CHECK(queue.ring >= next);
            CHECK(queue.notify == kDoorbells + Devices::doorbell_offset(d, q));
            next = queue.ring + holm_virtq_bytes(queue.size);
        }
    }
    CHECK(next <= kRings + rings_size(devices));
    CHECK(rings_size(std::span(devices).first(0)) == 0);
    CHECK(rings_size(std::span(devices).subspan(1, 1)) == 0);
}

TEST_CASE("exits are counted by what they were for") {
    ExitCount exits;
    for (int i = 0; i < 3; i++) exits.count_call(2);
    exits.count_call(0);
    exits.count_call(1'000'000);  // no hypercall
    exits.count_doorbell();
    exits.count_signal();
    Sentence line;
    exits.describe(line);
    CHECK(line.view() == "6 exits: doorbells 1, signals 1, EXIT 1, WAIT 3");
}

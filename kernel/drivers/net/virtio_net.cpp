#include "kernel/drivers/net/virtio_net.h"

#include <algorithm>
#include <new>

#include "net/wire/virtio_net.h"

namespace holm::drivers {

namespace {

constexpr std::size_t kHeader = net::wire::kVirtioNetHeaderSize;
constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kLargestFrame = kEthernetHeader + 65'535;

constexpr std::uint64_t kKnown = kVirtioNetChecksum | kVirtioNetReceiveChecksum | kVirtioNetMtu |
                                 kVirtioNetMac | kVirtioNetReceiveTso4 | kVirtioNetReceiveTso6 |
                                 kVirtioNetTso4 | kVirtioNetTso6 | kVirtioNetMergeableBuffers;

std::size_t buffer_size(std::uint64_t features, std::uint16_t mtu) {
    const bool large = (features & (kVirtioNetReceiveTso4 | kVirtioNetReceiveTso6)) != 0;
    const std::size_t frame = large ? kLargestFrame : kEthernetHeader + mtu;
    return (kHeader + frame + 63) / 64 * 64;
}

}  // namespace

std::uint64_t choose_virtio_net_features(std::uint64_t offered) {
    std::uint64_t chosen = offered & kKnown;
    if ((chosen & kVirtioNetChecksum) == 0) chosen &= ~std::uint64_t{kVirtioNetTso4 | kVirtioNetTso6};
    if ((chosen & kVirtioNetReceiveChecksum) == 0)
        chosen &= ~std::uint64_t{kVirtioNetReceiveTso4 | kVirtioNetReceiveTso6};
    return chosen;
}

Result<std::unique_ptr<VirtioNet>> VirtioNet::create(const Setup& setup, Notifier& receive,
                                                     Notifier& transmit) {
    auto receive_queue = TRY(Virtqueue::create(setup.receive, receive));
    auto transmit_queue = TRY(Virtqueue::create(setup.transmit, transmit));
    const bool merged = (setup.features & kVirtioNetMergeableBuffers) != 0;
    const std::size_t size = merged ? kMergedSize : buffer_size(setup.features, setup.mtu);
    // As many as memory has room for: few are slow, not wrong.
    std::unique_ptr<ReceivePool> pool;
    // Two of the largest frames always find room, however much others retain.
    const std::uint32_t fewest = merged ? 2 * std::uint32_t((kHeader + kLargestFrame + size - 1) / size) : 2;
    std::uint32_t count = merged || size <= kMergedSize ? ReceivePool::kMaximum : kLargeBuffers;
    for (; !pool && count >= 2 * fewest; count /= 2)
        pool = ReceivePool::create(count, size, std::max(fewest, count / 4));
    if (!pool) return fail(ErrorCode::kOutOfMemory, "no memory for receive buffers");
    std::unique_ptr<VirtioNet> driver(new (std::nothrow) VirtioNet(
        setup, std::move(receive_queue), std::move(transmit_queue), std::move(pool)));
    if (!driver) return fail(ErrorCode::kOutOfMemory, "no memory for a network driver");
    return driver;
}

VirtioNet::VirtioNet(const Setup& setup, std::unique_ptr<Virtqueue> receive,
                     std::unique_ptr<Virtqueue> transmit, std::unique_ptr<ReceivePool> pool)
    : receive_(std::move(receive)),
      transmit_(std::move(transmit)),
      pool_(std::move(pool)),
      features_(setup.features),
      mtu_(setup.mtu) {}

net::DeviceCapabilities VirtioNet::capabilities() const {
    net::DeviceCapabilities capabilities;
    capabilities.mtu = mtu_;
    capabilities.checksum = (features_ & kVirtioNetChecksum) != 0;
    capabilities.tcp4_segmentation = (features_ & kVirtioNetTso4) != 0;
    capabilities.tcp6_segmentation = (features_ & kVirtioNetTso6) != 0;
    return capabilities;
}

bool VirtioNet::gone() const {
    return fault() != nullptr || receive_->gone() || transmit_->gone();
}

const char* VirtioNet::fault() const {
    if (fault_ != nullptr) return fault_;
    return receive_->broken() != nullptr ? receive_->broken() : transmit_->broken();
}

void VirtioNet::refill() {
    while (receive_->free_descriptors() != 0) {
        const auto buffer = pool_->take();
        if (!buffer) break;
        const MutableBytes bytes = pool_->bytes(*buffer);
        if (!receive_->add({}, {&bytes, 1}, *buffer)) {
            pool_->give_back(*buffer);
            break;
        }
    }
    receive_->publish();
}

unsigned VirtioNet::receive(FrameSink& sink) {
    if (gone()) {
        settle_references();
        return 0;
    }
    if (armed_) {
        receive_->disarm();
        transmit_->disarm();
        armed_ = false;
    }
    reclaim();
    unsigned frames = 0;
    while (frames < kBatch) {
        const auto done = receive_->take();
        if (!done) break;
        if (!collect(*done)) {
            if (fault_ != nullptr) break;
            continue;
        }
        ++frames;
        deliver(sink);
    }
    if (gone()) settle_references();  // what was just taken said so; nobody need call again
    return frames;
}

bool VirtioNet::collect(const Virtqueue::Completion& done) {
    Assembly& assembly = assembly_;
    const auto buffer = std::uint32_t(done.token);
    if (assembly.count == 0) {
        if (done.length < kHeader) {
            fault_ = "a frame is shorter than its header";
            return false;
        }
        const bool merged = (features_ & kVirtioNetMergeableBuffers) != 0;
        assembly.expected = merged ? net::wire::virtio_net_buffers(pool_->bytes(buffer).first(kHeader)) : 1;
        if (assembly.expected == 0 || assembly.expected > kMaximumMerged) {
            fault_ = "a frame is spread over an impossible number of buffers";
            return false;
        }
        assembly.size = 0;
    }
    assembly.buffers[assembly.count] = buffer;
    assembly.lengths[assembly.count] = done.length;
    assembly.size += done.length;
    return ++assembly.count == assembly.expected;
}

bool VirtioNet::is_contiguous() const {
    for (std::uint32_t i = 1; i < assembly_.count; ++i)
        if (assembly_.buffers[i] != assembly_.buffers[i - 1] + 1 ||
            assembly_.lengths[i - 1] != pool_->buffer_size())
            return false;
    return true;
}

Bytes VirtioNet::copy_to(MutableBytes landing) const {
    std::size_t size = 0;
    for (std::uint32_t i = 0; i < assembly_.count; ++i) {
        const Bytes piece = Bytes(pool_->bytes(assembly_.buffers[i])).first(assembly_.lengths[i]);
        std::copy(piece.begin(), piece.end(), landing.begin() + std::ptrdiff_t(size));
        size += piece.size();
    }
    return landing.first(size);
}

void VirtioNet::deliver(FrameSink& sink) {
    const std::uint32_t first = assembly_.buffers[0];
    const std::uint32_t count = assembly_.count;
    const bool contiguous = is_contiguous();
    const bool fits = assembly_.size <= kHeader + kLargestFrame;
    net::BufferOwner* const loan = contiguous ? pool_->lend(first, count) : nullptr;
    Bytes received;
    net::BufferOwner* owner = loan;
    if (contiguous) {
        received = Bytes(pool_->bytes(first).data(), assembly_.size);
    } else if (fits) {
        const auto landing = landing_.acquire();
        if (!landing.bytes.empty()) received = copy_to(landing.bytes.subspan(ReceivePool::kHeadroom));
        owner = landing.owner;
    }
    if (fits && received.size() > kHeader) {
        const Bytes frame = received.subspan(kHeader);
        const auto offload = net::wire::parse_virtio_net(received.first(kHeader), frame.size());
        const MutableBytes memory(const_cast<std::byte*>(received.data()), received.size());
        if (offload) sink.receive({frame, *offload, owner, memory});
    }
    if (loan != nullptr)
        loan->release();
    else
        for (std::uint32_t i = 0; i < count; ++i) pool_->give_back(assembly_.buffers[i]);
    assembly_.count = 0;
}

void VirtioNet::reclaim() {
    while (const auto done = transmit_->take()) {
        const auto* const record = reinterpret_cast<const Record*>(done->token);
        const auto known = std::ranges::find(under_way_, record->reference);
        if (record->reference != 0 && known != under_way_.end()) {
            references_->finish(record->reference);
            *known = 0;
            --under_way_count_;
        }
        const auto lender = std::ranges::find(lenders_, record->lender);
        if (record->lender != nullptr && lender != lenders_.end()) {
            record->lender->release();
            *lender = nullptr;
            --lender_count_;
        }
        arena_.release(reinterpret_cast<const std::byte*>(record));
    }
}

// A device that is gone reads nothing any more, and one that breaks the rules learns nothing from freed
// memory that it could not read before.
void VirtioNet::settle_references() {
    for (std::uint64_t& reference : under_way_) {
        if (reference != 0) references_->finish(reference);
        reference = 0;
    }
    under_way_count_ = 0;
    for (net::BufferOwner*& lender : lenders_) {
        if (lender != nullptr) lender->release();
        lender = nullptr;
    }
    lender_count_ = 0;
}

MutableBytes VirtioNet::allocate(std::size_t size, std::uint32_t descriptors) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (attempt != 0) reclaim();
        if (transmit_->free_descriptors() < descriptors) continue;
        const MutableBytes room = arena_.allocate(sizeof(Record) + size);
        if (!room.empty()) return room.subspan(sizeof(Record));
    }
    return {};
}

void VirtioNet::add_frame(std::span<const Bytes> pieces, std::byte* room, const Record& record) {
    auto* const noted = ::new (room - sizeof(Record)) Record(record);
    transmit_->add(pieces, {}, reinterpret_cast<std::uint64_t>(noted));
    if (++unpublished_ < kPublishAfter) return;
    transmit_->publish();
    unpublished_ = 0;
}

bool VirtioNet::transmit_in_place(const net::OutgoingFrame& frame) {
    if (frame.owner == nullptr || frame.pieces.size() != 1 || frame.headroom.size() < kHeader ||
        lender_count_ == kReferences)
        return false;
    const MutableBytes room = allocate(1, 1);
    if (room.empty()) return false;
    const MutableBytes header = frame.headroom.last(kHeader);
    net::wire::emit_virtio_net(frame.offload, header);
    frame.owner->retain();
    *std::ranges::find(lenders_, nullptr) = frame.owner;
    ++lender_count_;
    const Bytes whole(header.data(), kHeader + frame.pieces[0].size());
    add_frame({&whole, 1}, room.data(), {.lender = frame.owner});
    return true;
}

bool VirtioNet::transmit_by_reference(const net::OutgoingFrame& frame) {
    const std::size_t count = frame.pieces.size();
    if (count < 2 || count > kMaximumPieces || under_way_count_ == kReferences) return false;
    const std::size_t head = kHeader + frame.pieces[0].size();
    const MutableBytes room = allocate(head, std::uint32_t(count));
    if (room.empty()) return false;
    const std::uint64_t reference = references_->issue();
    if (reference == 0) {
        arena_.release(room.data() - sizeof(Record));
        return false;
    }
    net::wire::emit_virtio_net(frame.offload, room.first(kHeader));
    std::ranges::copy(frame.pieces[0], room.begin() + kHeader);
    std::array<Bytes, kMaximumPieces> pieces;
    std::ranges::copy(frame.pieces, pieces.begin());
    pieces[0] = room;
    *std::ranges::find(under_way_, std::uint64_t{0}) = reference;
    ++under_way_count_;
    add_frame(std::span(pieces).first(count), room.data(), {.reference = reference});
    return true;
}

net::TransmitResult VirtioNet::transmit(const net::OutgoingFrame& frame) {
    if (gone()) return net::TransmitResult::kGone;
    std::size_t size = kHeader;
    for (const Bytes piece : frame.pieces) size += piece.size();
    if (size > kHeader + kLargestFrame) return net::TransmitResult::kSent;  // the network would not carry it

    if (size >= kReferenceFrom && transmit_in_place(frame)) return net::TransmitResult::kSent;
    const bool stays = frame.offload.payload_stays && references_ != nullptr;
    if (stays && size >= kReferenceFrom && transmit_by_reference(frame)) return net::TransmitResult::kSent;
    const MutableBytes room = allocate(size, 1);
    if (room.empty()) {
        if (gone()) return net::TransmitResult::kGone;
        if (!arena_.has_memory()) return net::TransmitResult::kSent;  // lost, as frames may be
        full_ = true;
        return net::TransmitResult::kFull;
    }
    net::wire::emit_virtio_net(frame.offload, room.first(kHeader));
    std::byte* to = room.data() + kHeader;
    for (const Bytes piece : frame.pieces) to = std::copy(piece.begin(), piece.end(), to);
    const Bytes whole = room;
    add_frame({&whole, 1}, room.data(), {});
    return net::TransmitResult::kSent;
}

void VirtioNet::publish() {
    transmit_->publish();
    unpublished_ = 0;
    // After the round's tasks, which have released what they read. A few buffers are not worth the trouble.
    if (receive_->free_descriptors() >= receive_->size() / 8) refill();
}

platform::Readiness VirtioNet::readiness() {
    platform::Readiness readiness;
    if (gone()) return readiness;
    readiness.want_readable = true;
    readiness.want_writable = full_;
    // What has come since we last looked ends the wait before it begins.
    readiness.readable = !receive_->arm();
    if (full_) readiness.writable = !transmit_->arm();
    armed_ = true;
    return readiness;
}

}  // namespace holm::drivers

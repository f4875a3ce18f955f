#include "kernel/block/block_device.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace holm {

using drivers::BlockOperation;

// A task whose reads are all in the host's memory never has to wait; it lets others run now and then all the
// same.
static constexpr unsigned kAtOnceInTurn = 8;

// A part of an operation, with its buffer behind it.
struct BlockDevice::Job final : drivers::BlockJob, ListHook<> {
    Job(BlockDevice& of, Operation& by) : device(of), owner(&by) {}

    static Job* create(BlockDevice& device, Operation& owner, std::uint64_t buffer_size) {
        void* const memory = ::operator new(sizeof(Job) + buffer_size, std::nothrow);
        if (!memory) return nullptr;
        Job* const job = ::new (memory) Job(device, owner);
        job->buffer = static_cast<std::byte*>(memory) + sizeof(Job);
        job->buffer_size = buffer_size;
        return job;
    }
    void destroy() {
        this->~Job();
        ::operator delete(static_cast<void*>(this));
    }

    BlockDevice& device;
    Operation* owner;  // null once it was cancelled
    std::uint64_t buffer_size = 0;
};

BlockDevice::BlockDevice(std::string_view name, std::unique_ptr<drivers::BlockDriver> driver)
    : name_(name), driver_(std::move(driver)), geometry_(driver_->geometry()) {
    executor().add(*this);
}

BlockDevice::~BlockDevice() = default;

bool BlockDevice::may_go_on() {
    const std::uint64_t turn = executor().progress();
    if (turn != turn_) {
        turn_ = turn;
        in_turn_ = 0;
    }
    return in_turn_++ < kAtOnceInTurn;
}

// False when the driver or the memory is full; there is room again when a job is finished.
bool BlockDevice::issue(Operation& operation) {
    // A device that cannot write zeroes by itself is sent them.
    const bool as_write = operation.kind_ == BlockOperation::kWriteZeroes && !geometry().writes_zeroes;
    const BlockOperation kind = as_write ? BlockOperation::kWrite : operation.kind_;
    const bool buffer = kind == BlockOperation::kRead || kind == BlockOperation::kWrite;
    const std::uint64_t left = operation.size_ - operation.begun_;
    const std::uint64_t size =
        std::min(left, buffer ? geometry().longest_transfer : geometry().longest_range);
    const std::uint64_t buffer_size = buffer ? size : 0;
    if (job_count_ == kMostJobs || (buffered_ != 0 && buffered_ + buffer_size > kMostBuffered)) return false;
    Job* const job = Job::create(*this, operation, buffer_size);
    if (!job) {
        // If others hold memory, some of it will come back.
        if (job_count_ != 0) return false;
        operation.outcome_ = fail(ErrorCode::kOutOfMemory, "no memory for the buffer of a request");
        return true;
    }
    job->operation = kind;
    job->offset = operation.offset_ + operation.begun_;
    job->size = size;
    if (as_write) {
        std::memset(job->buffer, 0, static_cast<std::size_t>(size));
    } else if (kind == BlockOperation::kWrite) {
        copy_out_of(operation.pieces(), operation.begun_, {job->buffer, static_cast<std::size_t>(size)});
    }
    if (!driver_->submit(*job)) {
        job->destroy();
        return false;
    }
    jobs_.push_back(*job);
    ++job_count_;
    buffered_ += buffer_size;
    operation.begun_ += size;
    operation.submitted_ = operation.begun_ == operation.size_;
    ++operation.in_flight_;
    return true;
}

void BlockDevice::transmit(Instant) {
    bool any = false;
    while (!waiting_.empty()) {
        Operation& operation = waiting_.front();
        if (!issue(operation)) break;
        any = true;
        if (!operation.submitted_ && operation.outcome_) continue;
        static_cast<ListHook<QueueTag>&>(operation).unlink();
        if (operation.is_over()) executor().post(operation);
    }
    if (any) driver_->kick();
}

bool BlockDevice::receive(Instant) {
    return driver_->reap(*this) != 0;
}

platform::Readiness BlockDevice::readiness() {
    if (job_count_ == 0) return {};
    return driver_->readiness();
}

// Devices that share their threads get each other's jobs.
void BlockDevice::finished(drivers::BlockJob& job) {
    Job& done = static_cast<Job&>(job);
    done.device.complete(done);
}

void BlockDevice::complete(Job& job) {
    --job_count_;
    buffered_ -= job.buffer_size;
    if (Operation* const operation = job.owner) {
        --operation->in_flight_;
        if (!job.outcome) {
            operation->outcome_ = job.outcome;
            static_cast<ListHook<QueueTag>&>(*operation).unlink();
        } else if (job.operation == BlockOperation::kRead) {
            copy_into(operation->pieces(), job.offset - operation->offset_,
                      {job.buffer, static_cast<std::size_t>(job.size)});
        }
        if (operation->is_over()) executor().post(*operation);
    }
    // The memory of an abandoned job is lost, which happens at most once for each that was in flight.
    if (job.abandoned)
        static_cast<ListHook<>&>(job).unlink();
    else
        job.destroy();
}

void BlockDevice::forget(Operation& operation) {
    jobs_.for_each([&](Job& job) {
        if (job.owner == &operation) job.owner = nullptr;
    });
}

BlockDevice::Operation::Operation(BlockDevice& device, Kind kind, std::uint64_t offset, std::uint64_t size,
                                  std::span<const MutableBytes> pieces)
    : Waiter(go_on), device_(device), offset_(offset), size_(size), pieces_(pieces), kind_(kind) {
    outcome_ = check();
    // Nothing to transfer; a flush is done all the same.
    if (size_ == 0 && kind_ != Kind::kFlush) submitted_ = true;
}

BlockDevice::Operation::Operation(BlockDevice& device, Kind kind, std::uint64_t offset, MutableBytes piece)
    : Operation(device, kind, offset, piece.size(), {}) {
    piece_ = piece;
}

Result<> BlockDevice::Operation::check() const {
    const drivers::BlockGeometry& geometry = device_.geometry();
    if (((offset_ | size_) & (geometry.sector_size - 1)) != 0)
        return fail(ErrorCode::kInvalid, "offset and size must be multiples of the device's sector size");
    if (offset_ > geometry.size || size_ > geometry.size - offset_)
        return fail(ErrorCode::kOutOfRange, "past the end of the device");
    if (kind_ == Kind::kRead || kind_ == Kind::kFlush) return {};
    if (geometry.read_only) return fail(ErrorCode::kReadOnly, "the device is read-only");
    if (kind_ == Kind::kDiscard && !geometry.discards)
        return fail(ErrorCode::kUnsupported, "the device cannot discard");
    return {};
}

bool BlockDevice::Operation::read_at_once() {
    tried_ = true;
    if (kind_ != Kind::kRead) return false;
    begun_ = device_.driver_->read_at_once(offset_, pieces());
    // The rest, if there is any, in whole sectors.
    begun_ &= ~std::uint64_t{device_.sector_size() - 1};
    submitted_ = begun_ == size_;
    return submitted_;
}

void BlockDevice::Operation::go_on(Waiter& self) {
    auto& operation = static_cast<Operation&>(self);
    if (!operation.tried_ && !operation.read_at_once()) {
        operation.device_.waiting_.push_back(operation);
        return;
    }
    operation.handle_.resume();
}

}  // namespace holm

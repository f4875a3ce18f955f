#include "kernel/drivers/net/receive_pool.h"

#include <cassert>
#include <new>

namespace holm::drivers {

static constexpr std::size_t kAlignment = 64;

std::unique_ptr<ReceivePool> ReceivePool::create(std::uint32_t count, std::size_t size,
                                                 std::uint32_t reserve) {
    assert(count != 0 && reserve <= count && count <= kMaximum && size % kAlignment == 0);
    std::unique_ptr<std::byte[]> memory(new (std::nothrow) std::byte[kAlignment + kHeadroom + count * size]);
    std::unique_ptr<Loan[]> loans(new (std::nothrow) Loan[count]);
    if (!memory || !loans) return nullptr;
    return std::unique_ptr<ReceivePool>(
        new (std::nothrow) ReceivePool(std::move(memory), std::move(loans), count, size, reserve));
}

ReceivePool::ReceivePool(std::unique_ptr<std::byte[]> memory, std::unique_ptr<Loan[]> loans,
                         std::uint32_t count, std::size_t size, std::uint32_t reserve)
    : memory_(std::move(memory)), loans_(std::move(loans)), size_(size), count_(count), reserve_(reserve) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
    start_ = memory_.get() + (kAlignment - address % kAlignment) % kAlignment + kHeadroom;
    for (std::uint32_t i = 0; i < count; ++i) {
        loans_[i].pool = this;
        free_.set(i);
    }
}

std::optional<std::uint32_t> ReceivePool::take() {
    if (free_.none()) return std::nullopt;
    while (!free_.test(cursor_)) cursor_ = (cursor_ + 1) % count_;
    const std::uint32_t taken = cursor_;
    cursor_ = (cursor_ + 1) % count_;
    free_.reset(taken);
    return taken;
}

net::BufferOwner* ReceivePool::lend(std::uint32_t first, std::uint32_t count) {
    if (lent_ + count + reserve_ > count_) return nullptr;
    lent_ += count;
    Loan& loan = loans_[first];
    loan.users = 1;
    loan.count = count;
    return &loan;
}

void ReceivePool::end(Loan& loan) {
    const auto first = std::uint32_t(&loan - loans_.get());
    for (std::uint32_t i = 0; i < loan.count; ++i) free_.set(first + i);
    lent_ -= loan.count;
}

}  // namespace holm::drivers

#pragma once

// Where a connection's loss recovery is while there is a flight, and nowhere otherwise: an idle connection
// has nothing to recover, and there may be a hundred thousand of them.

#include <new>

#include "net/tcp/chunk.h"
#include "net/tcp/recovery/loss_recovery.h"

namespace holm::net::tcp {

class RecoveryPlace {
  public:
    RecoveryPlace() = default;
    RecoveryPlace(const RecoveryPlace&) = delete;
    RecoveryPlace& operator=(const RecoveryPlace&) = delete;

    explicit operator bool() const { return chunk_ != nullptr; }
    LossRecovery& operator*() const {
        return *std::launder(reinterpret_cast<LossRecovery*>(chunk_->storage()));
    }
    LossRecovery* operator->() const { return &**this; }

    // False when there is no memory. Precondition: there is none yet.
    bool begin(ChunkPool& pool, Rack& rack, Seq una, bool sack) {
        static_assert(sizeof(LossRecovery) <= ChunkPool::capacity(ChunkSize::kRecovery));
        static_assert(alignof(LossRecovery) <= alignof(Chunk));
        chunk_ = pool.allocate_recovery();
        if (chunk_ == nullptr) return false;
        new (chunk_->storage()) LossRecovery(pool, rack, una, sack);
        return true;
    }
    void end(ChunkPool& pool) {
        if (chunk_ == nullptr) return;
        (**this).~LossRecovery();
        pool.release(chunk_);
        chunk_ = nullptr;
    }

  private:
    Chunk* chunk_ = nullptr;
};

}  // namespace holm::net::tcp

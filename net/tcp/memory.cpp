#include "net/tcp/memory.h"

#include <new>

namespace holm::net::tcp {
namespace {

class HeapMemory final : public Memory {
  public:
    void* allocate(std::size_t bytes) override { return ::operator new(bytes, std::nothrow); }
    void release(void* memory, std::size_t bytes) override { ::operator delete(memory, bytes); }
};

}  // namespace

Memory& heap_memory() {
    static constinit HeapMemory memory;  // holds no state
    return memory;
}

}  // namespace holm::net::tcp

#pragma once

// Where the TCP layer's memory comes from. Connections, chunks and tables are the only things it allocates;
// each kind has a bound in Layer::Configuration, and running out is answered as the bound's comment says.

#include <cstddef>

namespace holm::net::tcp {

class Memory {
  public:
    // Memory aligned to 16 bytes, or null. `bytes` is passed again on release.
    virtual void* allocate(std::size_t bytes) = 0;
    virtual void release(void* memory, std::size_t bytes) = 0;

  protected:
    ~Memory() = default;
};

// The global heap (operator new, nothrow).
Memory& heap_memory();

}  // namespace holm::net::tcp

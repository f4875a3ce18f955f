#pragma once

#include <expected>

#include "abi/boot_info.h"
#include "tender/devices/block_request.h"
#include "tender/text/sentence.h"

namespace holm::tender {

// Opens the file behind a block device and finds out its size; `read_only` when the image declares it so. The
// file is locked against other instances as long as it is open, unless all of them only read it.
//
// Its file position stands where nothing can be read or written, and no call that an instance has moves it:
// so read() and write(), which take any descriptor, do nothing to it. Fills all of `device` but its name and
// queues.
std::expected<void, Sentence> open_block(const BlockRequest& request, bool read_only,
                                         holm_boot_device& device);

}  // namespace holm::tender

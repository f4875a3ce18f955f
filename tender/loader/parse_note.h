#pragma once

#include <expected>

#include "base/bytes.h"
#include "tender/loader/elf.h"
#include "tender/loader/load_error.h"
#include "tender/loader/load_plan.h"

namespace holm::tender {

// Finds the manifest among the notes of the PT_NOTE segments, has it validated (abi/manifest_check.h) and
// copies it into the plan, whose segments are already there. The program header table lies inside `head`.
std::expected<void, LoadError> parse_manifest_notes(Bytes head, const elf::FileHeader& header,
                                                    LoadPlan& plan);

// Whether a Holm manifest note lies in these bytes, however damaged what should lead to it is: it tells a
// spoiled image from a file that never was one.
bool carries_manifest(Bytes head);

}  // namespace holm::tender

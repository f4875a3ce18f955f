"""Coroutines, which gdb does not know.

A frame begins with the addresses of its resume and destroy functions (the Itanium C++ ABI's layout, as clang has it); the promise
follows, and the first thing in ours is the frame that awaits this one (kernel/task/task.h)."""

import gdb

from holm_debug.memory import Unreadable, place_of, symbol_at, word

LARGEST_FRAME = 64 * 1024  # bytes of a coroutine frame that are searched
DEEPEST_CHAIN = 200
CONTINUATION = 16


def is_frame(address):
    """The name of the coroutine whose frame lies there, or ""."""
    if address % 16 or address == 0:
        return ""
    try:
        resume, destroy = word(address), word(address + 8)
    except Unreadable:
        return ""
    if destroy == 0:
        return ""
    name = symbol_at(resume or destroy)  # a frame at its final suspension has no resume function
    for suffix in (" [clone .resume]", " (.resume)", ".resume", " [clone .destroy]", " (.destroy)", ".destroy",
                   " [clone .cleanup]", " (.cleanup)", ".cleanup"):
        if name.endswith(suffix):
            return name[:-len(suffix)]
    return ""


def awaited_by(frame):
    """The frame of the task that `frame` awaits, or None: the one that names `frame` as its continuation."""
    for offset in range(CONTINUATION, LARGEST_FRAME, 8):
        try:
            candidate = word(frame + offset)
            if candidate % 16 or candidate == frame or word(candidate + CONTINUATION) != frame:
                continue
        except Unreadable:
            if offset > 4096:
                return None
            continue
        if is_frame(candidate):
            return candidate
        if offset > 4096 and is_frame(frame + offset):
            return None
    return None


def chain_below(frame):
    """From a task's outermost coroutine to the one that waits, outermost first."""
    chain = []
    while frame and frame not in chain and len(chain) < DEEPEST_CHAIN:
        chain.append(frame)
        frame = awaited_by(frame)
    return chain


def describe_frame(frame):
    name = is_frame(frame)
    resume = word(frame)
    place = place_of(resume) if resume else "finished"
    return f"{name or '?'} at {place}, frame {frame:#x}"


def root_frame(root):
    """The outermost coroutine frame of a task of a scope; None for a fiber."""
    try:
        child = root.address.cast(gdb.lookup_type("holm::Scope::Child").pointer())
    except gdb.error:
        return None
    frame = int(child["frame_"]["__handle_"])
    return frame if is_frame(frame) else None

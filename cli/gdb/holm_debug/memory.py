"""An instance's memory as gdb shows it: the core's parts, words, lists and heaps."""

import struct

import gdb

MOST_ELEMENTS = 100_000  # of a list: a broken one may be a ring
AT_NULL, AT_ENTRY = 0, 9


class Unreadable(Exception):
    pass


def evaluate(expression):
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as error:
        raise gdb.GdbError(f"{error}; are the image's symbols loaded (holm symbols NAME.debug)?") from error


def first_core():
    return evaluate("'holm::(anonymous namespace)::first_core'")["core"]


def part(name, kind):
    """A part of the core, or None before it has been made."""
    pointer = first_core()[name]
    if int(pointer) == 0:
        return None
    return pointer.cast(gdb.lookup_type(kind).pointer()).dereference()


def word(address):
    try:
        return struct.unpack("<Q", bytes(gdb.selected_inferior().read_memory(address, 8)))[0]
    except (gdb.MemoryError, gdb.error) as error:
        raise Unreadable from error


def symbol_at(address):
    """`name` of `name + 12 in section .text`, or ""."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    if text.startswith("No symbol"):
        return ""
    return text.split(" in section ")[0].split(" + ")[0].strip()


def place_of(address):
    """file:line of a code address."""
    line = gdb.find_pc_line(address)
    return f"{line.symtab.filename}:{line.line}" if line.symtab else "?"


def elements(the_list, hook, element):
    """The elements of an IntrusiveList; `hook` and `element` are names of types."""
    end = the_list["end_"].address
    hook_type, element_type = gdb.lookup_type(hook).pointer(), gdb.lookup_type(element).pointer()
    node = the_list["end_"]["next_"]
    for _ in range(MOST_ELEMENTS):
        if int(node) == int(end) or int(node) == 0:
            return
        yield node.cast(hook_type).cast(element_type).dereference()
        node = node["next_"]


def heap_nodes(root):
    """The nodes of a PairingHeap, in no order."""
    waiting = [root]
    for _ in range(MOST_ELEMENTS):
        if not waiting:
            return
        node = waiting.pop()
        if int(node) == 0:
            continue
        waiting += [node["child_"], node["next_"]]
        yield node


def nanoseconds(instant):
    return int(instant["nanoseconds_"])


def seconds(value):
    return f"{value / 1e9:.6f} s"


def auxiliary(wanted):
    """An entry of the auxiliary vector, or None."""
    try:
        text = gdb.execute("info auxv", to_string=True)
    except gdb.error:
        return None
    for line in text.splitlines():
        fields = line.split()
        if fields and fields[0] == str(wanted):
            return int(fields[-1], 0)
    return None

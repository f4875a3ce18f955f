#!/usr/bin/python3
"""link_image.py COMMAND...: link an image so that it can name its own functions, and what it throws, in a report.

Runs the linker's command more than once. The first link tells what the image needs: room of its own for what is
seldom used, if it is large (cold.ld); what runs a plain main, if it has one; unwind tables, if it can unwind (no_unwinder.ld). The
next tells where the functions are, and a table of them goes into the last one. The table is constant data and counts bytes of code, so it moves the
code but does not change it. The format is read by kernel/panic/symbols.cpp:

    4 bytes    number of functions, little-endian
    256 bytes  what the bytes 128 to 255 of a name stand for: two bytes each, which may again be such bytes
    for each function, in the order of their addresses:
      varint   bytes of code from the function before it (the first: from the start of the code)
      1 byte   how many bytes its name has in common with the start of the name before it
      the rest of its name, NUL-terminated

A second table names the types that may be thrown, for exceptions that nobody catches; images without exceptions have none:

    4 bytes  number of types, little-endian
    for each type:
      4 bytes  FNV-1a hash of its name as the compiler mangled it (std::type_info::name), little-endian
      its name, NUL-terminated
"""
import collections
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

LONGEST_NAME = 120
PAIRS_A_ROUND = 8
PT_LOAD, PF_X = 1, 1
LARGE = 128 * 1024  # bytes of code; below, two more segments would cost more of the file than they save of memory


def code_ranges(path):
    """Address and size of each executable segment."""
    with open(path, "rb") as image:
        header = image.read(64)
        offset, = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        image.seek(offset)
        table = image.read(size * count)
    ranges = []
    for index in range(count):
        kind, flags, _, address, _, _, length = struct.unpack_from("<IIQQQQQ", table, index * size)
        if kind == PT_LOAD and flags & PF_X:
            ranges.append((address, length))
    if not ranges:
        sys.exit(f"link_image.py: {path} has no executable segment")
    return ranges


def shorten(name):
    """`void a::f<int, b>(c) const (.resume)` becomes `a::f<> [resume]`."""
    clone = re.search(r" \(\.(\w+)\)| \[clone \.(\w+)\]", name)
    name = re.sub(r" \(\.[\w.]+\)| \[clone [^]]*\]", "", name)
    name = name.replace("(anonymous namespace)", "{anonymous}")
    for operator, stand_in in (("operator<=>", "operator\1\2"), ("operator<<", "operator\3"), ("operator<", "operator\4"),
                               ("operator>>", "operator\5"), ("operator>", "operator\6"), ("operator()", "operator\7"),
                               ("operator->", "operator\x0e")):
        name = name.replace(operator, stand_in)
    for pattern, replacement in ((r"\([^()]*\)", ""), (r"<[^<>]*[^<>\x08][^<>]*>", "\x08")):
        while (shorter := re.sub(pattern, replacement, name)) != name:
            name = shorter
    name = name.replace("\x08", "<>").replace("<>::__1", "")
    for stand_in, operator in (("\1\2", "<=>"), ("\3", "<<"), ("\4", "<"), ("\5", ">>"), ("\6", ">"), ("\7", "()"), ("\x0e", "->")):
        name = name.replace(stand_in, operator)
    name = re.sub(r"( const| volatile| &|&&| noexcept)+$", "", name.replace("std::__1::", "std::"))
    name = re.sub(r" const(?=::)", "", name)
    if " " in name and "operator" not in name:  # the return type of a template
        name = name.rsplit(" ", 1)[1]
    suffix = f" [{clone.group(1) or clone.group(2)}]" if clone else ""
    return name.replace("{anonymous}::", "")[:LONGEST_NAME] + suffix


def functions(path, code):
    """Bytes of code in front of it -> name. Of several names for one place (identical code is folded) the first stays."""
    listing = subprocess.run(["llvm-nm-19", "--defined-only", "--numeric-sort", "--demangle", path], check=True,
                             capture_output=True, text=True).stdout
    found = {}
    for line in listing.splitlines():
        address, kind, name = line.split(" ", 2)
        if kind not in "tTwW" or name.startswith(".L"):
            continue
        before = 0
        for begin, size in code:
            offset = int(address, 16) - begin
            if 0 <= offset < size:
                found.setdefault(before + offset, shorten(name))
            before += size
    return sorted(found.items())


def varint(number):
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def pair_up(texts):
    """Byte pair encoding: replaces the most frequent pairs of bytes by bytes that no text has; 128 of them. Returns the texts and what
    the new bytes stand for. A few pairs a round: nearly as good as one, and many times as fast."""
    packed = b"\0".join(texts)
    meaning = bytearray()
    while len(meaning) < 256:
        frequent = [pair for pair, count in collections.Counter(zip(packed, packed[1:])).most_common(PAIRS_A_ROUND)
                    if 0 not in pair and count > 2]
        taken = set()
        for pair in frequent:
            if len(meaning) == 256 or taken.intersection(pair):
                continue
            taken.update(pair)
            packed = packed.replace(bytes(pair), bytes([128 + len(meaning) // 2]))
            meaning += bytes(pair)
        if not taken:
            break
    return packed.split(b"\0"), bytes(meaning.ljust(256, b"\0"))


def encode(symbols):
    if not symbols:
        return struct.pack("<I", 0)
    offsets, rests, common_with_last = [], [], []
    last_offset, last_name = 0, b""
    for offset, name in symbols:
        name = name.encode("ascii", "replace")
        common = len(os.path.commonprefix([name, last_name]))
        offsets.append(varint(offset - last_offset))
        common_with_last.append(common)
        rests.append(name[common:])
        last_offset, last_name = offset, name
    packed, meaning = pair_up(rests)
    table = bytearray(struct.pack("<I", len(symbols)) + meaning)
    for offset, common, rest in zip(offsets, common_with_last, packed, strict=True):
        table += offset + bytes([common]) + rest + b"\0"
    return bytes(table)


def hash_of(name):
    number = 0x811C9DC5
    for byte in name.encode():
        number = (number ^ byte) * 0x01000193 & 0xFFFFFFFF
    return number


def type_names(path):
    """The table of types; empty when nothing in the image throws."""
    listing = subprocess.run(["llvm-nm-19", "--defined-only", "--format=just-symbols", path], check=True, capture_output=True,
                             text=True).stdout.split()
    mangled = sorted({name for name in listing if name.startswith("_ZTS")}) if "__cxa_throw" in listing else []
    if not mangled:
        return b""
    names = subprocess.run(["llvm-cxxfilt-19"], input="\n".join(mangled), check=True, capture_output=True, text=True).stdout.splitlines()
    table = bytearray(struct.pack("<I", len(mangled)))
    for symbol, name in zip(mangled, names, strict=True):
        name = name.removeprefix("typeinfo name for ").replace("std::__1::", "std::")
        table += struct.pack("<I", hash_of(symbol[4:])) + name.encode()[:LONGEST_NAME] + b"\0"
    return bytes(table)


def assemble(tables, folder):
    """An object file that holds the tables, by the names of their symbols."""
    source, target = folder / "tables.S", folder / "tables.o"
    text = ""
    for name, table in tables.items():
        blob = folder / f"{name}.bin"
        blob.write_bytes(table)
        text += f"""    .section .rodata.{name}, "a", @progbits
    .globl {name}
    .hidden {name}
    .type {name}, @object
{name}:
    .incbin "{blob}"
    .size {name}, . - {name}
"""
    source.write_text(text + '    .section .note.GNU-stack, "", @progbits\n')
    subprocess.run(["clang-19", "--target=x86_64-linux-musl", "-c", source, "-o", target], check=True)
    return str(target)


def link(command):
    status = subprocess.run(command, check=False).returncode
    if status != 0:
        sys.exit(status)


def needed(path):
    """Options that the image of a first link asks for."""
    here = pathlib.Path(__file__)
    symbols = subprocess.run(["llvm-nm-19", "--defined-only", "--format=just-symbols", path], check=True, capture_output=True,
                             text=True).stdout.split()
    options = []
    if sum(size for _, size in code_ranges(path)) >= LARGE:
        options.append(f"-Wl,-T,{here.with_name('cold.ld')}")
    if "main" in symbols:
        options.append("-Wl,-u,holm_run_plain_main")
    if not any(symbol.startswith("_Unwind_") for symbol in symbols):
        options.append(f"-Wl,-T,{here.with_name('no_unwinder.ld')}")
    return options


def main():
    command = sys.argv[1:]
    output = pathlib.Path(command[command.index("-o") + 1])
    with tempfile.TemporaryDirectory() as folder:
        # Both links have the same sections: a seed that shuffles them gives the same order twice.
        empty = encode([])
        no_tables = assemble({"holm_symbol_table": empty, "holm_type_names": empty}, pathlib.Path(folder))
        link([*command, no_tables])
        if more := needed(output):
            command += more
            link([*command, no_tables])
        code = code_ranges(output)
        tables = {"holm_symbol_table": encode(functions(output, code)), "holm_type_names": type_names(output) or empty}
        link([*command, assemble(tables, pathlib.Path(folder))])
    if [size for _, size in code_ranges(output)] != [size for _, size in code]:
        sys.exit(f"link_image.py: {output}: the table of functions changed the code")


if __name__ == "__main__":
    main()

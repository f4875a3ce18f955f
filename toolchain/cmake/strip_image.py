#!/usr/bin/python3
"""strip_image.py LINKED IMAGE: the image that is run, from what the linker made.

Without symbols, debug information and section headers: tenders and VMMs read program headers. A segment that has no bytes in the
file still has a place there, at the start of a page behind the last byte; it is given place 0, and the file ends with what it holds.
"""
import struct
import subprocess
import sys

PT_LOAD = 1
OFFSET_IN_HEADER, SIZE_IN_HEADER = 8, 32  # p_offset, p_filesz


def main():
    linked, image = sys.argv[1:]
    subprocess.run(["llvm-strip-19", "--strip-all", "--strip-sections", "-o", image, linked], check=True)
    with open(image, "r+b") as file:
        header = file.read(64)
        table, = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        end = table + size * count
        for at in range(table, end, size):
            file.seek(at)
            entry = file.read(size)
            kind, = struct.unpack_from("<I", entry)
            offset, = struct.unpack_from("<Q", entry, OFFSET_IN_HEADER)
            length, = struct.unpack_from("<Q", entry, SIZE_IN_HEADER)
            end = max(end, offset + length if length != 0 else 0)
            if kind == PT_LOAD and length == 0:
                file.seek(at + OFFSET_IN_HEADER)
                file.write(bytes(8))
        file.truncate(end)


if __name__ == "__main__":
    main()

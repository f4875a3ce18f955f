"""Files that are no good images: one clear sentence each, the place included, and no crash."""

import os
import struct
import subprocess

import pytest

from tests.image import probe

LOAD, DYNAMIC, NOTE, STACK = 1, 2, 4, 0x6474E551
PHDR_SIZE = 56


class Image:
    """The probe's bytes, to be spoiled."""

    def __init__(self):
        self.bytes = bytearray(probe.PROBE.read_bytes())

    def put(self, offset, layout, value):
        struct.pack_into("<" + layout, self.bytes, offset, value)

    def header(self, kind, which=0):
        """The file offset of the which-th program header of a kind."""
        (count,) = struct.unpack_from("<H", self.bytes, 56)
        offsets = [64 + i * PHDR_SIZE for i in range(count)]
        return [at for at in offsets if struct.unpack_from("<I", self.bytes, at)[0] == kind][which]

    def field(self, at, name):
        place = {"p_flags": (4, "I"), "p_offset": (8, "Q"), "p_vaddr": (16, "Q"), "p_filesz": (32, "Q"), "p_memsz": (40, "Q")}
        return at + place[name][0], place[name][1]

    def set(self, kind, which, name, value):
        offset, layout = self.field(self.header(kind, which), name)
        self.put(offset, layout, value)

    def get(self, kind, which, name):
        offset, layout = self.field(self.header(kind, which), name)
        return struct.unpack_from("<" + layout, self.bytes, offset)[0]

    def manifest(self):
        return self.bytes.index(b"Holm\0\0\0\0") + 8

    def relr(self):
        """The file offset of the RELR table, from the dynamic section."""
        at = self.get(DYNAMIC, 0, "p_offset")
        while True:
            tag, value = struct.unpack_from("<QQ", self.bytes, at)
            if tag == 36:
                return value - self.get(LOAD, 0, "p_vaddr")
            at += 16


def refusal(tmp_path, image):
    path = tmp_path / "bad"
    path.write_bytes(bytes(image.bytes if isinstance(image, Image) else image))
    done = probe.run("report", image=path)
    assert done.returncode == probe.REFUSED, done
    assert done.stdout == "" and done.stderr.startswith(f"holm-process: {path}: ") and done.stderr.count("\n") == 1
    return done.stderr.removeprefix(f"holm-process: {path}: ").rstrip("\n")


CASES = {
    "machine": (lambda i: i.put(18, "H", 183), "ELF header, file offset 0x12: e_machine is 0xb7; allowed: 0x3e, x86-64"),
    "not a PIE": (lambda i: i.put(16, "H", 2), "e_type is 0x2; allowed: 3 (ET_DYN), a static PIE"),
    "32 bits": (lambda i: i.put(4, "B", 1), "EI_CLASS is 0x1"),
    "headers beyond the file": (lambda i: i.put(32, "Q", 2**64 - 8), "e_phoff is 0xfffffffffffffff8"),
    "entry in data": (lambda i: i.put(24, "Q", i.get(LOAD, 3, "p_vaddr")), "e_entry is "),
    "writable and executable": (lambda i: i.set(LOAD, 1, "p_flags", 7), "p_flags is 0x7; allowed: never writable and executable"),
    "overlap": (lambda i: i.set(LOAD, 2, "p_vaddr", i.get(LOAD, 1, "p_vaddr")), "at least the end of the segment before it"),
    "not ascending": (lambda i: i.set(LOAD, 2, "p_vaddr", 0x1000), "at least the end of the segment before it"),
    "not page aligned": (lambda i: i.set(LOAD, 1, "p_vaddr", 0x201008), "p_vaddr is 0x201008; allowed: a multiple of the page size"),
    "absurd size": (lambda i: i.set(LOAD, 3, "p_memsz", 2**63), "p_memsz is 0x8000000000000000; allowed: 1 to, 0x40000000"),
    "beyond the file": (lambda i: i.set(LOAD, 3, "p_filesz", 2**40), "p_filesz is 0x10000000000; allowed: at most the rest of the file"),
    "offset beyond the file": (lambda i: i.set(LOAD, 3, "p_offset", 2**40), "p_offset is 0x10000000000"),
    "less memory than file": (lambda i: i.set(LOAD, 3, "p_memsz", 1), "allowed: at most p_memsz, 0x1"),
    "executable stack": (lambda i: i.set(STACK, 0, "p_flags", 7), "allowed: a stack that is not executable"),
    "relocation of text": (lambda i: i.put(i.relr(), "Q", i.get(LOAD, 1, "p_vaddr")), "RELR entry 0, file offset "),
    "relocation out of range": (lambda i: i.put(i.relr(), "Q", 2**64 - 2), "RELR entry 0, file offset "),
    "dynamic section in text": (lambda i: i.set(DYNAMIC, 0, "p_vaddr", i.get(LOAD, 1, "p_vaddr")), "of a writable PT_LOAD"),
    "no manifest": (lambda i: i.put(i.manifest() - 12, "I", 7), "not a Holm image: there is no manifest"),
    "manifest version": (lambda i: i.put(i.manifest(), "I", 2), "version is 0x2; allowed: 1"),
    "manifest devices": (lambda i: i.put(i.manifest() + 12, "I", 65), "device_count is 0x41; allowed: 0 to 64"),
    "manifest name": (lambda i: i.put(i.manifest() + 40, "B", 27), "name is 0x1b"),
    "upcall out of text": (lambda i: i.put(i.manifest() + 36, "i", -(2**31)), "upcall is 0x80000000"),
    "wrong platform": (lambda i: i.put(i.manifest() + 8, "I", 2), 'without the platform "process"'),
    "block device missing": (lambda i: i.put(i.manifest() + 72 + 36, "I", 0), "the image needs the block device disk; grant it with --block disk=..."),
    "net device missing": (lambda i: i.put(i.manifest() + 112 + 36, "I", 0), "the image needs the net device lan; grant it with --net lan=..."),
}


@pytest.mark.parametrize("name", CASES)
def test_spoiled_images_are_refused(tmp_path, name):
    spoil, expected = CASES[name]
    image = Image()
    spoil(image)
    assert expected in refusal(tmp_path, image)


def test_files_of_another_kind_are_refused(tmp_path):
    for content in (b"", b"#!/bin/sh\necho this is a script, and longer than an ELF header is\n", open("/bin/true", "rb").read()):
        assert "not a Holm image: there is no manifest" in refusal(tmp_path, content)
    for path, why in ((tmp_path / "missing", "No such file or directory"), (tmp_path, "not a regular file")):
        done = probe.run(image=path)
        assert done.returncode == probe.REFUSED and done.stderr == f"holm-process: {path}: {why}\n"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert probe.run(image=pipe).stderr == f"holm-process: {pipe}: not a regular file\n"


def test_every_truncation_is_refused_or_runs(tmp_path):
    """No length of the file crashes the tender. (What follows the last segment may be missing.)"""
    whole = Image().bytes
    end = Image().get(LOAD, 3, "p_offset") + Image().get(LOAD, 3, "p_filesz")
    for size in [*range(0, 1200, 37), *range(1200, end, 997), end - 1]:
        refusal(tmp_path, whole[:size])


def test_an_image_that_is_run_directly_does_not_start():
    done = subprocess.run(["/bin/sh", "-c", str(probe.PROBE)], capture_output=True, text=True, check=False)
    assert done.returncode == 127 and "not found" in done.stderr

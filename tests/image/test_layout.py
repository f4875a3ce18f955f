"""What the linker makes of every image: DESIGN §4, read off the file with LLVM's reader."""

import json
import pathlib
import subprocess

import pytest

from tests.support.instance import IMAGES

PAGE = 4096
EXECUTE, WRITE = 1, 2


def readelf(image, *options):
    done = subprocess.run(["llvm-readelf-19", "--elf-output-style=JSON", *options, image], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)[0]


def images():
    return sorted(path for folder in (IMAGES, IMAGES / "tests") for path in folder.glob("*")
                  if path.is_file() and not path.suffix)


def headers(image):
    return [entry["ProgramHeader"] for entry in readelf(image, "--program-headers")["ProgramHeaders"]]


def of_type(image, name):
    return [header for header in headers(image) if header["Type"]["Name"] == name]


@pytest.fixture(params=images(), ids=lambda path: path.name)
def image(request):
    return request.param


def test_no_segment_is_writable_and_executable(image):
    loads = of_type(image, "PT_LOAD")
    assert len(loads) >= 3
    for header in loads:
        assert header["Flags"]["Value"] & (WRITE | EXECUTE) != WRITE | EXECUTE
    assert any(header["Flags"]["Value"] & EXECUTE for header in loads)
    assert not of_type(image, "PT_GNU_STACK")[0]["Flags"]["Value"] & EXECUTE


def test_segments_share_no_page(image):
    end = 0
    for header in of_type(image, "PT_LOAD"):
        assert header["VirtualAddress"] % PAGE == 0 and header["Offset"] % PAGE == 0
        assert header["VirtualAddress"] >= end
        end = header["VirtualAddress"] + header["MemSize"]


def test_relro_covers_whole_pages(image):
    (relro,) = of_type(image, "PT_GNU_RELRO")
    assert relro["VirtualAddress"] % PAGE == 0
    assert (relro["VirtualAddress"] + relro["MemSize"]) % PAGE == 0


def test_the_interpreter_does_not_exist(image):
    (header,) = of_type(image, "PT_INTERP")
    content = image.read_bytes()[header["Offset"]:header["Offset"] + header["FileSize"]]
    name = content.rstrip(b"\0").decode()
    assert name == "/holm/run-this-image-with-the-holm-command"
    assert not pathlib.Path(name).exists()


def test_only_relative_relocations_and_packed(image):
    entries = {entry["Type"]: entry["Value"] for entry in readelf(image, "--dynamic-table")["DynamicSection"]}
    tags = subprocess.run(["llvm-readelf-19", "-d", image], capture_output=True, text=True, check=True).stdout
    assert "(NEEDED)" not in tags and "(TEXTREL)" not in tags and "(SYMBOLIC)" not in tags and entries
    assert "(RELR)" in tags or "(RELA)" not in tags


def test_stripped_with_its_debug_file_beside_it(image):
    notes = [subprocess.run(["llvm-readelf-19", "--notes", path], capture_output=True, text=True, check=True).stdout
             for path in (image, image.with_name(image.name + ".debug"))]
    build_ids = {line.strip() for text in notes for line in text.splitlines() if "Build ID" in line}
    assert len(build_ids) == 1
    stripped, linked = ({section["Section"]["Name"]["Name"] for section in readelf(path, "--sections")["Sections"]}
                        for path in (image, image.with_name(image.name + ".debug")))
    assert not stripped & {".symtab", ".debug_info"} and {".symtab", ".debug_info", ".note.holm"} <= linked


def test_no_instruction_enters_the_kernel(image):
    if image.name in ("hostile", "probe", "selftest"):
        pytest.skip("it brings system call instructions of its own, to see them refused")
    # The image has no sections, which a disassembler wants; the file it was stripped from has the same code.
    linked = image.with_name(image.name + ".debug")
    code = subprocess.run(["llvm-objdump-19", "-d", "--no-show-raw-insn", "--no-leading-addr", linked], capture_output=True,
                          text=True, check=True).stdout
    assert "<holm_start>:" in code
    found = {" ".join(line.split()) for line in code.splitlines() if line.split() and line.split()[0] in ("syscall", "sysenter", "int")}
    # The service call of the ring-0 stub under stock VMMs. Linux makes it a SIGSEGV: it enters no system call.
    assert found <= {"int $0x4"}

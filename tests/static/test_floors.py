"""Each folder at the root is a floor and includes only floors below it (docs/house.md)."""

import re

from tests.static.tree import ROOT, files

# What a floor may include beside itself.
BELOW = {
    "abi": set(),
    "base": set(),
    "net": {"base"},
    "services": {"base", "net"},
    "kernel": {"abi", "base", "net"},
    "sdk": {"abi", "base", "net", "services", "kernel"},
    "tender": {"abi", "base"},
    "cli": {"abi", "base", "tender", "net", "services"},  # the last two: the compilers of what images are configured with
    "examples": {"sdk"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
RAW_STRING = re.compile(r'R"(\w*)\(.*?\)\1"', re.DOTALL)  # a template of a program has includes of its own


def floor_of(include, file):
    """The floor an include names, or None for a header from outside the tree."""
    if (file.parent / include).is_file():
        return None  # beside the file: its own floor
    if (ROOT / "sdk" / include).is_file():
        return "sdk"
    return include.split("/")[0] if (ROOT / include).is_file() else None


def test_every_include_goes_down():
    wrong = []
    for file in files(".h", ".c", ".cpp", ".S"):
        own = file.relative_to(ROOT).parts[0]
        if own not in BELOW:
            continue
        for include in INCLUDE.findall(RAW_STRING.sub('""', file.read_text(errors="replace"))):
            floor = floor_of(include, file)
            if floor is not None and floor != own and floor not in BELOW[own]:
                wrong.append(f"{file.relative_to(ROOT)} includes {include}: {own} may use {sorted(BELOW[own]) or 'nothing'}")
    assert not wrong, "\n".join(wrong)


def test_an_include_names_its_floor():
    """"net/tcp/connection.h", not "connection.h" or "../tcp/connection.h": the floor is read off the include."""
    wrong = []
    for file in files(".h", ".c", ".cpp"):
        if file.relative_to(ROOT).parts[0] not in BELOW.keys() - {"examples"}:
            continue
        for include in re.findall(r'^\s*#\s*include\s*"([^"]+)"', file.read_text(errors="replace"), re.MULTILINE):
            if include.startswith("..") or (ROOT / include).is_file() is False and (ROOT / "sdk" / include).is_file() is False:
                wrong.append(f'{file.relative_to(ROOT)} includes "{include}"')
    assert not wrong, "\n".join(wrong)


def test_packets_are_cast_in_wire_only():
    """Casts to a header type; casts of memory the code made itself (chunks, arenas) are something else."""
    cast = re.compile(r"reinterpret_cast<[^>]*(wire::|Header|Packet|Segment)")
    wrong = [str(file.relative_to(ROOT)) for file in files(".h", ".cpp")
             if file.relative_to(ROOT).parts[0] == "net" and file.relative_to(ROOT).parts[1] != "wire"
             and cast.search(file.read_text(errors="replace"))]
    assert not wrong, wrong

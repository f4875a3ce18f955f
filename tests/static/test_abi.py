"""What image and tender agree on: the layout of every structure in abi/ is the one that was committed.

After a change that is meant (and raised the version of what it touches): python3 -m tests.static.test_abi
"""

import re
import subprocess
import tempfile

from tests.static.tree import ROOT

GOLDEN = ROOT / "tests" / "static" / "abi_layouts.txt"


def layouts():
    """clang's dump of each struct and union named holm_* that a header of abi/ defines, seen as C."""
    headers = sorted((ROOT / "abi").glob("*.h"))
    with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
        source.writelines(f'#include "abi/{header.name}"\n' for header in headers)
        source.flush()
        command = ["clang-19", f"-I{ROOT}", "-std=c17", "-fsyntax-only", "-Xclang", "-fdump-record-layouts-complete", source.name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    records = [record.strip("\n") for record in done.stdout.split("*** Dumping AST Record Layout\n")]
    ours = [record for record in records if re.match(r" *0 \| (struct|union) holm_", record)]
    # The place of an unnamed union in its file is not part of the layout.
    return re.sub(r"\((unnamed|anonymous) at [^)]*\) ?", r"(\1)", "\n\n".join(ours)) + "\n"


def test_layouts_are_the_committed_ones():
    assert layouts() == GOLDEN.read_text()


def test_the_main_structures_are_among_them():
    for name in ("holm_manifest", "holm_manifest_device", "holm_boot_info", "holm_boot_device", "holm_embedded_entry"):
        assert re.search(rf"\| struct {name}$", GOLDEN.read_text(), re.MULTILINE), name


if __name__ == "__main__":
    GOLDEN.write_text(layouts())

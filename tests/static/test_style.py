"""Formatting, scripts, and what must never be in the repository."""

import concurrent.futures
import re
import shutil
import subprocess

import pytest

from tests.static.tree import ROOT, files


def test_sources_are_formatted():
    sources = [str(path) for path in files(".h", ".cpp")]
    halves = [sources[::2], sources[1::2]]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        done = pool.map(lambda half: subprocess.run(["clang-format-19", "--dry-run", *half], cwd=ROOT, capture_output=True,
                                                    text=True, check=False), halves)
    wrong = sorted({line.split(":")[0] for run in done for line in run.stderr.splitlines() if "clang-format-violations" in line})
    assert not wrong, "clang-format-19 -i " + " ".join(wrong)


def test_headers_have_one_guard():
    wrong = [str(path.relative_to(ROOT)) for path in files(".h") if "#pragma once" not in path.read_text(errors="replace")]
    assert not wrong, wrong


def test_shell_scripts():
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    scripts = [path for path in files() if path.suffix == ".sh" or path.read_bytes()[:11] == b"#!/bin/bash"]
    done = subprocess.run(["shellcheck", "-x", *scripts], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_paths_of_a_machine():
    """The tree works anywhere: no home folders, no names of package hosts."""
    banned = re.compile(rb"/work/|/root/[.a-z]|[a-z]\.debian\.(?:org|net)")
    here = ROOT / "tests" / "static" / "test_style.py"
    wrong = [f"{path.relative_to(ROOT)}: {found[0].decode()}" for path in files() if path != here
             and (found := banned.search(path.read_bytes()))]
    assert not wrong, wrong

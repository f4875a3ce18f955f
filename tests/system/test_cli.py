"""The holm command line: help, mistakes, and files that are no images."""

import os

import pytest

from tests.support.command import holm, need
from tests.support.instance import IMAGES


@pytest.mark.parametrize("command", [[], ["new"], ["build"], ["run"], ["inspect"], ["ps"], ["stop"], ["logs"], ["doctor"], ["demo"], ["up"], ["down"], ["restart"], ["exec"]])
def test_help_is_there(command):
    result = holm(*command, "--help")
    assert result.returncode == 0
    assert "Usage: holm" in result.stdout and not result.stderr


@pytest.mark.parametrize("words, complaint", [
    (["biuld"], 'unknown command "biuld", did you mean "build"?; allowed: '),
    (["frobnicate"], 'unknown command "frobnicate"; allowed: '),
    (["run"], "IMAGE is required"),
    (["run", "hello", "--tender", "xen"], '--tender: "xen" is not known; allowed: process'),
    (["run", "hello", "-p", "80"], '-p "80": there is one port only; allowed: [ADDRESS:]HOSTPORT:GUESTPORT'),
    (["run", "hello", "-p", "1:2", "-p", "1:3"], "-p names port 1 of 127.0.0.1 twice"),
    (["run", "hello", "--grace", "5"], '"5" is not a time; allowed: '),
    (["run", "hello", "--frobnicate"], "--frobnicate"),
    (["new", "Hello"], '"Hello" is not a name; a name starts with a lower-case letter'),
    (["new", "x", "--template", "y"], '--template: "y" is not known; allowed: hello, web'),
    (["build", "--", "x"], 'words behind "--" are for holm run'),
    (["stop"], "INSTANCE is required"),
    (["exec"], "CLIENT is required"),
    (["exec", "client"], "COMMAND is required"),
])
def test_a_wrong_command_line_is_said_in_one_line(words, complaint):
    result = holm(*words)
    assert result.returncode == 2
    assert complaint in result.stderr and result.stderr.startswith("holm: ") and result.stderr.count("\n") == 1


@pytest.fixture
def no_images(tmp_path):
    """Files that are no images, by what is wrong with them."""
    (tmp_path / "text").write_text("#!/bin/sh\n")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "short").write_bytes(b"\x7fELF" + bytes(20))
    (tmp_path / "program").write_bytes(open("/bin/true", "rb").read())
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@pytest.mark.parametrize("command, status", [("run", 125), ("inspect", 1)])
@pytest.mark.parametrize("file", ["text", "empty", "folder", "short", "program", "fifo", "missing", "/dev/zero"])
def test_what_is_no_image_is_refused_with_one_sentence(no_images, runtime, command, status, file):
    result = holm(command, file if file.startswith("/") else f"./{file}", cwd=no_images, runtime=runtime, timeout=100)
    assert result.returncode == status, result.stderr
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("holm"), result.stderr
    assert not result.stdout
    if file in ("text", "empty", "short", "program"):
        assert "is not a Holm image: it is" in result.stderr and "holm build makes images" in result.stderr


def test_an_image_with_a_spoiled_header_is_refused_for_what_is_wrong(tmp_path, runtime):
    need("hello")
    spoiled = bytearray((IMAGES / "hello").read_bytes())
    spoiled[18] ^= 0xff  # e_machine
    (tmp_path / "spoiled").write_bytes(spoiled)
    for command, status in (("run", 125), ("inspect", 1)):
        result = holm(command, "./spoiled", cwd=tmp_path, runtime=runtime)
        assert result.returncode == status and "e_machine" in result.stderr and "allowed: " in result.stderr


def test_a_truncated_image_is_refused(tmp_path, runtime):
    need("hello")
    (tmp_path / "cut").write_bytes((IMAGES / "hello").read_bytes()[:20000])
    for command, status in (("run", 125), ("inspect", 1)):
        result = holm(command, "./cut", cwd=tmp_path, runtime=runtime)
        assert result.returncode == status and "allowed: " in result.stderr

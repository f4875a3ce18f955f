"""`./holm install` into a folder, and a project of someone else's that uses it."""

import shutil
import subprocess

import pytest

from tests.support.instance import ROOT

pytestmark = [pytest.mark.xdist_group("installation"), pytest.mark.long]

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(greeting LANGUAGES CXX)
find_package(Holm REQUIRED)
holm_add_image(greeting SOURCES main.cpp CONFIG holm.toml)
"""
PROGRAM = """
#include <cstdio>
int main(int argc, char** argv) { std::printf("%d %s\\n", argc, argv[argc - 1]); return 7; }
"""


def run(*command, **named):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False,
                          **named)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    done = run("cmake", "--install", ROOT / "build", "--prefix", prefix)
    assert done.returncode == 0, done.stderr
    return prefix


@pytest.fixture
def project(tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT)
    (tmp_path / "main.cpp").write_text(PROGRAM)
    (tmp_path / "holm.toml").write_text('[image]\narguments = ["--from-toml"]\n')
    return tmp_path


def configure(project, prefix, compiler="clang++-19"):
    return run("cmake", "-G", "Ninja", "-S", project, "-B", project / "build", f"-DCMAKE_CXX_COMPILER={compiler}",
               f"-DCMAKE_PREFIX_PATH={prefix}")


@pytest.mark.parametrize("where", ["installation", "build folder"])
def test_a_project_builds_and_runs(project, installed, where):
    prefix = installed if where == "installation" else ROOT / "build"
    done = configure(project, prefix)
    assert done.returncode == 0, done.stderr
    done = run("ninja", "-C", project / "build")
    assert done.returncode == 0, done.stdout
    image = project / "build" / "images" / "greeting"
    done = run(prefix / "bin" / "holm-process", image)
    assert (done.returncode, done.stdout) == (7, "2 --from-toml\n"), done.stderr


def test_the_same_sources_make_the_same_image_elsewhere(tmp_path, installed):
    made = []
    for folder, seed in (("here", 5), ("elsewhere", 5), ("other", 6)):
        project = tmp_path / folder
        project.mkdir()
        (project / "CMakeLists.txt").write_text(PROJECT)
        (project / "main.cpp").write_text(PROGRAM)
        (project / "holm.toml").write_text(f"[image]\nshuffle_seed = {seed}\n")
        assert configure(project, installed).returncode == 0
        assert run("ninja", "-C", project / "build").returncode == 0
        made.append((project / "build" / "images" / "greeting").read_bytes())
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_nothing_installed_points_into_the_tree(installed):
    assert str(ROOT) not in (installed / "lib/cmake/Holm/HolmConfig.cmake").read_text()


@pytest.mark.skipif(shutil.which("c++") is None, reason="there is no other compiler, c++")
def test_another_compiler_is_refused_with_a_sentence(project, installed):
    done = configure(project, installed, "c++")
    assert done.returncode != 0
    assert "clang 19" in done.stderr and "holm build" in done.stderr


def test_a_mistake_in_the_configuration_names_its_place(project, installed):
    (project / "holm.toml").write_text('[image]\nargument = []\n')
    configure(project, installed)
    done = run("ninja", "-C", project / "build")
    assert done.returncode != 0 and "holm.toml:2:1" in done.stdout


COMPILER = """#!/bin/sh
# --output FILE --depfile FILE ARGUMENT INPUT; refuses "wrong", follows "include FILE".
input=$6
echo "$2: $(dirname "$6")/other.txt" >"$4"
case $(cat "$input") in wrong) echo "$input:1:1: wrong is wrong; allowed: anything else" >&2; exit 1 ;; esac
{ echo "$5"; cat "$input" "$(dirname "$input")/other.txt"; } >"$2"
"""


def test_a_compiled_file_follows_its_inputs(project, installed):
    (project / "CMakeLists.txt").write_text(PROJECT + """
add_executable(compiler IMPORTED)
set_target_properties(compiler PROPERTIES IMPORTED_LOCATION ${CMAKE_SOURCE_DIR}/compiler)
holm_compiled_file(IMAGE greeting TOOL compiler OUTPUT etc/table INPUTS input.txt ARGS first)
""")
    (project / "main.cpp").write_text("""
#include <cstdio>
int main() {
    std::FILE* table = std::fopen("/etc/table", "r");
    for (int c; (c = std::fgetc(table)) != EOF;) std::putchar(c);
}
""")
    compiler = project / "compiler"
    compiler.write_text(COMPILER)
    compiler.chmod(0o755)
    (project / "other.txt").write_text("third\n")
    assert configure(project, installed).returncode == 0
    for text in ("second\n", "zweite\n"):
        (project / "input.txt").write_text(text)
        done = run("ninja", "-C", project / "build")
        assert done.returncode == 0, done.stdout
        done = run(installed / "bin" / "holm-process", project / "build/images/greeting")
        assert done.stdout == f"first\n{text}third\n", done.stderr
    (project / "other.txt").write_text("dritte\n")  # which only the depfile names
    assert run("ninja", "-C", project / "build").returncode == 0
    assert run(installed / "bin" / "holm-process", project / "build/images/greeting").stdout.endswith("dritte\n")
    assert "no work to do" in run("ninja", "-C", project / "build").stdout
    (project / "input.txt").write_text("wrong\n")
    done = run("ninja", "-C", project / "build")
    assert done.returncode != 0 and "input.txt:1:1: wrong is wrong" in done.stdout

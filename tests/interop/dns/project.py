"""examples/dns with other zones, as a project of somebody's own."""

import subprocess

from tests.interop.dns import servers
from tests.support.instance import ROOT

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(named LANGUAGES C CXX ASM)
find_package(Holm REQUIRED)
holm_add_image(named SOURCES {sources}/main.cpp CONFIG holm.toml)
holm_compiled_file(IMAGE named TOOL holm-zone OUTPUT zones INPUTS dns.toml)
"""


def image_of(folder, zones, lists=None, keys=None):
    """Builds it in `folder`; the image's path."""
    servers.server_file(folder, zones, lists, keys)
    sources = ROOT / "examples" / "dns"
    (folder / "CMakeLists.txt").write_text(PROJECT.format(sources=sources))
    (folder / "holm.toml").write_text((sources / "holm.toml").read_text().replace('name = "dns"', 'name = "named"'))
    for command in (["cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", "-DCMAKE_CXX_COMPILER=clang++-19",
                     "-DCMAKE_C_COMPILER=clang-19", f"-DHolm_DIR={ROOT}/build/lib/cmake/Holm"], ["ninja", "-C", folder / "build"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "images" / "named"

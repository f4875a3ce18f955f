"""Builds a preset's folder, quietly: what went wrong is shown, the rest is in the log."""

import os
import pathlib
import subprocess

from tests.runner import child

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = {"release": ROOT / "build", "check": ROOT / "build" / "check"}
# The user's flags are for the user's programs; a terminal would make ctest and pytest draw.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("CFLAGS", "CXXFLAGS", "LDFLAGS", "CPPFLAGS")}


class BuildFailed(Exception):
    pass


def build(preset, *targets):
    folder = FOLDERS[preset]
    log = ROOT / "build" / f"test-build-{preset}.log"
    log.parent.mkdir(exist_ok=True)
    with open(log, "w") as output:
        if not (folder / "build.ninja").exists():
            _step(["cmake", "-S", str(ROOT), "--preset", preset], output, log)
        _step(["ninja", "-C", str(folder), *targets], output, log)
    return folder


def _step(command, output, log):
    print(f"    {' '.join(command[:3])} …", flush=True)
    if child.run(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=ENVIRONMENT) != 0:
        lines = log.read_text(errors="replace").splitlines()
        start = next((i for i, line in enumerate(lines) if line.startswith("FAILED")), max(0, len(lines) - 20))
        print("\n".join(line[:300] for line in lines[start:start + 40]))
        raise BuildFailed(f"{command[0]} failed; the whole output is in {log.relative_to(ROOT)}")

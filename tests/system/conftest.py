"""What the tests of the holm command have in common."""

import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile

import pytest

from tests.support.command import HOLM, may_make_namespaces, need
from tests.support.instance import BIN, IMAGES
from tests.support.topology import COMPOSE
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def built():
    if not HOLM.exists():
        pytest.skip("build/bin/holm is not built")


@pytest.fixture
def runtime(tmp_path):
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def user():
    """A user made for the test: name and an own folder with the programs and images, as an installation would have them."""
    if os.geteuid() != 0:
        pytest.skip("making a user needs root; the other tests of -p run as an ordinary user then")
    for program in ("useradd", "userdel", "setpriv"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    name = f"holm-test-{secrets.token_hex(3)}"
    made = subprocess.run(["useradd", "--no-create-home", "--no-user-group", "--gid", "nogroup", "--shell", "/usr/sbin/nologin", name],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no user can be made here: {made.stderr.strip()}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="holm-test-"))
    try:
        os.chmod(folder, 0o755)
        for program in ("holm", "holm-process"):
            shutil.copy2(BIN / program, folder)
        (folder / "runtime").mkdir(mode=0o700)
        shutil.chown(folder / "runtime", name)
        yield name, folder
    finally:
        shutil.rmtree(folder)
        # It stays while a process of its own has not ended.
        until(lambda: subprocess.run(["userdel", name], capture_output=True, check=False).returncode == 0, f"userdel {name}")


@pytest.fixture
def project(tmp_path):
    may_make_namespaces()
    need("web")
    need("echo")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "holm.compose.toml").write_text(COMPOSE.format(name=f"t{os.getpid()}", images=IMAGES))
    return folder

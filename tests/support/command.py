"""The holm command, as tests in tests/system run it."""

import contextlib
import os
import random
import shutil
import socket
import subprocess

import pytest

from tests.support.instance import BIN, IMAGES

HOLM = BIN / "holm"


def holm(*words, cwd=None, runtime=None, timeout=300):
    environment = {**os.environ, **({"XDG_RUNTIME_DIR": str(runtime)} if runtime else {})}
    return subprocess.run([str(HOLM), *map(str, words)], capture_output=True, text=True, timeout=timeout, cwd=cwd, env=environment,
                          stdin=subprocess.DEVNULL, check=False)


def need(image):
    if not (IMAGES / image).exists():
        pytest.skip(f"the image {image} is not built")


def passt_or_skip():
    if shutil.which("passt") is None:
        pytest.skip("passt is not installed")
    if "00000000" not in [line.split()[1] for line in open("/proc/net/route").read().splitlines()[1:]]:
        pytest.skip("this machine has no default route, which passt needs")


def free_port():
    with socket.socket() as probe:
        while True:
            # Below those that the kernel hands out, to programs that run beside this one too.
            port = random.randrange(10_000, 32_000)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


def without_root(name, folder):
    """What stands in front of a command for that user to run it, with a /dev/net/tun that he may open."""
    # udev lets everybody open it; where there is no udev, the test brings one of its own.
    subprocess.run(["mknod", "-m", "666", folder / "tun", "c", "10", "200"], check=True)
    words = ["unshare", "-m", "sh", "-c", f'mount --bind {folder}/tun /dev/net/tun && exec "$@"', "sh", "setpriv", f"--reuid={name}", "--regid=nogroup",
             "--clear-groups", "env", f"XDG_RUNTIME_DIR={folder}/runtime", "HOME=/"]
    if subprocess.run([*words, "unshare", "-Un", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("an ordinary user gets no namespaces here")
    return words


def may_make_namespaces():
    if os.geteuid() != 0 and subprocess.run(["unshare", "-Un", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("an ordinary user gets no namespaces here")
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("there is no /dev/net/tun")

"""The filter has nothing to spare: ordinary services make each of the permitted calls."""

import re
import sys

from tests.image.test_system_calls import PERMITTED


def calls_of(instance):
    return set(re.findall(r"^\[holm-process\] (\w+)\(", instance.output(), re.MULTILINE))


# Run in the test's namespace: 200 KB to the echo service and back, which takes segments of all sizes.
CLIENT = """
import socket, threading
peer = socket.create_connection((%r, 7), 60)
data = bytes(200_000)
threading.Thread(target=peer.sendall, args=[data], daemon=True).start()
missing = len(data)
while missing:
    missing -= len(peer.recv(1 << 20))
"""


def test_services_use_every_permitted_call(start, lan):
    echo = start("echo", "--trace-syscalls", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan)
    echo.wait_for("listening")
    done = lan.run(sys.executable, "-c", CLIENT % lan.GUEST)
    assert done.returncode == 0, done.stderr
    assert echo.stop() == 0

    threads = start("tests/library", "--trace-syscalls", arguments=["threads"])
    assert threads.wait() == 0

    used = calls_of(echo) | calls_of(threads)
    assert used == set(PERMITTED.values())

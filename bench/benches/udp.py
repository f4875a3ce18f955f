"""UDP beside Linux: echo of 60 bytes, the image against a server of recvmmsg and sendmmsg."""

from bench.lib import rivals
from bench.lib.machine import compiled
from bench.lib.namespaces import SERVER_ADDRESS

NAME = "udp"
SIZE = 60
UNDER_WAY = 64


def run(report):
    server, client = compiled("echo_server"), compiled("round_trips")

    def round_trips(_, subject):
        trips, seconds = subject.client(client, "udp", SERVER_ADDRESS, "7", str(SIZE), str(UNDER_WAY), str(rivals.SECONDS)).split()
        return int(trips), float(seconds)

    rivals.say_how_busy()
    with rivals.image("echo", 7) as echo, rivals.linux([server, "udp", "7"], None) as peer:
        rivals.compare(report, NAME, f"echo of {SIZE} B", "trips", {"holm echo": echo, "recvmmsg server": peer}, round_trips, 1.5)

"""See the package: plays the scripts named on the command line in this network namespace."""

import asyncio
import fcntl
import json
import os
import struct
import subprocess
import sys

from tests.support.linux_scripts import language, wire
from tests.support.linux_scripts.player import Differs, Player

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000
SETTINGS = ("net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0", "net.ipv4.tcp_no_metrics_save=1")
TRIES = 3


class Arrived(list):
    """Segments for one address that nobody has looked at yet."""

    def __init__(self):
        super().__init__()
        self.changed = asyncio.Event()


class Device:
    """The far end of the wire: a tun device whose peers are all the addresses of 10.79.0.0/16."""

    def __init__(self):
        self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN | IFF_NO_PI))
        for words in ("link set lo up", "link set tun0 up mtu 1500", "addr add 10.80.255.254/32 dev tun0",
                      "route add 10.79.0.0/16 dev tun0", "route replace local 10.80.0.0/16 dev lo"):
            subprocess.run(["ip", *words.split()], check=True)
        subprocess.run(["sysctl", "-q", "-w", *SETTINGS], check=True)
        self._by_address = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.fd, self.drain)

    def subscribe(self, address):
        self._by_address[address] = Arrived()
        return self._by_address[address]

    def unsubscribe(self, address):
        del self._by_address[address]

    def send(self, packet):
        os.write(self.fd, packet)

    def drain(self):
        for _ in range(1000):
            try:
                packet = os.read(self.fd, 65536)
            except BlockingIOError:
                return
            found = wire.decode(packet, self._loop.time())
            if found is not None and found.destination in self._by_address:
                queue = self._by_address[found.destination]
                queue.append(found)
                queue.changed.set()


async def _play(device, number, lines):
    """Once: the verdict and what was different."""
    suffix = struct.pack("!H", number)
    player = Player(device, bytes((10, 80)) + suffix, bytes((10, 79)) + suffix)
    try:
        await player.play(lines)
        return "same", ""
    except Differs as found:
        return "differs", str(found)
    except language.NotApplicable as reason:
        return "not applicable", str(reason)
    finally:
        player.close()


async def _judge(device, gate, numbers, folder, name, most):
    try:
        with open(os.path.join(folder, name + ".script"), encoding="utf-8") as file:
            lines = language.parse(file.read())
        seconds = sum(line.delay for line in lines)
        if seconds > most:
            raise language.NotApplicable(f"takes {seconds:g} s")
    except language.NotApplicable as reason:
        return name, "not applicable", str(reason)
    # A busy machine may be late: what is the same once in a while is the same.
    for attempt in range(TRIES):
        async with gate:
            verdict, detail = await _play(device, numbers.pop(), lines)
        if verdict != "differs":
            break
        await asyncio.sleep(0.05 * attempt)
    return name, verdict, detail


def go_first():
    """Others' work must not look like Linux being late; without the right to real time it may."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pass


async def main():
    go_first()
    folder, most, at_once, names = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    device = Device()
    gate = asyncio.Semaphore(at_once)
    numbers = list(range(1, 60_000))
    for done in asyncio.as_completed([_judge(device, gate, numbers, folder, name, most) for name in names]):
        name, verdict, detail = await done
        print(json.dumps({"script": name, "verdict": verdict, "detail": detail}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())

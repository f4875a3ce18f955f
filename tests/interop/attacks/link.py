"""The attacker's end of a tap: raw frames to the image, and what the image counts (its /metrics)."""

import http.client
import re
import socket
import time

HOST4, GUEST4 = "10.77.0.1", "10.77.0.2"
HOST6, GUEST6 = "fd00:77::1", "fd00:77::2"


class Link:
    def __init__(self, tap="tap0"):
        self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
        self.raw.bind((tap, 0))
        with socket.create_connection((GUEST4, 80), timeout=60):
            pass  # now the kernel has asked for the MAC address of the image
        neighbors = open("/proc/net/arp", encoding="ascii").read()
        self.guest_mac = re.search(rf"(?m)^{re.escape(GUEST4)} .* ([0-9a-f:]{{17}}) ", neighbors)[1]
        self.host_mac = self.own_mac(tap)

    @staticmethod
    def own_mac(tap):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as probe:
            probe.bind((tap, 0))
            return probe.getsockname()[4].hex(":")

    def send(self, frame):
        data = bytes(frame)
        self.raw.send(data.ljust(60, b"\0") if len(data) >= 14 else data)

    @staticmethod
    def counts():
        """Everything that the image counts by a reason or an event, by its name."""
        connection = http.client.HTTPConnection(GUEST4, timeout=60)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return {f"{kind}.{name}": int(value) for kind, name, value in
                re.findall(r'(?m)^(network_drops|tcp_events)_total\{\w+="(\w+)"\} (\d+)$', text)}

    def expect(self, what, counter, least=1, seconds=60):
        """A context in which `counter` must rise by `least`."""
        return _Expectation(self, what, counter, least, seconds)


class _Expectation:
    def __init__(self, link, what, counter, least, seconds):
        self.link, self.what, self.counter, self.least, self.seconds = link, what, counter, least, seconds

    def __enter__(self):
        self.before = self.link.counts()

    def __exit__(self, kind, value, trace):
        if kind is not None:
            return
        deadline = time.monotonic() + self.seconds
        while True:
            after = self.link.counts()
            if after[self.counter] >= self.before[self.counter] + self.least:
                return
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        grown = {name: after[name] - self.before[name] for name in after if after[name] != self.before[name]}
        raise SystemExit(f"{self.what}: {self.counter} should have risen by {self.least}; what rose: {grown}")

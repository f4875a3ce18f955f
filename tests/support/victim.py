"""An image under attack: it must live on, serve, stay small, and say why it drops what it drops."""

import pathlib
import re

# What the instance may hold resident at the end: three times what a thousand connections take.
MOST_RESIDENT_KIB = 24 * 1024


class Victim:
    root = pathlib.Path(__file__).resolve().parents[2]

    def __init__(self, lan, instance, addresses):
        self.lan, self.instance, self.addresses = lan, instance, addresses

    def serves(self, seconds=60):
        """Whether every address answers a request."""
        return all(self.lan.run("curl", "-gsf", "-m", str(seconds), "-o", "/dev/null", f"http://{address}/healthz").returncode == 0
                   for address in self.addresses)

    def counts(self):
        text = self.lan.run("curl", "-gsS", "-m", "60", f"http://{self.addresses[0]}/metrics").stdout
        return {name: int(value) for name, value in re.findall(r'(?m)^\w+_total\{\w+="(\w+)"\} (\d+)$', text)}

    def resident_kib(self):
        with open(f"/proc/{self.instance.pid}/status", encoding="ascii") as status:
            return int(re.search(r"(?m)^VmRSS:\s+(\d+)", status.read())[1])

    def check(self, after):
        assert self.instance.alive(), f"{after}: ended:\n{self.instance.output()}"
        assert self.serves(), f"{after}: serves no more:\n{self.instance.output()}"
        resident = self.resident_kib()
        assert resident < MOST_RESIDENT_KIB, f"{after}: {resident} KiB resident"

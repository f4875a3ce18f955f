"""TCP connections and listeners of the stack."""

import gdb

from holm_debug.listings import Listing
from holm_debug.memory import MOST_ELEMENTS, elements, part


def text_of_address(address):
    raw = bytes(int(address["bytes_"]["__elems_"][i]) for i in range(16))
    if raw[:12] == bytes(10) + b"\xff\xff":
        return ".".join(str(byte) for byte in raw[12:])
    words = [f"{int.from_bytes(raw[i:i + 2], 'big'):x}" for i in range(0, 16, 2)]
    return f"[{':'.join(words)}]"


def text_of_endpoint(endpoint):
    return f"{text_of_address(endpoint['address'])}:{int(endpoint['port'])}"


class Connections(Listing):
    """Lists TCP connections and listeners."""

    names = ("holm connections", "info holm-connections")

    def show(self):
        network = part("network", "holm::Network")
        if network is None:
            print("the image has not asked for its network")
            return
        layer = network["stack_"]["tcp_"]
        count = 0
        for listener in elements(layer["listeners_"], "holm::ListHook<holm::net::tcp::ListenerTag>", "holm::net::tcp::Listener"):
            print(f"  {'LISTEN':<14} {text_of_endpoint(listener['local_']):<24} {int(listener.address):#x}")
        connection_type = gdb.lookup_type("holm::net::tcp::Connection").pointer()
        for entry in self.entries(layer["table_"]):
            count += 1
            state = "TimeWait"
            if str(entry["kind"]).endswith("kConnection"):
                state = str(entry.address.cast(connection_type)["state_"]).rsplit("::k", 1)[-1]
            ends = entry["tuple"]
            print(f"  {state:<14} {text_of_endpoint(ends['local']):<24} {text_of_endpoint(ends['remote']):<24} {int(entry.address):#x}")
        print(f"{count} connection{'' if count == 1 else 's'}")

    @staticmethod
    def entries(table):
        buckets = table["buckets_"]
        for number in range(min(int(table["bucket_count_"]), MOST_ELEMENTS)):
            entry = buckets[number]
            while int(entry) != 0:
                yield entry.dereference()
                entry = entry["next_in_bucket"]

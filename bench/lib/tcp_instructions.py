"""Instructions of the stack on the host build, both ends together, as callgrind counts them: for a byte of a stream and for
a round trip. Two runs of different length each, so that what is done once does not count."""

import os
import re
import subprocess

from bench.lib.machine import BIN, BUILD, need

NAME = "tcp"
SIZES = {"bulk": (16 << 20, 48 << 20), "reference": (16 << 20, 48 << 20), "segments": (4 << 20, 12 << 20), "trips": (1000, 3000)}
METRICS = {"bulk": "instructions a byte, send()", "reference": "instructions a byte, send_reference()",
           "segments": "instructions a byte, no offloads", "trips": "instructions a round trip, 64 B"}


# callgrind takes each byte that `rep movsb` copies for an instruction. Copies are made of vector instructions here.
ENVIRONMENT = {**os.environ, "GLIBC_TUNABLES": f"glibc.cpu.x86_rep_movsb_threshold={1 << 30}"}


def _instructions(kind, count):
    done = subprocess.run([need("valgrind"), "--tool=callgrind", "--callgrind-out-file=/dev/null", str(BIN / "bench-stack-work"),
                           kind, str(count)], check=True, capture_output=True, text=True, env=ENVIRONMENT)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def run(report):
    need("valgrind")
    subprocess.run([need("ninja"), "-C", str(BUILD), "bench-stack-work"], check=True, capture_output=True)
    for kind, (few, many) in SIZES.items():
        report.add(NAME, METRICS[kind], "", "both ends", [(_instructions(kind, many) - _instructions(kind, few)) / (many - few)])
    report.bound(METRICS["bulk"], "both ends", at_most=1.0)

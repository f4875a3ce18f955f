"""The HTTP parser and session on the host, without sockets, beside llhttp."""

import subprocess

from bench.lib.machine import BIN, BUILD, need

NAME = "http-parse"


def run(report):
    subprocess.run([need("ninja"), "-C", str(BUILD), "bench-http-parse"], check=True, capture_output=True)
    output = subprocess.run([str(BIN / "bench-http-parse")], check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        metric, subject, *values = line.split("\t")
        report.add(NAME, metric, "ns", subject, [float(value) for value in values])

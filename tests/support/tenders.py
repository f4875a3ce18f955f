"""The tenders that the same image runs under, as the pytest tiers choose between them."""

import dataclasses
import os
import shutil

import pytest


@dataclasses.dataclass(frozen=True)
class Tender:
    """A program that runs images, and how; `str()` is what tests are named by."""

    name: str
    program: str
    options: tuple = ()

    def __str__(self):
        return self.name

    def why_not(self):
        """What this machine lacks for it, or None."""
        if self.program == "holm-vm" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return "/dev/kvm is missing, or not permitted"
        if self.program == "holm-qemu" and shutil.which("qemu-system-x86_64") is None:
            return "qemu-system-x86 is not installed"
        return None

    def or_skip(self):
        if reason := self.why_not():
            pytest.skip(reason)
        return self


PROCESS = Tender("process", "holm-process")
VM = Tender("vm", "holm-vm")
# QEMU emulates the processor: that needs no KVM, and where the KVM is one without hardware support it is the faster way.
MICROVM = Tender("qemu-microvm", "holm-qemu", ("--machine", "microvm", "--accel", "tcg"))
Q35 = Tender("qemu-q35", "holm-qemu", ("--machine", "q35", "--accel", "tcg"))

OURS = (PROCESS, VM)
ALL = (PROCESS, VM, MICROVM, Q35)

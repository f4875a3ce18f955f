"""One running image, as the pytest tiers see it."""

import os
import pathlib
import signal
import subprocess
import time

from tests.support.tenders import Tender

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGES = ROOT / "build" / "images"
BIN = ROOT / "build" / "bin"


class Instance:
    """Runs `build/bin/holm-process OPTIONS build/images/IMAGE`, console output to `log`; `tender` is another program or a Tender.

    `inside` is a Namespace in which the tender starts; `arguments` go behind "--"; `image` may be a path."""

    def __init__(self, image, *options, log, inside=None, arguments=(), tender="holm-process", environment=None):
        path = pathlib.Path(image)
        if not path.is_absolute():
            path = IMAGES / image
        assert path.exists(), f"{path} is not built"
        program, own = (tender.program, tender.options) if isinstance(tender, Tender) else (tender, ())
        command = [str(BIN / program), *own, *map(str, options), str(path)]
        if arguments:
            command += ["--", *map(str, arguments)]
        if inside is not None:
            command = inside.command(*command)
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                            env={**os.environ, **(environment or {})})

    @property
    def pid(self):
        return self.process.pid

    def output(self):
        return self.log.read_text(errors="replace")

    def wait(self, timeout=120):
        """The exit status; negative: the signal that ended it."""
        return self.process.wait(timeout)

    def alive(self):
        return self.process.poll() is None

    def wait_for(self, text, timeout=60):
        """Waits until `text` stands on the console."""
        deadline = time.monotonic() + timeout
        while text not in self.output():
            assert self.alive(), f"ended with {self.process.returncode} before printing {text!r}:\n{self.output()}"
            assert time.monotonic() < deadline, f"{text!r} was not printed in {timeout} s:\n{self.output()}"
            time.sleep(0.02)

    def stop(self, timeout=60):
        """Asks for an orderly stop; returns the exit status."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def end(self):
        if self.alive():
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

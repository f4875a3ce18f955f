"""What came out of the tiers: read from JUnit files, summed, printed."""

import dataclasses
import pathlib
import xml.etree.ElementTree


@dataclasses.dataclass
class Outcome:
    passed: int = 0
    failed: list[str] = dataclasses.field(default_factory=list)
    skipped: list[str] = dataclasses.field(default_factory=list)

    def add_junit(self, path: pathlib.Path, tier: str):
        """Adds what a JUnit file says; a file that is not there means that the program which writes it broke."""
        try:
            cases = list(xml.etree.ElementTree.parse(path).iter("testcase"))
        except (FileNotFoundError, xml.etree.ElementTree.ParseError) as error:
            self.failed.append(f"{tier}: no results ({error})")
            return
        for case in cases:
            name = f"{tier}: {case.get('name')}"
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed.append(name)
            elif skip is not None or case.get("status") in ("notrun", "disabled"):
                reason = (skip.get("message") if skip is not None else None) or "not run"
                self.skipped.append(f"{name} — {reason}")
            else:
                self.passed += 1

    def report(self):
        for line in self.skipped:
            print(f"skipped  {line}")
        for line in self.failed:
            print(f"FAILED   {line}")
        print(f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped", flush=True)
        return 1 if self.failed or not self.passed else 0

"""The tiers of DESIGN §9: what each needs built, and how it runs."""

import dataclasses
import typing

from tests.runner import child
from tests.runner.build import ENVIRONMENT, ROOT, BuildFailed, build

SEEDS_AT_ONCE = 500
LONGEST_TEST = 600  # seconds; then it fails, and takes away what it made
RESULTS = ROOT / "build" / "test-results"


def _junit(name):
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.xml"
    path.unlink(missing_ok=True)
    return path


@dataclasses.dataclass
class CTest:
    """Tests that CMake knows, by label, in the build folder of a preset."""

    name: str
    what: str
    preset: str
    labels: str

    def run(self, outcome, only, seeds=None):
        try:
            folder = build(self.preset, *(f"host-tests-{label}" for label in self.labels.split("|")))
        except BuildFailed as failure:
            outcome.failed.append(f"{self.name}: {failure}")
            return
        # Many seeds come in portions, so that each stays within the time a test may take.
        first = range(1, seeds + 1, SEEDS_AT_ONCE) if seeds and self.name == "simulation" else (None,)
        for seed in first:
            junit = _junit(self.name if seed is None else f"{self.name}-{seed}")
            command = ["ctest", "--test-dir", folder, "-L", f"^({self.labels})$", "-j2", "--output-on-failure", "--no-tests=ignore",
                       "--output-junit", junit]
            if only:
                command += ["-R", only]
            environment = dict(ENVIRONMENT)
            if seed is not None:
                environment |= {"HOLM_FIRST_SEED": str(seed), "HOLM_SEEDS": str(min(SEEDS_AT_ONCE, seeds - seed + 1))}
            child.run(command, env=environment)
            if junit.exists():
                outcome.add_junit(junit, self.name)


@dataclasses.dataclass
class PyTest:
    """A folder of tests/ that pytest runs, after what it looks at has been built."""

    name: str
    what: str
    preset: str = "release"
    targets: typing.Sequence[str] = ("all", "test-images", "headers-alone")
    at_once: int = 3  # tests, save those that are marked `alone`: most of them wait for a boot, a peer or a timer

    def run(self, outcome, only, seeds=None):
        folder = ROOT / "tests" / self.name
        try:
            build(self.preset, *self.targets)
        except BuildFailed as failure:
            outcome.failed.append(f"{self.name}: {failure}")
            return
        parts = {self.name: ()}
        if self.at_once > 1:
            parts = {self.name: ("-n", self.at_once, "--dist", "loadgroup", "-m", "not alone"), f"{self.name}-alone": ("-m", "alone")}
        for part, words in parts.items():
            junit = _junit(part)
            command = ["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout", LONGEST_TEST,
                       "--junit-xml", junit, *words, folder]
            if only:
                command += ["-k", only]
            nothing_matched = child.run(command, cleans_up=True, cwd=ROOT, env=ENVIRONMENT) == 5
            if not nothing_matched:
                outcome.add_junit(junit, self.name)


_TIERS = (
    PyTest("static", "floors, formatting, scripts, headers that stand alone", "check", ("headers-alone",), 1),
    CTest("unit", "libraries on the host with ASan and UBSan; fuzzers replay their corpus", "check", "unit|replay"),
    CTest("script", "the stack against scripted segments, fake clock", "check", "script"),
    CTest("simulation", "the stack over simulated links, fixed seeds", "check", "simulation"),
    CTest("fuzz", "each fuzzer, a short run", "check", "fuzz"),
    PyTest("image", "one small image a property, under the tender"),
    PyTest("interop", "images in network namespaces against real peers"),
    PyTest("system", "the command line and the installed package"),
)
ALL = {tier.name: tier for tier in _TIERS if isinstance(tier, CTest) or (ROOT / "tests" / tier.name).is_dir()}
FAST = ("static", "unit", "script")
SHORT = {"sim": "simulation"}


def choose(names, error):
    chosen = {}
    for name in names or ALL:
        for one in FAST if name == "fast" else (name,):
            one = SHORT.get(one, one)
            if one not in ALL:
                error(f"there is no tier {one!r}; there are: fast, {', '.join(ALL)}")
            chosen[one] = ALL[one]
    return list(chosen.values())

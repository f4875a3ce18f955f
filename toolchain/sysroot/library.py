"""What generate.py compiles: a name, the tree its paths are relative to, flags, and (source, extra flags) pairs."""
import dataclasses
import pathlib


@dataclasses.dataclass
class Library:
    name: str
    root: pathlib.Path
    flags: str
    sources: list[tuple[pathlib.Path, str]]

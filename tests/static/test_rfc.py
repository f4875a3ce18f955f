"""The tables in docs/rfc/ name files, functions and tests: they exist, and each row names its test or says why there is none."""

import re

import pytest

from tests.static.tree import ROOT

# Pages, and the folders below tests/unit that their tests are in.
PAGES = {"ipv6.md": ["net"], "ndp.md": ["net"], "internet.md": ["net"], "dhcp.md": ["net"], "router.md": ["services"], "tcp.md": ["net"],
         "http.md": ["services/http", "services"], "websocket.md": ["services/websocket"]}
# What has a column for the state of each requirement: done, deviates and why, or not done. Elsewhere it stands with the place.
FIVE_COLUMNS = ["requirement", "", "done in", "test", ""]
ABSENT = re.compile(r"not done|not implemented|deviates|ignored")
PLACE = re.compile(r"`([\w./]+):([\w]+)`")
# `folder/file_test`: part of a title, or `file_test` "part of a title"
TITLED = re.compile(r"`([\w/]+)`(?:: (.+?)(?=, `|$)|((?: \"[^\"]+\",?)+))")
NAMED = re.compile(r"`([\w./-]+)`")


def rows(page):
    """Number, heading and cells of each row."""
    heading = None
    for number, line in enumerate((ROOT / "docs" / "rfc" / page).read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split(" | ")]
        if not line.startswith("|"):
            heading = None
        elif heading is None:
            heading = [cell.strip() for cell in line.strip("|").split("|")]
        elif not line.startswith("|---") and {"test", "tests"} & set(heading):
            yield number, heading, cells


def file_of(page, name):
    """What a name stands for: a path, a script, or a test below tests or tests/unit."""
    folders = [f"tests/unit/{folder}" for folder in PAGES[page]]
    places = [name, f"tests/script/tcp/{name}.script", f"tests/{name}.cpp", f"tests/unit/{name}.cpp",
              *[f"{folder}/{name}.cpp" for folder in folders]]
    return next((ROOT / place for place in places if (ROOT / place).exists()), None)


def wrong_tests(page, tests):
    for name in NAMED.findall(tests):
        if file_of(page, name) is None:
            yield f"there is no test {name}"
    for name, title, quoted in TITLED.findall(tests):
        path = file_of(page, name)
        for part in [title] if title else re.findall(r'"([^"]+)"', quoted):
            if path is not None and (not path.is_file() or part not in path.read_text()):
                yield f"{path.name} has no test '{part}'"
    # Every part of the cell names something: "unit" and "simulation" are no tests.
    if re.search(r"(?:^|, |`; )(?:unit|simulations?|scripts?|fuzz\w*|tests?|above|below|the table)\b", tests):
        yield f"which test? {tests}"


@pytest.mark.parametrize("page", PAGES)
def test_what_a_table_names_exists(page):
    wrong, count = [], 0
    for number, heading, cells in rows(page):
        count += 1
        where = f"docs/rfc/{page}:{number}"
        if len(cells) != len(heading) or not all(cells):
            wrong.append(f"{where}: as many columns as the heading has, none empty: {cells}")
            continue
        tests = cells[next(i for i, name in enumerate(heading) if name in ("test", "tests"))]
        wrong += [f"{where}: {problem}" for problem in wrong_tests(page, tests)]
        if not NAMED.search(tests) and not (tests == "–" and any(ABSENT.search(cell) for cell in cells[2:])):
            wrong.append(f"{where}: no test, and not said to be absent")
        if heading != FIVE_COLUMNS:
            continue
        _, _, places, _, state = cells
        for file, name in PLACE.findall(places):
            path = ROOT / file
            if not path.is_file() or not re.search(rf"\b{name}\b", path.read_text()):
                wrong.append(f"{where}: {file} has no {name}")
        if places == "–" and not ABSENT.search(state):
            wrong.append(f"{where}: says neither where it is done nor that it is not")
        if state == "done" and not PLACE.search(places):
            wrong.append(f"{where}: done, but where?")
    assert not wrong, "\n".join(wrong)
    assert count > 5

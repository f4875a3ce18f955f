"""The tables in docs/rfc/ name files, functions and tests: they exist."""

import re

import pytest

from tests.static.tree import ROOT

# Pages, and the folder below tests/unit that their tests are in.
PAGES = {"ipv6.md": "net", "ndp.md": "net", "internet.md": "net", "dhcp.md": "net", "router.md": "services"}
PLACE = re.compile(r"`([\w./]+):([\w]+)`")
TEST = re.compile(r"`([\w/]+)`: (.+?)(?=, `|$)")


def rows(page):
    for number, line in enumerate((ROOT / "docs" / "rfc" / page).read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and not line.startswith("|---") and cells[0] != "requirement":
            yield number, cells


@pytest.mark.parametrize("page", PAGES)
def test_what_a_table_names_exists(page):
    wrong, count = [], 0
    for number, cells in rows(page):
        count += 1
        where = f"docs/rfc/{page}:{number}"
        if len(cells) != 5 or not all(cells):
            wrong.append(f"{where}: five columns, none empty: {cells}")
            continue
        _, _, places, tests, state = cells
        for file, name in PLACE.findall(places):
            path = ROOT / file
            if not path.is_file() or not re.search(rf"\b{name}\b", path.read_text()):
                wrong.append(f"{where}: {file} has no {name}")
        for file, title in TEST.findall(tests):
            path = ROOT / "tests" / "unit" / PAGES[page] / f"{file}.cpp"
            if not path.is_file() or title not in path.read_text():
                wrong.append(f"{where}: {path.name} has no test '{title}'")
        if places == "–" and not re.search(r"not done|deviates|ignored", state):
            wrong.append(f"{where}: says neither where it is done nor that it is not")
        if state == "done" and not PLACE.search(places):
            wrong.append(f"{where}: done, but where?")
    assert not wrong, "\n".join(wrong)
    assert count > 5

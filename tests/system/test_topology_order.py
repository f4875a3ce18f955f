"""What a service of a topology waits for, how often it is tried, and what counts as done."""

import os

import pytest

from tests.support.command import holm, may_make_namespaces, need
from tests.support.instance import IMAGES
from tests.support.topology import rows, up


@pytest.fixture
def bring(tmp_path, runtime):
    """bring(services): the compose file of these lines of YAML, on a network lan; returns its folder."""
    may_make_namespaces()
    for image in ("hello", "echo", "fetch"):
        need(image)

    def write(services):
        lines = services.replace("IMAGES", str(IMAGES))
        text = f"name: o{os.getpid()}\nnetworks: {{lan: {{subnet: 10.9.0.0/24}}}}\nservices:\n{lines}"
        (tmp_path / "holm.compose.yaml").write_text(text)
        return tmp_path

    return write


def test_each_condition_of_docker_compose(bring, runtime):
    """`never` answers nowhere within the time of this test; who waits only for its start does not mind."""
    folder = bring("""
  job: {image: IMAGES/hello}
  echo:
    image: IMAGES/echo
    networks: {lan: {network: lan, ipv4_address: 10.9.0.2}}
    healthcheck: {tcp: 7}
  behind:
    image: IMAGES/echo
    networks: {lan: lan}
    depends_on:
      job: {condition: service_completed_successfully}
      echo: {condition: service_healthy}
  never:
    image: IMAGES/echo
    networks: {lan: {network: lan, ipv4_address: 10.9.0.3}}
    healthcheck: {tcp: 99, timeout: 1500ms}
  early:
    image: IMAGES/echo
    networks: {lan: lan}
    depends_on:
      never: {condition: service_started}
  late:
    image: IMAGES/echo
    networks: {lan: lan}
    depends_on:
      never: {condition: service_healthy}
""")
    failed = holm("up", "-d", folder, runtime=runtime, timeout=100)
    assert failed.returncode == 1 and "service never was not ready within 1500 ms" in failed.stderr
    said = failed.stdout
    ready = [line.split()[2].rstrip(":") for line in said.splitlines() if ": ready" in line or "job: ended (0)" in line]
    assert ready.index("job") < ready.index("behind") and ready.index("echo") < ready.index("behind")
    assert "late" not in ready
    assert "listening" in holm("logs", "early", runtime=runtime).stdout  # it had started
    assert not holm("logs", "late", runtime=runtime).stdout
    assert "its logs are removed" in holm("down", runtime=runtime).stdout
    assert not list((runtime / "holm").iterdir())


def test_what_never_gets_ready_is_not_tried_for_ever(bring, runtime):
    folder = bring("""
  fetch:
    image: IMAGES/fetch
    command: ["nonsense://x"]
    networks: {lan: {network: lan, ipv4_address: 10.9.0.2}}
    healthcheck: {log: "a word it never says", timeout: 300ms}
    restart: always
""")
    failed = holm("up", "-d", folder, runtime=runtime, timeout=100)
    assert failed.returncode == 1
    assert "service fetch ended (1) before it was ready, as at each of its " in failed.stderr
    assert "nonsense://x: the URL's scheme is not http" in failed.stderr
    holm("down", runtime=runtime)


def test_what_ends_well_is_done_and_may_be_done_again(bring, runtime):
    """Started again or not: where nothing is checked, a good end is as good as being ready."""
    folder = bring("""
  once: {image: IMAGES/hello}
  again: {image: IMAGES/hello, restart: always}
  stays:
    image: IMAGES/echo
    networks: {lan: lan}
    depends_on: [once, again]
""")
    with up(folder, runtime) as said:
        assert "[3/3] stays: ready" in said
        assert rows(runtime)["once"] == ("-", "ended (0)")
        for job in ("once", "again"):
            done = holm("restart", job, runtime=runtime, timeout=100)
            assert done.returncode == 0 and f"{job} has done its work again and ended well" in done.stdout, done.stderr
        assert holm("stop", "again", runtime=runtime, timeout=100).returncode == 0
        assert rows(runtime)["again"] == ("-", "ended (0)")

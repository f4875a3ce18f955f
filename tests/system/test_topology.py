"""holm up and its family: networks and images from one compose file."""

import os
import shutil
import signal
import subprocess

import pytest

from tests.support.command import HOLM, free_port, holm, may_make_namespaces, need, passt_or_skip, without_root
from tests.support.instance import IMAGES, ROOT
from tests.support.topology import rows, up
from tests.support.waiting import until


def test_from_up_to_down(project, runtime):
    with up(project, runtime) as said:
        page = holm("exec", "desk", "--", "sh", "-c", 'echo "$@"', "sh", "--", "-x", runtime=runtime)
        assert page.stdout == "-- -x\n", page.stderr
        assert "2 services in" in said and "web" in said and "10.9.0.2 on lan" in said
        page = holm("exec", "desk", "curl", "-s", "--max-time", "60", "http://10.9.0.2/", runtime=runtime)
        assert page.returncode == 0 and "<!doctype html>" in page.stdout
        until(lambda: holm("exec", "desk", "ping", "-6", "-c", "1", "-W", "5", "fd00:8::3", runtime=runtime).returncode == 0, "an answer")
        assert holm("exec", "desk", "cat", "/etc/resolv.conf", runtime=runtime).stdout == "nameserver 10.9.0.53\n"
        assert {name: state for name, (_, state) in rows(runtime).items()} == {"echo": "ready", "web": "ready"}
        again = holm("up", "-d", project, runtime=runtime)
        assert again.returncode == 1 and "is up already" in again.stderr
    assert "no instance runs" in holm("ps", runtime=runtime).stdout
    assert not list((runtime / "holm").glob("*.topology")) and not list((runtime / "holm").glob("*.sock"))


def test_stop_restart_and_logs(project, runtime):
    with up(project, runtime):
        before = rows(runtime)["web"][0]
        assert "ready again" in holm("restart", "web", runtime=runtime, timeout=100).stdout
        assert rows(runtime)["web"][0] not in (before, "-")
        assert holm("logs", "web", runtime=runtime).stdout.count("listening on port 80") == 2
        assert "has ended" in holm("stop", "echo", runtime=runtime, timeout=100).stdout
        assert rows(runtime)["echo"] == ("-", "ended (0)")
        assert holm("exec", "desk", "curl", "-s", "--max-time", "60", "http://10.9.0.2/", runtime=runtime).returncode == 0
        with subprocess.Popen(["timeout", "60", HOLM, "logs", "-f", "web"], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)}) as following:
            holm("restart", "web", runtime=runtime, timeout=100)
            lines = [following.stdout.readline() for _ in range(3)]
            assert all("listening on port 80" in line for line in lines)
            holm("down", runtime=runtime, timeout=100)
            assert following.wait(60) == 0  # it ends with what it follows


def test_what_crashes_starts_again(project, runtime):
    with up(project, runtime):
        number, _ = rows(runtime)["web"]
        record = (runtime / "holm" / f"{number}.instance").read_text()
        os.kill(int(dict(line.split("=", 1) for line in record.splitlines())["tender"]), signal.SIGKILL)
        until(lambda: rows(runtime)["web"][1].startswith("ready, restarted"), "another start")
        assert holm("exec", "desk", "curl", "-s", "--max-time", "60", "http://10.9.0.2/", runtime=runtime).returncode == 0


def test_networks_may_have_any_name(tmp_path, runtime):
    """Words of ip(8), and names that the kernel has already."""
    may_make_namespaces()
    need("echo")
    names = ["dev", "up", "lo", "default", "name", "net1"]
    text = f'name = "n{os.getpid()}"\n'
    text += "".join(f'[networks.{name}]\nsubnet = "10.77.{i}.0/24"\n' for i, name in enumerate(names))
    text += f'[services.echo]\nimage = "{IMAGES}/echo"\nnetworks.lan = "dev"\n'
    for client in ("a", "b"):
        text += f"[clients.{client}]\n" + "".join(f"networks.{name} = {{}}\n" for name in names)
    (tmp_path / "holm.compose.toml").write_text(text)
    with up(tmp_path, runtime):
        links = holm("exec", "a", "ip", "-o", "link", runtime=runtime).stdout
        assert {"dev", "up", "name", "net1"} <= {line.split()[1].partition("@")[0] for line in links.splitlines()}


def test_what_has_done_its_work_keeps_nobody_waiting(tmp_path, runtime):
    """One that ends well counts for those that depend on it, however soon it does."""
    may_make_namespaces()
    need("hello")
    need("echo")
    (tmp_path / "holm.compose.toml").write_text(f"""
name = "j{os.getpid()}"
[networks.lan]
subnet = "10.9.0.0/24"
[services.job]
image = "{IMAGES}/hello"
[services.slow]
image = "{IMAGES}/echo"
networks.lan = {{ network = "lan", ipv4_address = "10.9.0.3" }}
healthcheck = {{ tcp = 7 }}
[services.last]
image = "{IMAGES}/echo"
networks.lan = {{ network = "lan", ipv4_address = "10.9.0.4" }}
depends_on = ["job", "slow"]
""")
    with up(tmp_path, runtime):
        assert rows(runtime)["job"] == ("-", "ended (0)")
        assert rows(runtime)["last"][1] == "ready"


def test_a_bad_file_starts_nothing(project, runtime):
    file = project / "holm.compose.toml"
    text = file.read_text()
    for old, new, expected in (
            ('ipv4_address = "10.9.0.2"', 'ipv4_address = "10.7.0.2"', "10.7.0.2 is not in 10.9.0.0/24 of network lan"),
            ("/web\"", "/wob\"", "there is no file"),
            ("{ lan = { network = \"lan\"", "{ lon = { network = \"lan\"", "did you mean \"lan\"?; it has: lan"),
            ("depends_on = [\"echo\"]", "depends_on = [\"ecko\"]", "did you mean \"echo\"?"),
            ("healthcheck", "mem_limit = \"64k\"\nhealthcheck", "mem_limit 64K is too little; the image needs at least "),
            ("healthcheck", "cpuset = \"1023\"\nhealthcheck", "there is no processor 1023 for it; allowed: "),
            ("restart = ", "restrat = ", "did you mean \"restart\"?")):
        assert old in text
        file.write_text(text.replace(old, new, 1))
        refused = holm("up", "-d", project, runtime=runtime)
        assert refused.returncode == 1 and expected in refused.stderr and "nothing was started" in refused.stderr
        assert f"{file}:" in refused.stderr
    assert "no instance runs" in holm("ps", runtime=runtime).stdout


def test_a_disk_is_there_and_has_one_writer(tmp_path, runtime):
    need("blockbench")
    (tmp_path / "disk.img").write_bytes(bytes(4096))
    (tmp_path / "folder").mkdir()

    def mistakes(*files):
        services = "".join(f'[services.s{i}]\nimage = "{IMAGES}/blockbench"\nblock.disk = "{file}"\n' for i, file in enumerate(files))
        (tmp_path / "holm.compose.toml").write_text(f'name = "disks"\n{services}')
        return holm("up", "--check", tmp_path, runtime=runtime).stderr

    assert not mistakes("disk.img") and not mistakes("disk.img,ro", "disk.img,sector=4096,ro")
    for second in ("./disk.img", "folder/../disk.img", "disk.img,ro"):
        assert ":7:14: service s1: s0 has the file" in mistakes("disk.img", second)
    assert "s0: there is no file" in mistakes("none.img")
    assert "is neither a file nor a block special file" in mistakes("folder")


@pytest.mark.parametrize("notation", ["toml", "yaml"])
def test_the_examples_of_the_page_are_whole(notation, tmp_path, runtime):
    """docs/topologies.md: what stands there can be copied."""
    may_make_namespaces()
    for image in ("dns", "web"):
        need(image)
    page = (ROOT / "docs" / "topologies.md").read_text()
    (tmp_path / f"holm.compose.{notation}").write_text(page.partition(f"```{notation}\n")[2].partition("```")[0])
    with up(tmp_path, runtime) as said:
        assert "poc is up: 2 services" in said
        assert "<!doctype html>" in holm("exec", "desk", "curl", "-s", "--max-time", "60", "http://10.1.0.80/", runtime=runtime).stdout


def test_what_does_not_get_ready_takes_all_down(project, runtime):
    file = project / "holm.compose.toml"
    file.write_text(file.read_text().replace("{ http = 80 }", "{ tcp = 81, timeout = \"300ms\" }"))
    failed = holm("up", "-d", project, runtime=runtime, timeout=100)
    assert failed.returncode == 1
    assert "service web was not ready within 300 ms: 10.9.0.2 takes no connection on TCP port 81; its last words:" in failed.stderr and "listening on port 80" in failed.stderr
    assert "no instance runs" in holm("ps", runtime=runtime).stdout


@pytest.mark.xdist_group("/etc/passwd")
def test_as_an_ordinary_user(project, user):
    """All of it without root: a user namespace of its own, and -p beside it."""
    passt_or_skip()
    name, folder = user
    for image in ("web", "echo"):
        shutil.copy2(IMAGES / image, folder)
    port = free_port()
    text = (project / "holm.compose.toml").read_text().replace(str(IMAGES), str(folder))
    text += f'[services.open]\nimage = "{folder}/web"\nports = ["{port}:80"]\n'
    (folder / "holm.compose.toml").write_text(text)
    as_user = without_root(name, folder)

    def run(*words):
        return subprocess.run([*as_user, folder / "holm", *map(str, words)], capture_output=True, text=True, timeout=120, cwd=folder, check=False)

    started = run("up", "-d")
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        assert "<!doctype html>" in run("exec", "desk", "curl", "-s", "--max-time", "60", "http://10.9.0.2/").stdout
        until(lambda: run("exec", "desk", "ping", "-c", "1", "-W", "5", "10.8.0.3").returncode == 0, "an answer")
        page = until(lambda: subprocess.run(["curl", "-sf", "--max-time", "10", f"http://127.0.0.1:{port}/"], capture_output=True, text=True,
                                            check=False).stdout, "a page")
        assert "<!doctype html>" in page
    finally:
        down = run("down")
    assert "is down" in down.stdout, down.stderr

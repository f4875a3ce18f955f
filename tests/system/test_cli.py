"""The holm command as its users meet it: help, projects, instances, images that are none."""

import contextlib
import json
import os
import random
import shutil
import subprocess
import time
from xml.etree import ElementTree

import pytest

from tests.support.instance import BIN, IMAGES, ROOT
from tests.support.waiting import until

HOLM = BIN / "holm"
pytestmark = pytest.mark.skipif(not HOLM.exists(), reason="build/bin/holm is not built")


def holm(*words, cwd=None, runtime=None, timeout=300):
    environment = {**os.environ, **({"XDG_RUNTIME_DIR": str(runtime)} if runtime else {})}
    return subprocess.run([str(HOLM), *map(str, words)], capture_output=True, text=True, timeout=timeout, cwd=cwd, env=environment,
                          stdin=subprocess.DEVNULL, check=False)


def need(image):
    if not (IMAGES / image).exists():
        pytest.skip(f"the image {image} is not built")


@pytest.fixture
def runtime(tmp_path):
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    return folder


@pytest.mark.parametrize("command", [[], ["new"], ["build"], ["run"], ["inspect"], ["ps"], ["stop"], ["logs"], ["doctor"], ["demo"]])
def test_help_is_there(command):
    result = holm(*command, "--help")
    assert result.returncode == 0
    assert "Usage: holm" in result.stdout and not result.stderr


@pytest.mark.parametrize("words, complaint", [
    (["biuld"], 'unknown command "biuld", did you mean "build"?; allowed: '),
    (["frobnicate"], 'unknown command "frobnicate"; allowed: '),
    (["run"], "IMAGE is required"),
    (["run", "hello", "--tender", "xen"], '--tender: "xen" is not known; allowed: process'),
    (["run", "hello", "-p", "80"], '-p "80": there is one port only; allowed: [ADDRESS:]HOSTPORT:GUESTPORT'),
    (["run", "hello", "-p", "1:2", "-p", "1:3"], "-p names port 1 of 127.0.0.1 twice"),
    (["run", "hello", "--grace", "5"], '"5" is not a time; allowed: '),
    (["run", "hello", "--frobnicate"], "--frobnicate"),
    (["new", "Hello"], '"Hello" is not a name; a name starts with a lower-case letter'),
    (["new", "x", "--template", "y"], '--template: "y" is not known; allowed: hello, web'),
    (["build", "--", "x"], 'words behind "--" are for holm run'),
    (["stop"], "INSTANCE is required"),
])
def test_a_wrong_command_line_is_said_in_one_line(words, complaint):
    result = holm(*words)
    assert result.returncode == 2
    assert complaint in result.stderr and result.stderr.startswith("holm: ") and result.stderr.count("\n") == 1


@pytest.fixture
def no_images(tmp_path):
    """Files that are no images, by what is wrong with them."""
    (tmp_path / "text").write_text("#!/bin/sh\n")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "short").write_bytes(b"\x7fELF" + bytes(20))
    (tmp_path / "program").write_bytes(open("/bin/true", "rb").read())
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@pytest.mark.parametrize("command, status", [("run", 125), ("inspect", 1)])
@pytest.mark.parametrize("file", ["text", "empty", "folder", "short", "program", "fifo", "missing", "/dev/zero"])
def test_what_is_no_image_is_refused_with_one_sentence(no_images, runtime, command, status, file):
    result = holm(command, file if file.startswith("/") else f"./{file}", cwd=no_images, runtime=runtime, timeout=100)
    assert result.returncode == status, result.stderr
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("holm"), result.stderr
    assert not result.stdout
    if file in ("text", "empty", "short", "program"):
        assert "is not a Holm image: it is" in result.stderr and "holm build makes images" in result.stderr


def test_an_image_with_a_spoiled_header_is_refused_for_what_is_wrong(tmp_path, runtime):
    need("hello")
    spoiled = bytearray((IMAGES / "hello").read_bytes())
    spoiled[18] ^= 0xff  # e_machine
    (tmp_path / "spoiled").write_bytes(spoiled)
    for command, status in (("run", 125), ("inspect", 1)):
        result = holm(command, "./spoiled", cwd=tmp_path, runtime=runtime)
        assert result.returncode == status and "e_machine" in result.stderr and "allowed: " in result.stderr


def test_a_truncated_image_is_refused(tmp_path, runtime):
    need("hello")
    (tmp_path / "cut").write_bytes((IMAGES / "hello").read_bytes()[:20000])
    for command, status in (("run", 125), ("inspect", 1)):
        result = holm(command, "./cut", cwd=tmp_path, runtime=runtime)
        assert result.returncode == status and "allowed: " in result.stderr


def test_hello_runs_with_its_own_exit_status_and_leaves_no_record(runtime):
    need("hello")
    result = holm("run", "hello", "--quiet", runtime=runtime)
    assert result.returncode == 0 and "hello" in result.stdout and not result.stderr
    assert list((runtime / "holm").iterdir()) == []


def test_inspect_as_json_has_what_its_readers_rely_on():
    need("hello")
    report = json.loads(holm("inspect", "--json", "hello").stdout)
    assert report["manifest"]["name"] == "hello" and report["manifest"]["platforms"] == ["process", "vm", "virtio"]
    assert report["size"] == (IMAGES / "hello").stat().st_size
    assert len(report["build_id"]) == 40
    assert any(segment["protection"] == "r-x" for segment in report["segments"])
    assert not any("w" in segment["protection"] and "x" in segment["protection"] for segment in report["segments"])
    assert all(set(protection) == {"what", "holds", "detail"} for protection in report["protections"])
    assert len(report["permitted_system_calls"]) <= 12
    assert report["devices"] == [] and report["files"] == []
    # Nearly everything in the file is accounted for (the rest: headers, padding between segments).
    total = sum(library["bytes"] for library in report["libraries"])
    assert 0.6 * report["size"] < total <= report["size"]
    exits = [call for call in report["library_calls"] if call["name"] == "exit_group"]
    assert exits and any("_Exit" in caller for caller in exits[0]["needed_by"])


def test_inspect_shows_a_web_service_its_files_and_devices():
    need("web")
    report = json.loads(holm("inspect", "--json", "web").stdout)
    assert [device["kind"] for device in report["devices"]] == ["net"]
    pages = {file["path"]: file for file in report["files"]}
    assert pages["/index.html"]["content_type"].startswith("text/html") and len(pages["/index.html"]["hash"]) == 32


def test_inspect_prints_the_rules_of_a_firewall():
    need("firewall")
    shown = holm("inspect", "firewall").stdout
    for line in ("chain inet firewall forward: type filter hook forward", 'iif "wan"', "ip daddr 10.0.2.80", "dnat to 10.0.2.80", "masquerade"):
        assert line in shown, line
    files = {file["path"]: file for file in json.loads(holm("inspect", "--json", "firewall").stdout)["files"]}
    assert "chain ip nat postrouting" in files["/rules"]["rules"]


def test_a_new_project_is_never_put_over_something(tmp_path):
    assert holm("new", "greeter", cwd=tmp_path).returncode == 0
    assert sorted(path.name for path in (tmp_path / "greeter").iterdir()) == [".gitignore", "CMakeLists.txt", "holm.toml", "main.cpp"]
    (tmp_path / "greeter" / "main.cpp").write_text("mine")
    result = holm("new", "greeter", cwd=tmp_path)
    assert result.returncode == 1 and "is there already" in result.stderr
    assert (tmp_path / "greeter" / "main.cpp").read_text() == "mine"


@pytest.mark.long
@pytest.mark.parametrize("template", ["hello", "web"])
def test_a_new_project_builds(tmp_path, runtime, template):
    need("hello")
    assert holm("new", "greeter", "--template", template, cwd=tmp_path).returncode == 0
    built = holm("build", "greeter", cwd=tmp_path)
    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "greeter" / "build" / "images" / "greeter").exists()
    if template == "hello":
        result = holm("run", "greeter", "--", "Ada", cwd=tmp_path, runtime=runtime)
        assert result.returncode == 0 and "hello, Ada, from greeter" in result.stdout
    else:
        result = holm("run", "greeter", cwd=tmp_path, runtime=runtime)
        assert result.returncode == 125 and "lan" in result.stderr  # the device that was not granted


def test_a_mistake_in_holm_toml_has_a_place(tmp_path):
    need("hello")
    holm("new", "greeter", cwd=tmp_path)
    (tmp_path / "greeter" / "holm.toml").write_text('[image]\nnmae = "greeter"\n')
    built = holm("build", "greeter", cwd=tmp_path)
    assert built.returncode == 1
    assert 'holm.toml:2:1: unknown key "nmae" in [image], did you mean "name"?' in built.stdout + built.stderr


def test_a_compile_error_is_shown(tmp_path):
    need("hello")
    holm("new", "greeter", cwd=tmp_path)
    (tmp_path / "greeter" / "main.cpp").write_text("int main() { return nonsense; }\n")
    built = holm("build", "greeter", cwd=tmp_path)
    assert built.returncode == 1 and "nonsense" in built.stdout and "the build failed" in built.stderr


def passt_or_skip():
    if shutil.which("passt") is None:
        pytest.skip("passt is not installed")
    if "00000000" not in [line.split()[1] for line in open("/proc/net/route").read().splitlines()[1:]]:
        pytest.skip("this machine has no default route, which passt needs")


def free_port():
    import socket
    with socket.socket() as probe:
        while True:
            # Below those that the kernel hands out, to programs that run beside this one too.
            port = random.randrange(10_000, 32_000)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


def test_a_detached_instance_is_listed_answers_and_stops(runtime):
    need("web")
    passt_or_skip()
    port = free_port()
    started = holm("run", "web", "-d", "-p", f"{port}:80", runtime=runtime)
    assert started.returncode == 0, started.stderr
    try:
        number = started.stdout.split()[3].rstrip(";")
        listed = holm("ps", runtime=runtime).stdout
        assert number in listed and f"127.0.0.1:{port} -> 80/tcp" in listed
        page = f"http://127.0.0.1:{port}/healthz"  # the image may be quicker than passt, which does not listen yet
        until(lambda: subprocess.run(["curl", "-sf", "--max-time", "10", page], capture_output=True, check=False).returncode == 0, page)
        taken = holm("run", "web", "-p", f"{port}:80", runtime=runtime)
        assert taken.returncode == 125 and f"TCP port {port} of 127.0.0.1 is in use" in taken.stderr
        assert "listening" in holm("logs", "web", runtime=runtime).stdout
    finally:
        stopped = holm("stop", "web", runtime=runtime)
    assert stopped.returncode == 0 and "has ended" in stopped.stdout
    assert "no instance runs" in holm("ps", runtime=runtime).stdout
    assert "listening" in holm("logs", "web", runtime=runtime).stdout


def test_a_log_that_was_too_long_is_shown_with_the_part_before_it(runtime):
    folder = runtime / "holm"
    folder.mkdir(mode=0o700)
    (folder / "web-1.log.1").write_text("earlier\n")
    (folder / "web-1.log").write_text("later\n")
    assert holm("logs", "web", runtime=runtime).stdout == "earlier\nlater\n"


def test_the_log_of_a_detached_instance_ends_with_it_and_lies_in_one_file(runtime):
    need("hello")
    (runtime / "holm").mkdir(mode=0o700)
    (runtime / "holm" / "hello-1.log.1").write_text("of an earlier one\n")
    assert holm("run", "hello", "-d", runtime=runtime).returncode == 0
    deadline = time.monotonic() + 60
    while "hello from" not in holm("logs", "hello", runtime=runtime).stdout and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "earlier" not in holm("logs", "hello", runtime=runtime).stdout
    log = runtime / "holm" / "hello-1.log"
    assert "hello from" in log.read_text() and log.stat().st_mode & 0o777 == 0o600
    # Nobody is left that holds the folder's files or the pipe.
    while time.monotonic() < deadline:
        left = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid != str(os.getpid())
                and f"XDG_RUNTIME_DIR={runtime}".encode() in environment_of(pid)]
        if not left:
            break
        time.sleep(0.05)
    assert not left


def environment_of(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_a_record_of_a_process_that_is_gone_is_removed(runtime):
    folder = runtime / "holm"
    folder.mkdir(mode=0o700)
    gone = subprocess.Popen(["true"])
    gone.wait()
    record = folder / f"{gone.pid}.instance"
    record.write_text(f"name=web\nsupervisor={gone.pid}\nstart_ticks=1\ntender={gone.pid}\nstarted=1\nimage=/x\nports=\nlog=\n")
    assert "no instance runs" in holm("ps", runtime=runtime).stdout
    assert not record.exists()


def test_a_runtime_folder_that_others_can_write_to_is_refused(runtime):
    (runtime / "holm").mkdir()
    os.chmod(runtime / "holm", 0o777)
    result = holm("ps", runtime=runtime)
    assert result.returncode == 1 and "only you can write to" in result.stderr


def test_an_instance_does_not_outlive_its_holm_run(runtime):
    need("web")
    passt_or_skip()
    process = subprocess.Popen([str(HOLM), "run", "web", "-p", f"{free_port()}:80"], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)})
    assert "listening" in process.stdout.readline()
    path = runtime / "holm" / f"{process.pid}.instance"
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:  # it is written while the instance starts
        time.sleep(0.01)
    record = path.read_text()
    tender = int(dict(line.split("=", 1) for line in record.splitlines())["tender"])
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while os.path.exists(f"/proc/{tender}/exe") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{tender}/exe")


@pytest.mark.xdist_group("build/demo.svg")
@pytest.mark.parametrize("tender", ["process", "vm"])
def test_the_demo_goes_through(tender, runtime):
    for image in ("poc-gateway", "poc-dns", "web"):
        need(image)
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("the demo's networks need root here, and /dev/net/tun")
    if tender == "vm" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
        pytest.skip("/dev/kvm is missing, or not permitted")
    result = holm("demo", "--tender", tender, runtime=runtime, timeout=280)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "www.holm.test is 198.51.100.80" in result.stdout
    assert "blocked; its rule has counted 1" in result.stdout and "Gbit/s" in result.stdout
    picture = ElementTree.parse(ROOT / "build" / "demo.svg").getroot()
    assert {"client", "gateway", "dns", "web"} <= {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert "no instance runs" in holm("ps", runtime=runtime).stdout


@pytest.mark.xdist_group("build/demo.svg")
def test_a_demo_that_is_killed_leaves_nothing(runtime):
    for image in ("poc-gateway", "poc-dns", "web"):
        need(image)
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("the demo's networks need root here, and /dev/net/tun")
    with subprocess.Popen([HOLM, "demo"], stdout=subprocess.PIPE, text=True, env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)}) as demo:
        said = ""
        while "poc is up" not in said:
            line = demo.stdout.readline()
            assert line, said
            said += line
        demo.kill()
    until(lambda: {file.suffix for file in (runtime / "holm").iterdir()} <= {".log"}, "the end of its topology")


@pytest.mark.parametrize("detached", [[], ["-d"]])
def test_a_device_that_is_not_granted_is_missed_before_the_start(detached, runtime):
    need("web")
    refused = holm("run", *detached, IMAGES / "web", runtime=runtime)
    assert refused.returncode == 125 and not refused.stdout
    assert refused.stderr == 'holm: "web" needs its network device lan: -p HOST:GUEST leads a port of this machine to it, --net lan=tapX grants it a tap\n'


def test_what_could_not_be_found_again_is_not_started(runtime):
    """A detached instance without room for its record."""
    need("hello")
    if os.geteuid() != 0:
        pytest.skip("a full file system of the test's own needs root")
    command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=4k,mode=700 none "$1" && echo > "$1/full" && shift && exec "$@"', "sh",
               str(runtime), str(HOLM), "run", "-d", str(IMAGES / "hello")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL, check=False,
                            env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)})
    assert result.returncode == 125 and "cannot be written: No space left on device" in result.stderr


@pytest.mark.xdist_group("build/demo.svg")
def test_the_demo_where_no_networks_can_be_made():
    """In a mount namespace without /dev/net/tun: the web server alone, through passt."""
    need("web")
    passt_or_skip()
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("hiding /dev/net/tun needs root")
    command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh", str(HOLM), "demo"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=280, stdin=subprocess.DEVNULL, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "no networks can be made here (/dev/net/tun" in result.stdout
    assert "GET  /api/items" in result.stdout and "first reply" in result.stdout

"""What the bootstrap says when the machine cannot be set up. Programs it asks are replaced by small scripts."""

import os
import pathlib
import signal
import stat
import subprocess
import time

import pytest

from tests.static.tree import ROOT

PRELUDE = f"""
set -euo pipefail
root={ROOT}
report_log=$PWD/log report_steps=1
for part in report machine packages; do source $root/toolchain/bootstrap/$part.sh; done
"""


# The real script, with the switch that keeps services from starting in a folder of the test's own.
INSTALL = """
as_root() { "$@"; }; can_be_root() { true; }
install_packages_script=${install_packages_script//\\/usr\\/sbin/$PWD}
install_packages build
"""


@pytest.fixture
def bash(tmp_path):
    """bash(script, program="shell text", ...) runs the script after the bootstrap's functions, with stand-ins first on PATH."""

    def run(script, **programs):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for name, text in programs.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!/bin/bash\n{text}\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return subprocess.run(["bash", "-c", PRELUDE + script], cwd=tmp_path, capture_output=True, text=True, timeout=200,
                              stdin=subprocess.DEVNULL, env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}, check=False)

    return run


def listed(bash, *groups):
    return set(bash("listed_packages " + " ".join(groups)).stdout.split())


def test_groups_of_the_package_list(bash):
    assert {"clang-19", "ninja-build", "passt"} <= listed(bash, "build")
    assert "nginx-light" not in listed(bash, "build", "test")
    assert listed(bash, "build") < listed(bash, "build", "bench")


def test_only_missing_packages_are_installed(bash):
    done = bash("missing_packages build", dpkg_query="printf '%s\\n' 'ii clang-19' 'ii libc++-19-dev:amd64' 'rc cmake' 'iF curl'")
    missing = set(done.stdout.split())
    assert not missing & {"clang-19", "libc++-19-dev"}
    assert {"cmake", "curl", "ninja-build"} <= missing  # removed, half installed, unknown


def test_another_system_is_told_what_is_needed(bash, tmp_path):
    (tmp_path / "os-release").write_text('ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04 LTS"\n')
    done = bash("require_debian_12 os-release")
    assert done.returncode == 1
    assert "Debian 12" in done.stderr and "Ubuntu 24.04 LTS" in done.stderr and "packages.txt" in done.stderr


def test_another_architecture_too(bash, tmp_path):
    (tmp_path / "os-release").write_text("ID=debian\nVERSION_ID=12\n")
    assert bash("require_debian_12 os-release", uname="echo x86_64").returncode == 0
    assert "aarch64" in bash("require_debian_12 os-release", uname="echo aarch64").stderr


def test_without_sudo_the_missing_packages_are_named(bash):
    done = bash("can_be_root() { false; }; install_packages build", dpkg_query="echo 'ii clang-19'")
    assert done.returncode == 1
    assert "not root, no sudo" in done.stderr and "apt-get install " in done.stderr and "ninja-build" in done.stderr
    assert "clang-19" not in done.stderr


def test_a_full_disk_is_seen_before_the_work(bash):
    done = bash("can_be_root() { true; }; install_packages build", dpkg_query="true", df="echo Avail; echo 12M")
    assert done.returncode == 1 and "not enough space" in done.stderr and "12 MB are free" in done.stderr


@pytest.mark.parametrize("output, hint", [
    ("E: Could not get lock /var/lib/dpkg/lock-frontend", "Another program holds apt's lock"),
    ("E: You don't have enough free space in /var/cache/apt/archives/.", "The disk is full"),
    ("Err:1 http://mirror bookworm InRelease\n  Temporary failure resolving", "Is there a network"),
])
def test_what_apt_says_is_explained(bash, output, hint):
    done = bash(INSTALL, dpkg="true", dpkg_query="true", df="echo Avail; echo 99999M", apt_get=f"cat <<'E'\n{output}\nE\nexit 100")
    assert done.returncode == 1
    assert hint in done.stderr and "log" in done.stderr


def test_packages_keep_a_standard_output_beside_the_progress(bash, tmp_path):
    """apt closes the descriptor of its progress for the scripts of packages, so that must not be their standard output."""
    apt = r"""[[ $* == *install* ]] || exit 0
status=$(sed -n 's/.*APT::Status-Fd=\([0-9]*\).*/\1/p' <<<"$*")
for percent in 20 60 100; do echo "pmstatus:clang-19:$percent:Configuring" >&"$status"; done
eval "exec $status>&-"
echo "Updating certificates" || exit 100
touch installed"""
    done = bash(INSTALL, dpkg="true", df="echo Avail; echo 99999M", apt_get=apt,
                dpkg_query="[[ ! -e installed ]] || printf 'ii %s\\n' \"${@:4}\"")
    assert done.returncode == 0, done.stderr
    assert "80 %" in done.stderr
    log = (tmp_path / "log").read_text()
    assert "Updating certificates" in log and "pmstatus" not in log


def test_a_failed_step_shows_its_end_and_names_the_log(bash):
    done = bash("step 'try it'; run_logged bash -c 'echo the reason; exit 3'")
    assert done.returncode == 1
    assert "the reason" in done.stderr and "[1/1] try it" in done.stderr and "/log" in done.stderr


def sources(script):
    return f'cache=$PWD; source "$root/toolchain/sysroot/sources.sh"; {script}'


def test_a_wrong_checksum_is_refused(bash, tmp_path):
    (tmp_path / "download").mkdir()
    (tmp_path / "download" / "a.tar").write_text("not what was pinned")
    done = bash(sources("unpack thing a.tar 1234abcd"))
    assert done.returncode == 1 and "checksum mismatch: a.tar" in done.stderr and "1234abcd" in done.stderr
    assert not (tmp_path / "download" / "a.tar").exists() and not (tmp_path / "sources" / "thing").exists()


def test_source_entries_keep_what_signs_them(bash, tmp_path):
    (tmp_path / "in" / "sources.list.d").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "sources.list").write_text("deb [signed-by=/k.gpg] http://mirror/debian bookworm main\n# deb http://off x\n")
    (tmp_path / "in" / "sources.list.d" / "d.sources").write_text(
        "Types: deb\nURIs: http://mirror/debian\nSuites: bookworm\nComponents: main\nSigned-By: /usr/share/keyrings/k.gpg\n")
    done = bash(sources("derive_source_entries in out"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "one-line.list").read_text() == "deb-src [signed-by=/k.gpg] http://mirror/debian bookworm main\n"
    stanza = (tmp_path / "out" / "d.sources").read_text()
    assert "Types: deb-src\n" in stanza and "Signed-By: /usr/share/keyrings/k.gpg" in stanza


def pid_in(path):
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(path.read_text())


def has_ended(pid):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def take_signals():
    """In a child: whoever started the tests may have had them ignore signals, which bash then cannot trap."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("script", ["run_ninja -C somewhere", "run_logged ninja"])
def test_a_signal_ends_what_the_set_up_runs(tmp_path, script, number, status):
    (tmp_path / "ninja").write_text("#!/bin/bash\necho $$ >pid; echo '[1/4] compile'; exec sleep 1000\n")
    (tmp_path / "ninja").chmod(0o755)
    with subprocess.Popen(["bash", "-c", PRELUDE + f"touch log; {script}"], cwd=tmp_path, stdin=subprocess.DEVNULL, preexec_fn=take_signals,
                          stderr=subprocess.DEVNULL, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}) as holm:
        child = pid_in(tmp_path / "pid")
        holm.send_signal(number)
        assert holm.wait(30) == status
    assert has_ended(child)


def test_what_ninja_says_is_logged_and_its_failure_shown(bash, tmp_path):
    done = bash("touch log; run_ninja -C x; echo fine", ninja="echo '[1/2] one'; echo '[2/2] two'")
    assert done.stdout == "fine\n" and "[2/2] two" in (tmp_path / "log").read_text()
    done = bash("touch log; run_ninja -C x; echo fine", ninja="echo '[1/2] one'; echo 'FAILED: a.o'; echo 'a.cpp:1: no'; exit 1")
    assert done.returncode == 1 and "a.cpp:1: no" in done.stderr and "the build failed" in done.stderr


def test_a_step_with_nothing_to_do_is_not_worth_a_word(bash):
    idle = bash("touch log; quiet_step 'build what changed'; run_ninja -C x", ninja="echo '[0/2] Re-checking'; echo 'no work to do'")
    assert idle.returncode == 0 and not idle.stderr
    busy = bash("touch log; quiet_step 'build what changed'; run_ninja -C x", ninja="for i in 1 2 3; do echo \"[$i/3] compile\"; done")
    assert busy.returncode == 0 and "[1/1] build what changed" in busy.stderr


@pytest.mark.parametrize("cleans_up", [False, True])
def test_a_signal_ends_what_the_test_runner_runs(tmp_path, cleans_up):
    program = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.runner import child
child.end_on_sigterm()
try:
    child.run(["bash", "-c", "trap 'touch cleaned; exit' INT; sleep 1000 & echo $! >pid; wait $!"], cleans_up={cleans_up})
except KeyboardInterrupt:
    sys.exit(7)
"""
    with subprocess.Popen(["/usr/bin/python3", "-B", "-c", program], cwd=tmp_path, preexec_fn=take_signals) as runner:
        child = pid_in(tmp_path / "pid")
        runner.terminate()
        assert runner.wait(30) == 7
    assert (tmp_path / "cleaned").exists() == cleans_up
    if cleans_up:
        os.kill(child, signal.SIGKILL)  # the stand-in left it to itself
    assert has_ended(child)

"""A tap that is deleted under a running instance."""

import os
import time


def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_deleted_tap_is_reported_and_the_instance_goes_on_without_spinning(lan, start, tender):
    instance = start("web", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, tender=tender)
    lan.wait_for_page(instance, f"http://{lan.GUEST}/healthz")
    lan.ip("link", "del", "tap0")
    instance.wait_for("the network device 'lan' has vanished; the instance goes on without it")
    before = processor_seconds(instance.pid)
    time.sleep(1)
    assert processor_seconds(instance.pid) - before < 0.2
    assert instance.output().count("vanished") == 1
    assert instance.stop() == 0, instance.output()


def test_a_tap_deleted_under_load_is_survived(lan, start, tender):
    """Connections are open and data is under way when the device goes."""
    instance = start("web", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, tender=tender)
    lan.wait_for_page(instance, f"http://{lan.GUEST}/healthz")
    fetch = f"for i in 1 2 3 4; do curl -s -m 20 --limit-rate 200k -o /dev/null http://{lan.GUEST}/static/large.bin & done; sleep 1"
    assert lan.run("sh", "-c", fetch).returncode == 0
    lan.ip("link", "del", "tap0")
    instance.wait_for("has vanished")
    time.sleep(2)  # retransmission timers expire meanwhile
    assert instance.alive(), instance.output()
    before = processor_seconds(instance.pid)
    time.sleep(1)
    assert processor_seconds(instance.pid) - before < 0.2
    assert instance.stop() == 0, instance.output()

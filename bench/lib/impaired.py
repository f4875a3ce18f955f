"""A client and a server with an unkind network between them, made of two taps and bench/programs/impaired_link.c."""

import contextlib
import subprocess

from bench.lib.machine import compiled, undisturbed
from bench.lib.namespaces import CLIENT_ADDRESS, SERVER_ADDRESS, client_namespace, ip


@contextlib.contextmanager
def link(near, far, far_tap, **settings):
    """Carries frames between the taps `near0` and `far_tap` in two namespaces; `near` has the client's address."""
    settings = [f"{name}={value}" for name, value in settings.items()]
    command = [*undisturbed(), compiled("impaired_link"), f"/run/netns/{near}", "near0", f"/run/netns/{far}", far_tap, *settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as carrier:
        try:
            if carrier.stdout.readline() != "ready\n":
                raise RuntimeError(f"{' '.join(command)}: ended")
            ip("-n", near, "addr", "add", f"{CLIENT_ADDRESS}/24", "dev", "near0")
            ip("-n", near, "link", "set", "near0", "up")
            ip("-n", far, "link", "set", far_tap, "up")
            yield carrier
        finally:
            carrier.terminate()


@contextlib.contextmanager
def to_image(**settings):
    """Yields (client's namespace, namespace to start the image in, on tap0). The image's tap and the link's are joined by a
    bridge, in which the kernel cuts the image's large segments."""
    with client_namespace() as near, client_namespace() as far:
        ip("-n", far, "link", "add", "br0", "type", "bridge")
        ip("-n", far, "tuntap", "add", "tap0", "mode", "tap", "vnet_hdr")
        with link(near, far, "far0", **settings):
            for name in ("far0", "tap0"):
                ip("-n", far, "link", "set", name, "master", "br0", "up")
            ip("-n", far, "link", "set", "br0", "up")
            yield near, far


@contextlib.contextmanager
def to_linux(**settings):
    """Yields (client's namespace, server's namespace)."""
    with client_namespace() as near, client_namespace() as far, link(near, far, "far0", **settings):
        ip("-n", far, "addr", "add", f"{SERVER_ADDRESS}/24", "dev", "far0")
        yield near, far

"""What several interop tests talk to."""

import pytest


@pytest.fixture
def http_server(lan, start):
    """The image tests/http-server on a tap, which serves."""
    instance = start("tests/http-server", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan)
    instance.wait_for("http: ready")
    return instance

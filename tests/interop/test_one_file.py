"""One and the same file, on every tender that this machine can run, answers curl."""

import hashlib
import time

from tests.support import tenders
from tests.support.instance import IMAGES


def digest():
    return hashlib.sha256((IMAGES / "web").read_bytes()).hexdigest()


def test_the_same_file_answers_on_every_tender(lan, start, capsys):
    before = digest()
    answers = {}
    for tender in tenders.ALL:
        if tender.why_not():
            continue
        instance = start("web", "--net", f"lan=tap0,ip={lan.GUEST}/24", inside=lan, tender=tender)
        for _ in range(400):
            reply = lan.run("curl", "-sf", "-m", "1", f"http://{lan.GUEST}/healthz")
            if reply.returncode == 0:
                answers[str(tender)] = reply.stdout
                break
            assert instance.alive(), instance.output()
            time.sleep(0.05)
        instance.stop()
        assert digest() == before
    with capsys.disabled():
        print(f"\nsha256 {before} build/images/web, answered on: {', '.join(answers)}")
    assert len(set(answers.values())) == 1 and len(answers) == sum(tender.why_not() is None for tender in tenders.ALL), answers

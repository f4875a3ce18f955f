"""One and the same file, on every tender that this machine can run, answers curl."""

import hashlib

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
        url = f"http://{lan.GUEST}/healthz"
        lan.wait_for_page(instance, url)
        answers[str(tender)] = lan.run("curl", "-sf", "-m", "60", url).stdout
        instance.stop()
        assert digest() == before
    with capsys.disabled():
        print(f"\nsha256 {before} build/images/web, answered on: {', '.join(answers)}")
    assert len(set(answers.values())) == 1 and len(answers) == sum(tender.why_not() is None for tender in tenders.ALL), answers

"""holm new and holm build: a project of a user."""

import pytest

from tests.support.command import holm, need


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

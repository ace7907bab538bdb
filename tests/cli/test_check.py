"""``check``: what people, programs and pull requests are told, and what --fix writes."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.cli import main
from tests.cli.running import run, write_router

WRONG = """# ours
rules:
  - name: a          # keep me
    when: Event == "OnJobFailed"
    to: [oncall]

  - name: b
    when: >-
      Event == 'OnInstanceFailed' &&
      ExitCode == '0'
    to: [oncall]  # and me
  - {name: c, when: 'Event == "OnJobFailed"', to: [oncall]}
  - {name: d, when: "Event = 'OnJobFailed' and JobName == \\"x\\"", to: [oncall]}
  - {name: e, when: Event == 'OnInstanceFailed' && ExitCode != 0, to: [oncall]}
"""
RIGHT = """# ours
rules:
  - name: a          # keep me
    when: Event == 'OnJobFailed'
    to: [oncall]

  - name: b
    when: >-
      Event == 'OnInstanceFailed' &&
      ExitCode == `0`
    to: [oncall]  # and me
  - {name: c, when: 'Event == ''OnJobFailed''', to: [oncall]}
  - {name: d, when: "Event == 'OnJobFailed' && JobName == 'x'", to: [oncall]}
  - {name: e, when: Event == 'OnInstanceFailed' && ExitCode != `0`, to: [oncall]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A rule file with faults that can be mended."""
    path = tmp_path / "rules.yaml"
    path.write_text(WRONG, encoding="utf-8")
    return path


def test_the_exact_part_is_underlined(file: Path) -> None:
    """The line of the file, and carets under what is wrong, also inside a block."""
    done = run("check", str(file))
    assert done.status == 1
    lines = done.out.splitlines()
    for text, under in (
        ('    4 |     when: Event == "OnJobFailed"', "      |                    ^^^^^^^^^^^^^"),
        ("   10 |       ExitCode == '0'", "      |                   ^^^"),
    ):
        assert lines[lines.index(text) + 1] == under
    assert "5 errors." in done.out
    assert "can be mended by check --fix" in done.out


def test_fix_writes_what_is_right_and_leaves_the_rest(file: Path) -> None:
    """Comments, layout, quotes and the mode of the file stay; what is behind a first fault is mended too."""
    file.chmod(0o640)
    done = run("check", "--fix", str(file))
    assert file.read_text(encoding="utf-8") == RIGHT
    assert (done.status, done.out) == (0, "No fault found.\n")
    assert "rules.yaml:4:20: \"OnJobFailed\" → 'OnJobFailed'" in done.error
    assert file.stat().st_mode & 0o777 == 0o640
    assert run("check", "--fix", str(file)).error == ""


def test_fix_keeps_the_line_ends_of_the_file(file: Path) -> None:
    """A file from Windows stays one."""
    file.write_bytes(WRONG.replace("\n", "\r\n").encode())
    run("check", "--fix", str(file))
    assert file.read_bytes() == RIGHT.replace("\n", "\r\n").encode()


def test_fix_counts_lines_as_yaml_does(file: Path) -> None:
    """A file whose lines end in CR alone is mended like any other."""
    file.write_bytes(WRONG.replace("\n", "\r").encode())
    run("check", "--fix", str(file))
    assert file.read_bytes() == RIGHT.replace("\n", "\r").encode()


def test_fix_leaves_alone_what_only_a_person_can_tell(file: Path) -> None:
    """Nothing that is safe: nothing is written."""
    text = "rules:\n  - {name: a, when: \"Event == 'OnJobFaild'\", to: [oncall]}\n"
    file.write_text(text, encoding="utf-8")
    done = run("check", "--fix", str(file))
    assert (done.status, done.error, file.read_text(encoding="utf-8")) == (1, "", text)


def test_programs_get_one_list(file: Path) -> None:
    """With stable names, and what may be written."""
    done = run("check", str(file), "-o", "json")
    [first, *_] = json.loads(done.out)["findings"]
    assert {**first, "message": ""} == {
        "code": "F101",
        "level": "error",
        "file": str(file),
        "line": 4,
        "column": 20,
        "message": "",
        "fix": "'OnJobFailed'",
    }
    assert done.status == 1


def test_github_gets_annotations(file: Path) -> None:
    """A workflow command for each finding, at its very place."""
    lines = run("check", str(file), "-o", "github").out.splitlines()
    assert lines[0].startswith(f"::error file={file},line=4,col=20,endColumn=32,title=F101::rule a: when: ")
    assert all(line.startswith("::error ") for line in lines)


@pytest.mark.parametrize("form", ["text", "github"])
def test_a_file_cannot_speak_for_us(tmp_path: Path, form: str) -> None:
    """Escapes and line ends in a key stay words: no colour, no workflow command, no line of their own."""
    path = tmp_path / "rules.yaml"
    path.write_text('rules:\n  - {"na\\e[31mme\\r\\n::error::x": 1, name: a, when: always, to: [b]}\n')
    out = run("check", str(path), "-o", form).out
    assert "\x1b" not in out
    assert "\r" not in out
    assert not any(line.startswith("::error::") for line in out.splitlines())


def test_the_status_says_what_came_of_it(tmp_path: Path) -> None:
    """0: fine, remarks included; 1: an error; 2: a file that cannot be read."""
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n  - {name: a, when: \"starts_with(JobName, 'x')\", to: [b]}\n")
    assert run("check", str(path)).status == 0
    path.write_text("rules: 1\n")
    assert run("check", str(path)).status == 1
    assert run("check", str(tmp_path / "none.yaml")).status == 2


def test_a_folder_is_its_settings_and_their_rules(tmp_path: Path) -> None:
    """Rules are checked with the channels of the router.yaml beside them, once."""
    rules: list[dict[str, object]] = [{"name": "a", "when": "always", "to": ["onkall"]}]
    write_router(tmp_path, rules, "oncall")
    done = run("check", str(tmp_path))
    assert done.status == 1
    assert "no channel is named onkall" in done.out
    assert "1 error." in done.out
    (tmp_path / "empty").mkdir()
    assert "no rule file stands in this folder" in run("check", str(tmp_path / "empty")).out


def test_a_rule_file_is_no_router_yaml(file: Path) -> None:
    """Said once, with what to give instead, wherever settings are wanted."""
    done = run("explain", "-c", str(file), stdin=b"{}")
    assert done.status == 2
    assert "it is a rule file, no router.yaml [Y010]; name it under rules:" in done.error
    assert done.error.count("\n") == 0


def test_no_error_acts_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a file holds is shown as text, also on standard error."""
    path = tmp_path / "rules.yaml"
    path.write_text('rules:\n  - {name: "\\e[31mred", when: always, to: [b]}\n')
    monkeypatch.setattr(sys, "argv", ["alert-router", "coverage", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "rule \\u001b[31mred" in said
    assert "\x1b" not in said


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["  ", "# note é", "\t", "'", '"', "\\", "中", "🙂"]), max_size=5))
def test_a_place_is_right_whatever_stands_before_it(
    tmp_path_factory: pytest.TempPathFactory, noise: list[str]
) -> None:
    """Whatever the comment of a line holds, the same two characters are mended."""
    path = tmp_path_factory.mktemp("f") / "rules.yaml"
    before = f"# {' '.join(noise)}\nrules:\n  - name: a # {' '.join(noise)}\n"
    text = before + "    when: \"ExitCode == '1' && JobName != '中🙂'\" # {x}\n    to: [b]\n"
    path.write_text(text, encoding="utf-8")
    run("check", "--fix", str(path))
    assert path.read_text(encoding="utf-8") == text.replace("'1'", "`1`")


def test_a_service_whose_answers_nobody_reads_is_said(tmp_path: Path) -> None:
    """A remark, not a fault; ``accept`` reads the answer, and a service that is read is no matter."""
    channels = {
        "phone": {"url": "bark://127.0.0.1:9/abcdefgh"},
        "read": {"url": "bark://127.0.0.1:9/abcdefgh", "accept": "code == `200`"},
        "hook": {"url": "json://127.0.0.1:9/"},
    }
    rules = [{"name": "a", "when": "Event == 'OnJobFailed'", "to": list(channels)}]
    done = run("check", write_router(tmp_path, rules, channels=channels))
    assert done.status == 0
    assert "Y019" in done.out
    assert "channels.phone.url: unverified" in done.out
    assert done.out.count("unverified") == 1


def test_a_misspelt_form_of_a_channel_is_said(tmp_path: Path) -> None:
    """With the form that was meant."""
    channels = {"room": {"url": f"dingtalk://{'a' * 64}?format=texxt"}}
    rules = [{"name": "a", "when": "Event == 'OnJobFailed'", "to": ["room"]}]
    done = run("check", write_router(tmp_path, rules, channels=channels))
    assert done.status == 1
    assert "did you mean format=text?" in done.out

"""``import alertmanager``: what people and programs are told, and what is written."""

from pathlib import Path

from tests.cli.running import run, run_json

FILE = str(Path(__file__).parents[1] / "config/alertmanager/files/old.yml")


def test_a_person_reads_what_is_lost_and_what_to_set(tmp_path: Path) -> None:
    """Each lost thing with file, line and column; each variable with its form."""
    done = run("import", "alertmanager", FILE, "--output", str(tmp_path))
    assert done.status == 0, done
    assert f"{FILE}:2:3: warning: global.resolve_timeout: is not carried over [A001]" in done.out
    assert "DEFAULT_SLACK_URL=slack://TOKEN_A/TOKEN_B/TOKEN_C/#general" in done.out
    assert (tmp_path / "rules/alertmanager.yaml").exists()
    assert f"then run alert-router check {tmp_path / 'router.yaml'}:" in done.out


def test_a_program_reads_the_same(tmp_path: Path) -> None:
    """One object with findings, variables and files."""
    told = run_json("import", "alertmanager", FILE, "--output", str(tmp_path))
    assert told["findings"][0]["line"] == 2
    assert {"name": "DEFAULT_SLACK_URL", "form": "slack://TOKEN_A/TOKEN_B/TOKEN_C/#general"} in told[
        "variables"
    ]
    assert told["files"] == [str(tmp_path / "router.yaml"), str(tmp_path / "rules/alertmanager.yaml")]


def test_no_file_is_written_over(tmp_path: Path) -> None:
    """A second import into one folder is refused, and changes nothing."""
    (tmp_path / "router.yaml").write_text("mine", encoding="utf-8")
    done = run("import", "alertmanager", FILE, "--output", str(tmp_path))
    assert done.status == 2
    assert "stands already" in done.error
    assert (tmp_path / "router.yaml").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "rules").exists()

"""``test``: runs the tests that stand in rules, on a virtual clock, and sends nothing."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from router.cli.files import warn_of_missing
from router.cli.output import FORM, Form, colour, harmless, on_one_line, print_json, say
from router.cli.testing.snapshots import Snapshots
from router.errors import ConfigError, RouterError

if TYPE_CHECKING:
    from router.core.policy import Policy
    from router.pipeline.reached import Missed
    from router.pipeline.tongue import Tongue
    from router.pipeline.trial import Failure, Trial


@dataclass(frozen=True, slots=True)
class Tried:
    """A test that was run, and the seconds that it took."""

    trial: "Trial"
    seconds: float

    @property
    def name(self) -> str:
        """The rule, and what the test shows."""
        return f"{self.trial.case.rule}: {self.trial.case.name}"


@dataclass(frozen=True, slots=True)
class Suite:
    """Rules that are tested together: those of a router.yaml, a file, a folder."""

    path: Path
    policy: "Policy"
    tongue: "Tongue"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("test")(run_tests)


def run_tests(
    paths: list[Path] = typer.Argument(help="router.yaml, rule files, or folders of rule files."),
    update: bool = typer.Option(False, "--update", help="Write snapshots as the texts are now."),
    coverage: bool = typer.Option(False, "--coverage", help="List what no test reached."),
    junit: Path | None = typer.Option(None, "--junit", metavar="FILE", help="Write a report for CI."),
    output: Form = FORM,
) -> None:
    """Run the tests that stand in rules, on a virtual clock; nothing is sent.

    A test gives events and says what must come of them: messages on a channel
    by a time, with a reason and a text, or the state of a rule's alerts. The
    engine, its groups, timers and texts are those of `run`. The rules of a
    folder, and those of a router.yaml, are tested together; without a
    router.yaml each channel takes plain text. docs/testing.md has examples.

    Exit status 1 when a test fails, 2 when there is none, or a file has a
    fault.
    """
    suites = [_suite(path) for path in paths]
    if not any(rule.tests for suite in suites for rule in suite.policy.rules):
        raise RouterError(
            "usage", "there is no test in these rules", "Add tests: to a rule, see docs/testing.md"
        )
    tried: dict[Path, list[Tried]] = {}
    left: dict[Path, list[Missed]] = {}
    for suite in suites:
        tried[suite.path] = list(_run(suite, update=update, show=output is Form.TEXT))
        left[suite.path] = _left_out(suite, tried[suite.path]) if coverage else []
    everything = [one for some in tried.values() for one in some]
    if junit is not None:
        _write_junit(junit, tried)
    if output is Form.JSON:
        _print_json(everything, [one for some in left.values() for one in some], coverage=coverage)
    else:
        _say_left_out(left, coverage=coverage)
        _say_sum(everything)
    if any(one.trial.failures for one in everything):
        raise typer.Exit(1)


def _suite(path: Path) -> Suite:
    from router.app import load_config
    from router.config import is_settings, load_rules, rule_files
    from router.config.targets import policy_alone
    from router.pipeline.tongue import Tongue

    if path.is_file() and is_settings(path):
        config = load_config(path, to_look=True)
        warn_of_missing(config)
        return Suite(path, config.policy, Tongue(config.settings.timezone, config.settings.language))
    rules, findings = load_rules(rule_files(path))
    if any(finding.level == "error" for finding in findings):
        raise ConfigError(findings)
    return Suite(path, policy_alone(rules), Tongue())


def _run(suite: Suite, *, update: bool, show: bool) -> Iterator[Tried]:
    from router.decoders import decode
    from router.pipeline.trial import try_case
    from router.storage.memory import MemoryStore

    if show:
        say(colour(harmless(str(suite.path)), "bold"))
    for case in (case for rule in suite.policy.rules for case in rule.tests):
        compare = Snapshots(Path(case.place.file), update=update).compare
        begun = time.perf_counter()
        trial = try_case(case, suite.policy, decode, MemoryStore(), suite.tongue, compare)
        tried = Tried(trial, time.perf_counter() - begun)
        if show:
            _say(tried)
        yield tried


# text


def _say(tried: Tried) -> None:
    word = colour("FAILED", "red") if tried.trial.failures else colour("ok", "green") + "    "
    took = colour(f"  {tried.seconds:.1f} s", "dim") if tried.seconds >= 0.1 else ""
    say(f"  {word}  {on_one_line(tried.name)}{took}")
    for failure in tried.trial.failures:
        say(f"    {failure.expected.place}: {_moment(failure)}: {harmless(failure.said)}")
        for line in failure.why:
            say(colour(f"      {on_one_line(line)}", "dim"))


def _moment(failure: "Failure") -> str:
    from router.core.times import brief

    return f"by {brief(failure.expected.at)}"


def _say_left_out(left: "dict[Path, list[Missed]]", *, coverage: bool) -> None:
    if not coverage:
        return
    missed = [(path, one) for path, some in left.items() for one in some]
    say("\nEvery rule, clause, event and text is reached." if not missed else "\nNo test reached:")
    for _, one in missed:
        say(f"  {one.what:<6}  {one.rule + ': ' if one.rule else ''}{on_one_line(one.name)}")


def _say_sum(tried: list[Tried]) -> None:
    failed = sum(bool(one.trial.failures) for one in tried)
    took = sum(one.seconds for one in tried)
    passed = f"{len(tried) - failed} test{'s' if len(tried) - failed != 1 else ''} passed"
    said = f"{passed}, {failed} failed" if failed else passed
    say(colour(f"\n{said} in {took:.1f} s.", "red" if failed else "green"))


# programs


def _print_json(tried: list[Tried], left: "list[Missed]", *, coverage: bool) -> None:
    found: dict[str, Any] = {"tests": [_json(one) for one in tried]}
    if coverage:
        found["missed"] = [{"what": one.what, "rule": one.rule, "name": one.name} for one in left]
    print_json(found)


def _json(tried: Tried) -> dict[str, Any]:
    case = tried.trial.case
    return {
        "rule": case.rule,
        "name": case.name,
        "file": case.place.file,
        "line": case.place.line,
        "passed": not tried.trial.failures,
        "seconds": round(tried.seconds, 3),
        "failures": [
            {
                "line": failure.expected.place.line,
                "column": failure.expected.place.column,
                "message": f"{_moment(failure)}: {failure.said}",
                "why": list(failure.why),
            }
            for failure in tried.trial.failures
        ],
    }


def _write_junit(file: Path, tried: dict[Path, list[Tried]]) -> None:
    from router.cli.testing.junit import Result, report

    suites = {
        str(path): [
            Result(one.trial.case.rule, one.trial.case.name, one.seconds, _failed(one.trial)) for one in some
        ]
        for path, some in tried.items()
    }
    try:
        file.write_bytes(report(suites))
    except OSError as error:
        raise RouterError("usage", f"cannot write {file}: {error.strerror}") from error


def _failed(trial: "Trial") -> str:
    lines: list[str] = []
    for failure in trial.failures:
        lines += [f"{failure.expected.place}: {_moment(failure)}: {failure.said}", *failure.why]
    return "\n".join(lines)


def _left_out(suite: Suite, tried: list[Tried]) -> "list[Missed]":
    from router.pipeline.reached import missed

    return missed(suite.policy, [one.trial for one in tried])

"""``tests`` of a rule to cases: their events read, every fault with its place."""

import difflib
import json
from pathlib import Path
from typing import Any, cast

from router.config.files import read_small
from router.config.rules import CaseKeys, EventFile, GivenKeys, RuleKeys
from router.config.yaml import Document, Way
from router.core.case import START, Case, Expected, Failing, Given
from router.core.catalogue import EVENTS, JOB
from router.core.delivery import Outcome
from router.core.event import MAX_BODY
from router.errors import Finding, RouterError


def cases_of(document: Document, way: Way, keys: RuleKeys) -> tuple[Case, ...]:
    """The tests that stand under a rule; a fault is a finding of the document."""
    return tuple(
        _case(document, (*way, "tests", number), keys, test) for number, test in enumerate(keys.tests)
    )


def _case(document: Document, way: Way, keys: RuleKeys, test: CaseKeys) -> Case:
    given = [
        one
        for number, item in enumerate(test.given)
        if (one := _given(document, (*way, "given", number), keys, item)) is not None
    ]
    expected = tuple(
        Expected(
            at=next(at for at in (item.by, item.at, 0) if at is not None),
            place=document.place((*way, "expect", number)),
            channel=item.channel,
            count=item.count,
            reason=item.reason or "",
            title_contains=item.title_contains,
            body_contains=item.body_contains,
            snapshot=item.snapshot,
            rule=item.rule or keys.name,
            alerts=item.alerts or "",
        )
        for number, item in enumerate(test.expect)
    )
    given.sort(key=lambda one: one.at)
    ordered = tuple(sorted(expected, key=lambda one: one.at))
    start = START if test.start is None else test.start
    return Case(test.name, keys.name, document.place(way), tuple(given), ordered, start)


def _given(document: Document, way: Way, keys: RuleKeys, item: GivenKeys) -> Given | Failing | None:
    if item.channel is not None:
        fails = item.channel.fails
        return Failing(item.at, item.channel.name, Outcome(fails.outcome), fails.times)
    body = _body(document, way, item)
    if body is None:
        return None
    body = {**body, **item.fields}
    if _has_job_of_its_own(body):
        where = (*way, "with", JOB) if JOB in item.fields else (*way, "event")
        said = f"{JOB} is no field of {body['Event']}: the router joins what it last heard of the job"
        return _fault(document, where, said, "give an OnJob… event of the same JobId before it")
    source = item.source or next(iter(keys.sources or ()), "test")
    vary = (item.vary,) if isinstance(item.vary, str) else item.vary
    return Given(item.at, body, item.times, vary, source)


def _has_job_of_its_own(body: dict[str, Any]) -> bool:
    """Whether it carries what the router would put another in the place of."""
    kind = EVENTS.get(str(body.get("Event")))
    return kind is not None and kind.has_job and body.get(JOB) is not None


def _body(document: Document, way: Way, item: GivenKeys) -> dict[str, Any] | None:
    if isinstance(item.event, EventFile):
        return _from_file(document, way, item.event.file)
    name = item.event or ""
    if name in EVENTS:
        return EVENTS[name].sample()
    near = difflib.get_close_matches(name, EVENTS, 1)
    fix = f"did you mean {near[0]}?" if near else "`alert-router events` lists them; or event: {file: …}"
    return _fault(document, (*way, "event"), f"no event is named {name}", fix)


def _from_file(document: Document, way: Way, file: str) -> dict[str, Any] | None:
    folder, at = Path(document.file).parent, (*way, "event", "file")
    try:
        value = json.loads(read_small(folder / file, MAX_BODY))
    except RouterError as error:
        said = f"cannot read {file}: {error.message}"
        return _fault(document, at, said, f"paths are relative to {folder.resolve()}")
    except (ValueError, RecursionError) as error:
        return _fault(document, at, f"{file} is no JSON: {error}")
    if not isinstance(value, dict):
        return _fault(document, at, f"{file} is no event: expected an object")
    return cast("dict[str, Any]", value)


def _fault(document: Document, way: Way, said: str, fix: str = "") -> None:
    document.findings.append(Finding("Y018", "error", document.place(way), f"tests: {said}", fix))
    document.broken.add(way)

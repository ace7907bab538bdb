"""A rule file to rules: every fault of its form, its filters and its templates."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from router.config.cases import cases_of
from router.config.expressions import check_formats, check_templates, read_filter, read_filters
from router.config.faults import findings_of
from router.config.rules import DefaultKeys, RuleFile, RuleKeys
from router.config.yaml import Document, Way, listed, mapping
from router.core.case import Case
from router.core.filter import Filter
from router.core.rule import Count, Escalation, Expect, Inhibition, Rule, Severity, Texts
from router.errors import Finding, Place

#: What ``group_by`` says to tell each alert alone.
ALONE = ("...",)
#: Keys, besides ``when``, that hold JMESPath.
_EXPRESSIONS = frozenset({"resolve_when", "expect", "key", "group_by", "inhibited_by"})


@dataclass(frozen=True, slots=True)
class Written:
    """Keys as they stand in a file: one rule's, or the ``defaults`` of a file.

    Args:
        keys: as written, not yet checked.
        rule: what they mean, if nothing is wrong with their form.
    """

    document: Document
    way: Way
    keys: dict[str, Any]
    rule: Rule | None = None

    @property
    def name(self) -> str:
        """The rule's name; empty for defaults, and where it is missing."""
        name = self.keys.get("name")
        return name if isinstance(name, str) else ""

    @property
    def subject(self) -> str:
        """What messages about it begin with."""
        return f"rule {self.name}" if self.name else "defaults" if self.way == ("defaults",) else "rule"

    def place(self, *way: str | int) -> Place:
        """Where a value of it stands."""
        return self.document.place((*self.way, *way))

    def fault(self, code: str, message: str, *way: str | int, fix: str = "") -> Finding:
        """A finding about a value of it."""
        return Finding(code, "error", self.place(*way), f"{self.subject}: {message}", fix)


def read_rules(document: Document) -> list[Written]:
    """All that is written in a file; faults are findings of the document."""
    whole = mapping(document.value)
    if not _has_rules(document, whole):
        return []
    defaults = Written(document, ("defaults",), mapping(whole.get("defaults")))
    if whole.get("defaults") is not None:
        _check(defaults, whole["defaults"], DefaultKeys)
    # A fault of the defaults is told once, not again with each rule.
    faulty = {way[1] for way in document.broken if way[:1] == ("defaults",) and len(way) > 1}
    sound = {key: value for key, value in defaults.keys.items() if key not in faulty}
    found = [defaults]
    for number, keys in enumerate(listed(whole["rules"])):
        written = Written(document, ("rules", number), mapping(keys))
        found.append(_rule(written, sound | written.keys if isinstance(keys, dict) else keys))
    return found


def _has_rules(document: Document, whole: dict[str, Any]) -> bool:
    """Checks the file's own keys."""
    if document.value is None and document.findings:
        return False
    if not isinstance(document.value, dict):
        said = "expected rules: and a list of rules"
        said = f"{said}; the file is empty" if document.value is None else said
        fix = "write rules: above the list" if isinstance(document.value, list) else ""
        document.findings.append(Finding("Y010", "error", document.place(()), said, fix))
        return False
    # The rules themselves are checked one by one.
    own: dict[str, Any] = whole | {"defaults": None}
    if isinstance(whole.get("rules"), list):
        own["rules"] = []
    _check_form(document, own, (), RuleFile)
    return isinstance(whole.get("rules"), list)


def _check_form(
    document: Document, value: Any, way: Way, model: type[BaseModel], subject: str = ""
) -> BaseModel | None:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        findings_of(document, error, way, model, subject)
        return None


def _check(written: Written, whole: Any, model: type[BaseModel]) -> Any:
    """All that one rule alone shows; its keys if their form is right.

    Args:
        whole: the keys with the defaults under them.
    """
    document, way, keys, subject = written.document, written.way, written.keys, written.subject
    checked = _check_form(document, whole, way, model, subject)
    if not keys.keys().isdisjoint(_EXPRESSIONS):
        _check_expressions(written)
    check_templates(document, way, keys, subject)
    check_formats(document, (*way, "formats"), keys.get("formats"), subject)
    return checked


def _check_expressions(written: Written) -> None:
    document, way, keys, subject = written.document, written.way, written.keys, written.subject
    read_filter(document, (*way, "resolve_when"), keys.get("resolve_when"), subject)
    read_filter(document, (*way, "expect", "event"), mapping(keys.get("expect")).get("event"), subject)
    read_filters(document, (*way, "key"), keys.get("key"), subject)
    if keys.get("group_by") != ["..."]:
        read_filters(document, (*way, "group_by"), keys.get("group_by"), subject)
    for number, one in enumerate(listed(keys.get("inhibited_by"))):
        read_filters(document, (*way, "inhibited_by", number, "equal"), mapping(one).get("equal"), subject)


def _rule(written: Written, whole: Any) -> Written:
    document, way, keys = written.document, written.way, mapping(whole)
    when = _when(written)
    checked: RuleKeys | None = _check(written, whole, RuleKeys)
    is_told = keys.get("mode", "on") in ("on", True) and (*way, "to") not in document.broken
    if keys and is_told and not keys.get("to"):
        document.findings.append(written.fault("C401", "to is missing: whom does it tell?"))
    _check_contradictions(written, keys)
    if checked is None or any(broken[: len(way)] == way for broken in document.broken):
        return written
    cases = cases_of(document, way, checked)
    return Written(document, way, written.keys, _meaning(checked, when, written.place(), cases))


def _when(written: Written) -> Filter | None:
    text = written.keys.get("when")
    if not isinstance(text, str) or text.strip() == "always":
        return None
    return read_filter(written.document, (*written.way, "when"), text, written.subject)


def _check_contradictions(written: Written, keys: dict[str, Any]) -> None:
    either = [key for key in ("count", "expect", "absent") if keys.get(key) is not None]
    for key in either[1:]:
        said = f"{key} and {either[0]} exclude one another"
        written.document.findings.append(written.fault("C401", said, key))


def _meaning(keys: RuleKeys, when: Filter | None, place: Place, cases: tuple[Case, ...]) -> Rule:
    return Rule(
        name=keys.name,
        when=when,
        to=tuple(dict.fromkeys(keys.to)),
        sources=frozenset(keys.sources) if keys.sources is not None else None,
        severity=Severity.of(keys.severity),
        labels=keys.labels,
        mode=keys.mode,
        stop=keys.stop,
        catch_all=keys.catch_all,
        texts=Texts(keys.title, keys.body),
        formats={name: Texts(one.title, one.body) for name, one in keys.formats.items()},
        mute_time_intervals=tuple(dict.fromkeys(keys.mute_time_intervals)),
        active_time_intervals=tuple(dict.fromkeys(keys.active_time_intervals)),
        place=place,
        key=_filters(keys.key) if keys.key else None,
        resolve_when=Filter(keys.resolve_when) if keys.resolve_when else None,
        send_resolved=keys.send_resolved,
        closes_after=keys.close_after,
        hold=keys.hold,
        count=Count(keys.count.at_least, keys.count.within) if keys.count else None,
        expect=Expect(Filter(keys.expect.event), keys.expect.within) if keys.expect else None,
        absent=keys.absent.meaning() if keys.absent else None,
        group_by=_group_by(keys.group_by),
        group_wait=keys.group_wait,
        group_interval=keys.group_interval,
        repeat_interval=keys.repeat_interval,
        escalate=tuple(Escalation(step.after, step.to) for step in keys.escalate),
        inhibited_by=tuple(Inhibition(one.rule, _filters(one.equal)) for one in keys.inhibited_by),
        tests=cases,
    )


def _filters(texts: Iterable[str]) -> tuple[Filter, ...]:
    return tuple(Filter(text) for text in texts)


def _group_by(texts: tuple[str, ...] | None) -> tuple[Filter, ...] | None:
    return () if texts == ALONE else _filters(texts) if texts else None

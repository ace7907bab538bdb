"""Filters and templates judged against what events can hold, and rules against one another."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from router.config.faults import near
from router.config.rule_file import Written
from router.config.yaml import Way
from router.core import absence, drill, outage
from router.core.catalogue import FIELDS, JOB
from router.core.check import (
    OF_ALERTS,
    Kind,
    Remark,
    about_catalogue,
    as_alert,
    catalogue_kinds,
    finds_nothing,
    implies,
    judge,
    verdict,
    widened,
)
from router.core.check.kinds import ANY_EVENT
from router.core.check.values import ANYTHING, NULL, Object, Values
from router.core.filter import Filter
from router.core.key import carried, default_parts, fields_of
from router.core.rule import Rule, Texts
from router.core.text import compile_template
from router.core.text.template import names
from router.core.text.values import LINKS, NAMES
from router.errors import Finding

#: Findings after which further rules are not judged: a filter with a fault costs a millisecond.
MOST = 500
#: Rules with ``stop`` to which later rules are compared.
_MOST_STOPPERS = 50
_ABSENCE = Kind(
    absence.EVENT,
    Values(object=Object(dict.fromkeys(absence.FIELDS, ANYTHING), rest=NULL, closed=True)),
)
#: Of what a template sees beside an event's fields: what has names of its own.
_OURS: Mapping[str, Sequence[str]] = {
    "group": ("key", "count", "new", "firing", "resolved", "causes"),
    "links": LINKS,
}
#: What a template may call of whatever has fields.
_METHODS = ("get", "items", "keys", "values")
#: What a template sees of a whole event beside its fields.
_OF_EVENT = ("id", "source", "time", *_METHODS)
#: The router's own events, all in one.
_OWN = Kind(
    "event of the router",
    Values(
        object=Object(
            dict.fromkeys((*absence.FIELDS, *outage.FIELDS, *drill.FIELDS), ANYTHING), rest=NULL, closed=True
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Events:
    """What is known of the events that sources bring.

    Args:
        batch: sources that bring Batch Compute's events, and nothing else.
        schemas: what a user's JSON Schema says of a source's events, by its name.
        sources: the names of all; None where rules are checked without a router.yaml.
    """

    batch: frozenset[str] = frozenset()
    schemas: Mapping[str, Kind] = field(default_factory=dict[str, Kind])
    sources: frozenset[str] | None = None

    @property
    def is_known(self) -> bool:
        """Whether it is known of each source what it brings."""
        return bool(self.sources) and self.sources <= self.batch | self.schemas.keys()

    def kinds_for(self, rule: Rule, expression: Filter) -> tuple[Kind, ...]:
        """The kinds of events that the rule's filter meets; none where nobody can know them."""
        names = self.sources if rule.sources is None else rule.sources
        return self._kinds(names, fields_of(expression.ast), about_catalogue(expression))

    def kinds_of_alerts(self, expression: Filter, rules: frozenset[str]) -> tuple[Kind, ...]:
        """The alerts of these rules that a silence's filter meets; none where nobody can know them."""
        fields = fields_of(expression.ast) - OF_ALERTS
        kinds = self._kinds(self.sources, fields, about_catalogue(expression, OF_ALERTS))
        return tuple(as_alert(kind, rules) for kind in (*kinds, _OWN)) if kinds else ()

    def _kinds(self, names: frozenset[str] | None, fields: set[str], about: bool) -> tuple[Kind, ...]:
        if not names:
            return catalogue_kinds() if about else ()
        kinds: dict[Kind, None] = {}
        for name in sorted(names):
            found = self._kinds_of(name, fields, about)
            if not found and not about:
                return ()
            kinds |= dict.fromkeys(found)
        return tuple(kinds)

    def sent(self, source: str, kind: Kind) -> Kind:
        """A kind of the catalogue as a source of Batch Compute's events sends it."""
        schema = self.schemas.get(source)
        return widened(kind, schema) if schema else kind

    def _kinds_of(self, source: str, fields: set[str], about: bool) -> tuple[Kind, ...]:
        if source in self.batch:
            return tuple(self.sent(source, kind) for kind in catalogue_kinds())
        schema = self.schemas.get(source)
        if schema is None:
            return catalogue_kinds() if about else ()
        # A filter about Batch Compute's events is not meant for a source that knows no such field, but for
        # one of whose own fields it asks, too.
        own = fields - FIELDS.keys() - {JOB}
        fits = all(schema.has((name,)) is not False for name in fields) or any(
            schema.has((name,)) for name in own
        )
        return (*(catalogue_kinds() if about else ()), *((schema,) if fits or not about else ()))


def judged(written: Iterable[Written], events: Events) -> list[Finding]:
    """Findings about every rule whose form is right."""
    rules = [(one, one.rule) for one in written if one.rule is not None and one.rule.mode != "off"]
    named = {rule.name: rule for _, rule in rules}
    found: list[Finding] = []
    for one, rule in rules:
        if len(found) >= MOST:
            said = f"more than {MOST} findings: neither this rule nor those behind it were judged"
            found.append(
                Finding("Y017", "warning", one.place(), f"{one.subject}: {said}", "mend these first")
            )
            break
        found += _judged(one, rule, events, named)
    return [*found, *_never_reached(rules, events)]


def _judged(one: Written, rule: Rule, events: Events, rules: Mapping[str, Rule]) -> Iterator[Finding]:
    for way, expression in _filters(rule):
        kinds = events.kinds_for(rule, expression)
        yield from (_finding(one, way, remark) for remark in judge(expression, kinds))
    yield from _inhibitions(one, rule, events, rules)
    opening = _told(rule, events)
    if opening is not None:
        if rule.absent is None:
            yield from _keys(one, rule, opening, events)
        yield from _templates(one, rule, opening)
    elif rule.key is None and (rule.count or rule.hold or rule.remembers_ends):
        said = "its events are not Batch Compute's, so that it needs a key: what makes two the same trouble?"
        yield one.fault("C401", said, fix="write key: and the expressions that name the thing")


def _filters(rule: Rule) -> Iterator[tuple[Way, Filter]]:
    if rule.when is not None:
        yield ("when",), rule.when
    if rule.resolve_when is not None:
        yield ("resolve_when",), rule.resolve_when
    if rule.expect is not None:
        yield ("expect", "event"), rule.expect.event


def _finding(one: Written, way: Way, remark: Remark) -> Finding:
    # A default's filter stands with the defaults, not with the rule.
    own = (*one.way, *way) if way[0] in one.keys else ("defaults", *way)
    return Finding(
        remark.code,
        remark.level,
        one.document.place_in(own, remark.start),
        f"{one.subject}: {'.'.join(map(str, way))}: {remark.message}",
        remark.advice,
        end=one.document.place_in(own, remark.end),
        instead=one.document.as_written(own, remark.start, remark.fix),
    )


def _told(rule: Rule, events: Events) -> tuple[Kind, ...] | None:
    """The same of the events that its alerts hold."""
    # What a rule with absent tells of is an event of the router's own.
    return (_ABSENCE,) if rule.absent else _opening(rule, events)


def _opening(rule: Rule, events: Events) -> tuple[Kind, ...] | None:
    """The kinds of events for which the rule's filter may hold; None where nobody can know them."""
    if rule.when is None:
        return None
    kinds = events.kinds_for(rule, rule.when)
    if not kinds:
        return None
    return tuple(kind for kind in kinds if verdict(rule.when, kind) != "never")


# R202: what ends an alert must meet its key


def _keys(one: Written, rule: Rule, opening: Sequence[Kind], events: Events) -> Iterator[Finding]:
    yield from _empty_parts(one, rule, opening)
    ends = (("resolve_when",), rule.resolve_when), (("expect", "event"), rule.expect and rule.expect.event)
    for way, expression in ends:
        if expression is None or not opening:
            continue
        kinds = events.kinds_for(rule, expression)
        ending = [kind for kind in kinds if verdict(expression, kind) != "never"]
        parts = {part for kind in opening for part in default_parts(rule, kind.name)}
        if ending and not any(carried((part,), kind.name) for part in parts for kind in ending):
            names = ", ".join(sorted(kind.name for kind in ending)[:3])
            said = (
                f"{'.'.join(way)}: {names} has none of the key ({', '.join(sorted(parts))}): it ends nothing"
            )
            yield one.fault("R202", said, *way, fix="give the rule a key that both kinds of event have")


def _inhibitions(one: Written, rule: Rule, events: Events, rules: Mapping[str, Rule]) -> Iterator[Finding]:
    for number, inhibition in enumerate(rule.inhibited_by):
        sides = [("its events", rule)]
        if by := rules.get(inhibition.rule):
            sides.append((f"the events of {by.name}", by))
        for place, expression in enumerate(inhibition.equal):
            whose = next((said for said, side in sides if _lack(_told(side, events), expression)), "")
            if whose:
                said = f"inhibited_by: {expression.text} is never there in {whose}, and null equals nothing"
                yield one.fault("R202", said, "inhibited_by", number, "equal", place)


def _empty_parts(one: Written, rule: Rule, opening: Sequence[Kind]) -> Iterator[Finding]:
    for number, expression in enumerate(rule.key or ()):
        if _lack(opening, expression):
            said = f"key: {expression.text} is never there in its events: each event is a trouble of its own"
            yield one.fault("R202", said, "key", number)


def _lack(opening: Sequence[Kind] | None, expression: Filter) -> bool:
    return bool(opening) and all(finds_nothing(expression, kind) for kind in opening)


def _never_has(kind: Kind, path: tuple[str, ...]) -> bool:
    """Whether its events never have such a field; of a text, which has methods, nothing is said."""
    holder = kind.values_at(path[:-1])
    if holder == NULL:
        return True
    if holder.object is None or (path[:-1] and path[-1] in _METHODS):
        return False
    return kind.has(path) is False or kind.values_at(path) == NULL


# T301: a template names what its events never have


def _templates(one: Written, rule: Rule, opening: Sequence[Kind]) -> Iterator[Finding]:
    if not opening:
        return
    texts: list[tuple[Way, Texts]] = [((), rule.texts)]
    texts += [(("formats", name), text) for name, text in rule.formats.items()]
    for way, text in texts:
        for part, template in (("title", text.title), ("body", text.body)):
            if template is not None:
                yield from _names(one, (*way, part), template, opening)


def _names(one: Written, way: Way, template: str, opening: Sequence[Kind]) -> Iterator[Finding]:
    paths = sorted(name.split(".") for name in names(compile_template(template)))
    firsts = dict.fromkeys(path[0] for path in paths if path[0] not in NAMES)
    unknown = [name for name in firsts if all(_never_has(kind, (name,)) for kind in opening)]
    for name in unknown:
        yield _never_there(one, way, template, name, name, _near((), name, opening))
    for path in paths:
        # A name with a dot in it, a['b.c'], is written otherwise.
        if len(path) > 1 and path[0] not in unknown and ".".join(path) in template:
            yield from _names_below(one, way, template, path, opening)


def _names_below(
    one: Written, way: Way, template: str, path: list[str], opening: Sequence[Kind]
) -> Iterator[Finding]:
    """What is wrong with ``Job.JobName``, ``event.JobName``, ``group.count``."""
    first, second, *_ = path
    whole = ".".join(path)
    if first in _OURS and second not in {*_OURS[first], *_METHODS}:
        yield _never_there(one, way, template, whole, whole, near(second, _OURS[first]))
    if first in NAMES and (first != "event" or second in _OF_EVENT):
        return
    field = tuple(path[1:] if first == "event" else path)
    if all(_never_has(kind, field) for kind in opening):
        yield _never_there(one, way, template, whole, ".".join(field), _near(field[:-1], field[-1], opening))


def _never_there(one: Written, way: Way, template: str, written: str, name: str, fix: str) -> Finding:
    own = (*one.way, *way) if way[0] in one.keys else ("defaults", *way)
    found = re.search(rf"\b{re.escape(written)}\b", template)
    at = found.start() if found else 0
    fault = f"there is no {name}" if name.partition(".")[0] in _OURS else f"its events never have {name}"
    said = f"{one.subject}: {'.'.join(map(str, way))}: {fault}"
    place, end = one.document.place_in(own, at), one.document.place_in(own, at + len(written))
    return Finding("T301", "error", place, said, fix, end=end)


def _near(path: tuple[str, ...], name: str, opening: Sequence[Kind]) -> str:
    """The field of what stands at a path that was meant, or all that there are."""
    held = [(kind, kind.values_at(path).object) for kind in opening]
    fields = {(kind, field) for kind, inner in held if inner for field in inner.fields}
    return near(name, {field for kind, field in fields if not _never_has(kind, (*path, field))})


# R201: never reached


def _never_reached(rules: Sequence[tuple[Written, Rule]], events: Events) -> Iterator[Finding]:
    stoppers: list[Rule] = []
    for one, rule in sorted(rules, key=lambda pair: pair[1].catch_all):
        # stop hides nothing from a rule that waits for it.
        hiding = () if rule.absent else stoppers
        taker = next((other for other in hiding if _takes_all(other, rule, events)), None)
        if taker is not None:
            said = f"never reached: {taker.name} has stop: true and takes every event that it matches"
            finding = one.fault("R201", said, fix=f"put it before {taker.name}, or narrow that one")
            yield Finding(finding.code, "warning", finding.place, finding.message, finding.fix)
        elif rule.stop and rule.mode == "on" and len(stoppers) < _MOST_STOPPERS:
            stoppers.append(rule)


def _takes_all(stopper: Rule, rule: Rule, events: Events) -> bool:
    if stopper.catch_all and not rule.catch_all:
        return False
    if stopper.sources is not None and (rule.sources is None or not rule.sources <= stopper.sources):
        return False
    if stopper.resolve_when is not None:
        return False
    if stopper.when is None or rule.when is None:
        return stopper.when is None
    if stopper.when == rule.when:
        return True
    # A filter that never holds has a finding of its own.
    kinds = _opening(rule, events)
    # Where nobody knows the events, what follows for any event follows.
    return implies(rule.when, stopper.when, (ANY_EVENT,) if kinds is None else kinds) and kinds != ()

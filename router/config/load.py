"""Files to a Config: every fault of every file at once."""

import glob
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from router.config import settings as keys
from router.config.faults import findings_of, not_yet
from router.config.rules import NOT_YET, RuleFile, RuleKeys
from router.config.secrets import expand
from router.config.settings import Channel, Settings
from router.config.yaml import Document, Way, listed, mapping, read
from router.core.delivery import Patience
from router.core.filter import Filter, FilterError
from router.core.index import make_index
from router.core.policy import ChannelPlan, Policy, Target, make_policy
from router.core.rule import Rule, Severity, Texts
from router.core.text import compile_template, kind_of
from router.errors import ConfigError, Finding, Place, RouterError

#: A channel's URL to single-target URLs with their kinds; raises RouterError.
InspectUrl = Callable[[str], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """One target, with its secret address.

    Args:
        name: ``channel/number``.
    """

    name: str
    channel: str
    kind: str
    url: str = field(repr=False)
    settings: Channel = field(repr=False)


@dataclass(frozen=True)
class Config:
    """A checked configuration."""

    settings: Settings
    policy: Policy
    targets: tuple[TargetSpec, ...]
    findings: tuple[Finding, ...]
    files: tuple[Path, ...]


def load(
    path: Path, *, inspect_url: InspectUrl | None = None, environ: Mapping[str, str] | None = None
) -> Config:
    """Reads router.yaml and its rule files.

    Raises:
        ConfigError: with every fault of every file.
    """
    document = read(path)
    settings = _settings(document, os.environ if environ is None else environ)
    findings = list(document.findings)
    patterns = settings.rules if settings else _patterns(document)
    files, missing = _rule_files(document, patterns)
    findings += missing
    rules, faults = load_rules(files)
    findings += faults
    if settings is None:
        raise ConfigError(_sorted(findings))
    targets, faults = _targets(document, settings, inspect_url or _kinds_only)
    findings += faults + _contradictions(document, settings, rules)
    if any(finding.level == "error" for finding in findings):
        raise ConfigError(_sorted(findings))
    return Config(
        settings, _policy(settings, rules, targets), targets, tuple(_sorted(findings)), (path, *files)
    )


def is_settings(path: Path) -> bool:
    """Whether a file is a router.yaml rather than a rule file: its ``rules`` are patterns."""
    value = mapping(read(path).value)
    if not value:
        return path.name == "router.yaml"
    rules = listed(value.get("rules"))
    names = bool(rules) and all(isinstance(rule, str) for rule in rules)
    return names or bool(value.keys() & {"channels", "sources", "store", "http"})


def rule_files(path: Path) -> list[Path]:
    """The rule files that a path names: itself, or those of a folder, in byte order."""
    if not path.is_dir():
        return [path]
    return sorted((file for file in path.rglob("*") if file.suffix in (".yaml", ".yml")), key=os.fsencode)


def load_rules(files: Iterable[Path]) -> tuple[list[Rule], list[Finding]]:
    """The rules of these files in their order, and every fault."""
    rules: list[Rule] = []
    findings: list[Finding] = []
    for file in files:
        document = read(file)
        rules += _rules(document)
        findings += document.findings
    return rules, _sorted(findings + _doubles(rules))


# router.yaml


def _settings(document: Document, environ: Mapping[str, str]) -> Settings | None:
    if document.value is None and document.findings:
        return None
    value = expand(document, environ)
    for pattern, names in keys.NOT_YET.items():
        for way, part in _parts(value, pattern):
            document.findings += not_yet(document, way, part, names)
    value = _without_not_yet(value)
    try:
        return Settings.model_validate(value if value is not None else {})
    except ValidationError as error:
        document.findings += findings_of(document, error, (), Settings)
        return None


def _parts(value: Any, pattern: tuple[str, ...]) -> list[tuple[Way, Any]]:
    found: list[tuple[Way, Any]] = [((), value)]
    for step in pattern:
        found = [
            ((*way, key), inner)
            for way, part in found
            for key, inner in mapping(part).items()
            if step in ("*", key)
        ]
    return found


def _without_not_yet(value: Any) -> Any:
    for pattern, names in keys.NOT_YET.items():
        for _, part in _parts(value, pattern):
            for name in names:
                mapping(part).pop(name, None)
    return value


def _patterns(document: Document) -> tuple[str, ...]:
    """The rule files of a router.yaml that has faults: theirs are shown too."""
    return tuple(rule for rule in listed(mapping(document.value).get("rules")) if isinstance(rule, str))


def _rule_files(document: Document, patterns: Iterable[str]) -> tuple[list[Path], list[Finding]]:
    files: dict[Path, None] = {}
    missing: list[Finding] = []
    folder = Path(document.file).parent
    for number, pattern in enumerate(patterns):
        found = sorted(glob.glob(str(folder / pattern), recursive=True), key=os.fsencode)
        files |= dict.fromkeys(Path(file) for file in found)
        if not found:
            said = f"no file is found by {pattern}"
            missing.append(Finding("Y014", "error", document.place(("rules", number)), said))
    return list(files), missing


def _targets(
    document: Document, settings: Settings, inspect_url: InspectUrl
) -> tuple[tuple[TargetSpec, ...], list[Finding]]:
    targets: list[TargetSpec] = []
    findings: list[Finding] = []
    for name, channel in settings.channels.items():
        urls = [channel.url] if channel.url else list(channel.urls)
        for number, url in enumerate(urls):
            way: Way = ("channels", name, "url") if channel.url else ("channels", name, "urls", number)
            try:
                singles = inspect_url(url.get_secret_value())
            except RouterError as error:
                said = f"channels.{name}: {error.message}"
                findings.append(Finding("Y015", "error", document.place(way), said, error.remedy))
                continue
            for single, kind in singles:
                count = sum(target.channel == name for target in targets) + 1
                targets.append(TargetSpec(f"{name}/{count}", name, kind, single, channel))
    return tuple(targets), findings


def _kinds_only(url: str) -> Sequence[tuple[str, str]]:
    return [(url, kind_of(url.partition("://")[0].lower()))]


def _contradictions(document: Document, settings: Settings, rules: Sequence[Rule]) -> list[Finding]:
    findings = [
        Finding(
            "C401",
            "error",
            rule.place,
            f"rule {rule.name}: no channel is named {channel}",
            _near(channel, settings.channels),
        )
        for rule in rules
        for channel in rule.to
        if channel not in settings.channels
    ]
    findings += [
        Finding(
            "C401",
            "error",
            rule.place,
            f"rule {rule.name}: no source is named {source}",
            _near(source, settings.sources),
        )
        for rule in rules
        for source in rule.sources or ()
        if source not in settings.sources
    ]
    for name, channel in settings.channels.items():
        findings += _fallback_faults(document, settings, name, channel)
        findings += _accept_faults(document, name, channel)
    findings += _listen_faults(document, settings) + _egress_faults(document, settings)
    return findings + _zone_faults(document, settings) + _certificate_faults(document, settings)


def _near(name: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"


def _fallback_faults(document: Document, settings: Settings, name: str, channel: Channel) -> list[Finding]:
    place = document.place(("channels", name, "fallback"))
    if channel.fallback is not None and channel.fallback not in settings.channels:
        said = f"channels.{name}.fallback: no channel is named {channel.fallback}"
        return [Finding("C401", "error", place, said, _near(channel.fallback, settings.channels))]
    seen, at = [name], channel.fallback
    while at is not None and at in settings.channels and at not in seen:
        seen.append(at)
        at = settings.channels[at].fallback
    if at == name:
        circle = " → ".join([*seen, name])
        return [Finding("C401", "error", place, f"the fallbacks go in a circle: {circle}")]
    return []


def _accept_faults(document: Document, name: str, channel: Channel) -> list[Finding]:
    way: Way = ("channels", name, "accept")
    try:
        Filter(channel.accept or "@")
    except FilterError as error:
        said = f"channels.{name}.accept: {error.message}"
        return [Finding("Y020", "error", document.place_in(way, error.column), said)]
    return []


def _egress_faults(document: Document, settings: Settings) -> list[Finding]:
    origin = re.compile(r"https?://[^/?#@\s]+")
    wrong = [
        (key, text)
        for key, value in settings.egress.items()
        for text in (key, value)
        if not origin.fullmatch(text)
    ]
    return [
        Finding(
            "C401",
            "error",
            document.place(("egress", key)),
            "egress: an origin is scheme://host or scheme://host:port",
        )
        for key, _ in wrong
    ]


def _listen_faults(document: Document, settings: Settings) -> list[Finding]:
    host = settings.http.listen.rpartition(":")[0].strip("[]")
    if settings.http.token is not None or host in ("localhost", "::1") or host.startswith("127."):
        return []
    said = f"http.listen: other machines can reach {settings.http.listen}, and nobody is asked for a token"
    fix = "set http.token, or listen on 127.0.0.1"
    return [Finding("C401", "error", document.place(("http", "listen")), said, fix)]


def _certificate_faults(document: Document, settings: Settings) -> list[Finding]:
    pinned = {
        name: Path(document.file).parent / source.certificate
        for name, source in settings.sources.items()
        if isinstance(source, keys.MnsPush) and source.certificate is not None
    }
    return [
        Finding(
            "C401",
            "error",
            document.place(("sources", name, "certificate")),
            f"sources.{name}.certificate: there is no file {file}",
            "its path is seen from router.yaml",
        )
        for name, file in pinned.items()
        if not file.is_file()
    ]


def _zone_faults(document: Document, settings: Settings) -> list[Finding]:
    try:
        ZoneInfo(settings.timezone)
    except (KeyError, ValueError, OSError):
        said = f"timezone: {settings.timezone} is not a time zone"
        return [Finding("C401", "error", document.place(("timezone",)), said, "such as Asia/Shanghai")]
    return []


# Rule files


def _rules(document: Document) -> list[Rule]:
    value = mapping(document.value)
    if not value:
        if not document.findings:
            document.findings.append(
                Finding("Y010", "error", Place(document.file), "expected rules: and a list")
            )
        return []
    for way, part in [(("defaults",), value.get("defaults")), *_listed(value)]:
        document.findings += not_yet(document, way, part, sorted(NOT_YET))
        for name in NOT_YET:
            mapping(part).pop(name, None)
    defaults = mapping(value.get("defaults"))
    outer = {key: inner for key, inner in value.items() if key != "rules"}
    try:
        RuleFile.model_validate(outer | {"rules": []})
        if "rules" not in value:
            raise RouterError("config", "rules is missing")
    except ValidationError as error:
        document.findings += findings_of(document, error, (), RuleFile)
    except RouterError as error:
        document.findings.append(Finding("Y010", "error", Place(document.file), error.message))
    found = [_rule(document, way, part, defaults) for way, part in _listed(value)]
    return [rule for rule in found if rule is not None]


def _listed(value: dict[str, Any]) -> list[tuple[Way, Any]]:
    return [(("rules", number), part) for number, part in enumerate(listed(value.get("rules")))]


def _rule(document: Document, way: Way, part: Any, defaults: dict[str, Any]) -> Rule | None:
    given = defaults | mapping(part) if isinstance(part, dict) else part
    when = _filter(document, way, given)
    try:
        read_keys = RuleKeys.model_validate(given)
    except ValidationError as error:
        document.findings += findings_of(document, error, way, RuleKeys)
        return None
    if not read_keys.to and read_keys.mode == "on":
        said = f"rule {read_keys.name}: to is missing: whom does it tell?"
        document.findings.append(Finding("C401", "error", document.place(way), said))
    _check_templates(document, way, read_keys)
    if isinstance(when, _Broken):
        return None
    return Rule(
        name=read_keys.name,
        when=when,
        to=read_keys.to,
        sources=frozenset(read_keys.sources) if read_keys.sources is not None else None,
        severity=Severity.of(read_keys.severity),
        labels=read_keys.labels,
        mode=read_keys.mode,
        stop=read_keys.stop,
        catch_all=read_keys.catch_all,
        texts=Texts(read_keys.title, read_keys.body),
        formats={name: Texts(one.title, one.body) for name, one in read_keys.formats.items()},
        place=document.place(way),
    )


class _Broken:
    """Stands for a filter that has a finding."""


def _filter(document: Document, way: Way, given: Any) -> Filter | _Broken | None:
    """Read apart from the other keys, so that a fault there hides none here."""
    text = mapping(given).get("when")
    if not isinstance(text, str) or text.strip() == "always":
        return None
    try:
        return Filter(text)
    except FilterError as error:
        place = document.place_in((*way, "when"), error.column)
        document.findings.append(Finding("Y020", "error", place, f"when: {error.message}"))
        return _Broken()


def _check_templates(document: Document, way: Way, rule: RuleKeys) -> None:
    templates: list[tuple[Way, str | None]] = [(("title",), rule.title), (("body",), rule.body)]
    for name, one in rule.formats.items():
        templates += [(("formats", name, "title"), one.title), (("formats", name, "body"), one.body)]
    for inner, text in templates:
        if text is None:
            continue
        try:
            compile_template(text)
        except RouterError as error:
            said = f"rule {rule.name}: {'.'.join(map(str, inner))}: {error.message}"
            document.findings.append(Finding("T301", "error", document.place((*way, *inner)), said))


def _doubles(rules: Sequence[Rule]) -> list[Finding]:
    first: dict[str, Place] = {}
    findings: list[Finding] = []
    for rule in rules:
        if rule.name in first:
            said = f"a rule named {rule.name} stands at {first[rule.name]} too"
            findings.append(Finding("C401", "error", rule.place, said))
        first.setdefault(rule.name, rule.place)
    return findings


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: (one.place.file, one.place.line, one.place.column, one.code))


# The policy


def _policy(settings: Settings, rules: Sequence[Rule], targets: Sequence[TargetSpec]) -> Policy:
    plans = {
        name: ChannelPlan(
            name=name,
            targets=tuple(Target(one.name, one.kind) for one in targets if one.channel == name),
            fallback=channel.fallback,
            rate=channel.rate,
            patience=Patience(channel.give_up_after, channel.max_unknown),
        )
        for name, channel in settings.channels.items()
    }
    return make_policy(rules, plans, _canonical(rules, plans), make_index)


def _canonical(rules: Sequence[Rule], plans: Mapping[str, ChannelPlan]) -> str:
    """The meaning of both, without secrets: the same text for the same meaning."""

    def shown(value: Any) -> Any:
        if isinstance(value, Filter):
            return value.text
        if isinstance(value, frozenset):
            return sorted(cast("frozenset[str]", value))
        return {name: getattr(value, name) for name in value.__dataclass_fields__ if name != "place"}

    whole = {"rules": list(rules), "channels": {name: plans[name] for name in sorted(plans)}}
    return json.dumps(whole, default=shown, sort_keys=True, ensure_ascii=False)

"""Files to a Config: every fault of every file at once."""

import difflib
import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from router.config.event_schemas import events_of
from router.config.judging import Events, judged
from router.config.names import Known, doubles, inhibition_circles, unknown
from router.config.rule_file import Written, read_rules
from router.config.secrets import expand
from router.config.settings import Settings
from router.config.settings_file import read_settings
from router.config.targets import InspectUrl, TargetSpec, kind_only, policy_alone, policy_of, targets_of
from router.config.unheard import unheard
from router.config.yaml import Document, listed, mapping, parse, read
from router.core.policy import Policy
from router.core.rule import Rule
from router.errors import ConfigError, Finding, Place

#: What it takes to find the router that runs with a file, or what it has on record.
_TO_ASK = ("http", "store")


@dataclass(frozen=True)
class Config:
    """A checked configuration.

    Args:
        findings: remarks; errors would have refused it.
        files: what was read, router.yaml first.
        events: what is known of the events of its sources.
    """

    settings: Settings
    policy: Policy
    targets: tuple[TargetSpec, ...]
    findings: tuple[Finding, ...]
    files: tuple[Path, ...]
    events: Events = field(default_factory=Events)

    def unheard(self) -> list[Finding]:
        """``R203``: the events that its sources send and that reach no rule, as one remark."""
        names = unheard(self.policy.rules, self.events)
        if not names:
            return []
        said = f"{len(names)} of the events that may come reach no rule: {', '.join(names)}"
        return [Finding("R203", "info", Place(str(self.files[0])), said)]


def load(
    path: Path,
    *,
    inspect_url: InspectUrl = kind_only,
    environ: Mapping[str, str] | None = None,
    to_look: bool = False,
) -> Config:
    """Reads router.yaml and its rule files.

    Args:
        inspect_url: finds the targets of a channel's URL.
        environ: what ``${env:…}`` names; the process's own environment if not given.
        to_look: nothing is received or sent: what only that needs may be missing, with a warning.

    Raises:
        ConfigError: with every fault of every file.
    """
    document = read(path)
    _refuse_rules(document)
    known = os.environ if environ is None else environ
    settings = read_settings(document, known, to_look=to_look)
    files = _rule_files(document, settings.rules if settings else _patterns(document))
    written, findings = _read_all(files)
    findings += _across(written) + unknown(written, Known.of(mapping(document.value)))
    events = events_of(document, settings) if settings else Events()
    findings += judged(written, events)
    targets = targets_of(document, settings, inspect_url) if settings else ()
    findings = _sorted(document.findings + findings)
    if settings is None or any(finding.level == "error" for finding in findings):
        raise ConfigError(findings)
    policy = policy_of(settings, _rules(written), targets)
    return Config(settings, policy, targets, tuple(findings), (path, *files), events)


def load_to_ask(path: Path) -> Config | None:
    """Of a router.yaml with faults: where its router listens, its store, and the rules that are well.

    None where it does not say the first two for sure. Nothing is to be received, sent or changed with it.
    """
    document = read(path)
    whole = mapping(expand(document, os.environ, to_look=True))
    slips = (difflib.get_close_matches(key, _TO_ASK, 1) for key in whole if key not in Settings.model_fields)
    wrong = any(way[:1] == (key,) for way in document.broken for key in _TO_ASK)
    if not whole or not _is_settings(document) or wrong or any(slips):
        return None
    try:
        settings = Settings.model_validate(
            {key: whole[key] for key in _TO_ASK if key in whole} | {"rules": ()}
        )
    except ValidationError:
        return None
    files = _rule_files(document, _patterns(document))
    rules = _rules(_read_all(files)[0])
    return Config(settings, policy_alone(rules), (), (), (path, *files))


def _refuse_rules(document: Document) -> None:
    """A rule file where settings are wanted is told so once, not key by key."""
    rules = listed(mapping(document.value).get("rules"))
    if rules and all(isinstance(rule, dict) for rule in rules) and not _is_settings(document):
        fix = "name it under rules: in a router.yaml, and give that one"
        raise ConfigError(
            [Finding("Y010", "error", Place(document.file), "it is a rule file, no router.yaml", fix)]
        )


def load_rules(files: Iterable[Path]) -> tuple[list[Rule], list[Finding]]:
    """The rules of these files in their order, and every fault that shows without router.yaml."""
    written, findings = _read_all(files)
    return _rules(written), _sorted(findings + _across(written) + judged(written, Events()))


def is_settings(path: Path) -> bool:
    """Whether a file is a router.yaml rather than a rule file: its ``rules`` are patterns."""
    return _is_settings(read(path))


def form_faults(file: str, text: str) -> list[Finding]:
    """What would be wrong with the form and the filters of one file if it held this text."""
    document = parse(Document(file, text))
    if _is_settings(document):
        read_settings(document, os.environ)
    else:
        read_rules(document)
    return document.findings


def _is_settings(document: Document) -> bool:
    value = mapping(document.value)
    if not value:
        return Path(document.file).name == "router.yaml"
    rules = listed(value.get("rules"))
    names = bool(rules) and all(isinstance(rule, str) for rule in rules)
    return names or bool(value.keys() & {"channels", "sources", "store", "http"})


def files_named(path: Path) -> list[Path]:
    """The rule files that a router.yaml names, also one with faults."""
    document = read(path)
    return _rule_files(document, _patterns(document))


def _read_all(files: Iterable[Path]) -> tuple[list[Written], list[Finding]]:
    written: list[Written] = []
    findings: list[Finding] = []
    for file in files:
        document = read(file)
        written += read_rules(document)
        findings += document.findings
    return written, findings


def _across(written: Iterable[Written]) -> list[Finding]:
    """Faults that several rules have together."""
    return [*doubles(written), *inhibition_circles(written)]


def _rules(written: Iterable[Written]) -> list[Rule]:
    return [one.rule for one in written if one.rule is not None]


def _patterns(document: Document) -> list[str]:
    """Those of a router.yaml that has faults: the faults of its rules are shown too."""
    rules = listed(mapping(document.value).get("rules"))
    return [rule if isinstance(rule, str) and "${" not in rule else "" for rule in rules]


def _rule_files(document: Document, patterns: Sequence[str]) -> list[Path]:
    """Files in the order of the patterns, then of their paths; a pattern without one is a finding."""
    files: dict[Path, None] = {}
    folder = Path(document.file).parent
    for number, pattern in enumerate(patterns):
        found = sorted(glob.glob(pattern, root_dir=folder, recursive=True), key=os.fsencode)
        files |= dict.fromkeys(folder / file for file in found)
        if pattern and not found:
            place = document.place(("rules", number))
            said = f"rules: no file is found by {pattern}"
            fix = f"patterns are relative to {folder.resolve()}"
            document.findings.append(Finding("Y014", "error", place, said, fix))
    return list(files)


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(
        findings, key=lambda one: (one.place.file, one.place.line, one.place.column, one.code, one.message)
    )

"""References to the environment and to files: what they stand for, and that it is shown nowhere."""

import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config import Config, load
from router.config.secrets import expand
from router.config.yaml import Document, parse
from router.errors import ConfigError

SECRET = "hunter2-Pa55"
RULES = "rules: [{name: a, when: always, to: [oncall]}]"


def written(folder: Path, settings: str) -> Path:
    """A router.yaml and its rules."""
    (folder / "rules.yaml").write_text(RULES)
    (folder / "router.yaml").write_text(settings + "\nrules: [rules.yaml]\n")
    return folder / "router.yaml"


def loaded(folder: Path, settings: str, **environ: str) -> Config:
    """A configuration that is taken."""
    return load(written(folder, settings), environ=environ)


def refused(folder: Path, settings: str, **environ: str) -> list[str]:
    """What is said of one that is not."""
    with pytest.raises(ConfigError) as error:
        load(written(folder, settings), environ=environ)
    assert SECRET not in str(error.value)
    assert SECRET not in repr(error.value.findings)
    return [f"{one.place.line}:{one.place.column} {one.code} {one.message}" for one in error.value.findings]


def test_a_reference_stands_for_what_it_names(tmp_path: Path) -> None:
    """The whole value or a part of it; of a file without the end of its line; relative to router.yaml."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text(" to ken \r\n")
    settings = (
        'channels: {oncall: {url: "json://${env:USER}:${env:PASS}@h/"}}\n'
        "http: {token: '${file:secrets/token}'}\nretention: ${env:DAYS}d"
    )
    config = loaded(tmp_path, settings, USER="u", PASS=SECRET, DAYS="3")
    assert [target.url for target in config.targets] == [f"json://u:{SECRET}@h/"]
    assert config.settings.http.token is not None
    assert config.settings.http.token.get_secret_value() == " to ken "
    assert config.settings.retention == 3 * 86_400_000_000


def test_expressions_and_templates_are_left_alone(tmp_path: Path) -> None:
    """What looks like a reference in them is theirs; a channel may be named as one of their keys."""
    settings = (
        'channels: {oncall: {url: "json://h/", accept: "a == \'${env:X}\'"}, formats: {url: "${env:U}"}}'
    )
    config = loaded(tmp_path, settings, U="json://h/")
    assert config.settings.channels["oncall"].accept == "a == '${env:X}'"
    assert config.targets[1].url == "json://h/"


def test_a_reference_to_nothing_names_the_key(tmp_path: Path) -> None:
    """Missing, empty, unreadable, not UTF-8, no reference: each at its place in the value, all at once."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin").write_bytes(b"\xe9")
    (tmp_path / "large").write_bytes(b"a" * 65_537)
    settings = """channels:
  oncall: {url: "json://${env:NOBODY}@h/"}
  b: {urls: ["json://h/", 'json://${env:EMPTY}/']}
  c: {url: "${file:none}"}
  d: {url: "${file:pipe}"}
  e: {url: "${file:latin}"}
  f: {url: "${file:large}"}
  g: {url: "${SLACK_URL}"}
  h: {url: "${env:X"}
http: {token: "${env:}"}"""
    assert refused(tmp_path, settings, EMPTY="", X="x") == [
        "2:25 Y013 channels.oncall.url: the environment has no NOBODY",
        "3:35 Y013 channels.b.urls.1: ${env:EMPTY} is empty",
        "4:13 Y013 channels.c.url: the file none: No such file or directory",
        "5:13 Y013 channels.d.url: the file pipe: it is not a regular file",
        "6:13 Y013 channels.e.url: the file latin: it is not UTF-8",
        "7:13 Y013 channels.f.url: the file large: it is larger than 64 KiB",
        "8:13 Y013 channels.g.url: ${ begins a reference: ${env:NAME} or ${file:PATH}",
        "9:13 Y013 channels.h.url: ${ begins a reference: ${env:NAME} or ${file:PATH}",
        "10:16 Y013 http.token: ${ begins a reference: ${env:NAME} or ${file:PATH}",
    ]


@pytest.mark.parametrize(
    "settings",
    [
        "language: ${env:S}",
        "timezone: ${env:S}",
        "retention: ${env:S}",
        "http: {listen: '${env:S}'}",
        "http: {listen: '0.0.0.0:${env:S}'}",
        "http: ${env:S}",
        "http_client: {proxy: '${env:S}'}",
        "http_client: {ca_file: '${env:S}'}",
        "egress: {'https://a': '${env:S}'}",
        "sources: {a: {kind: '${env:S}'}}",
        "sources: {a: {kind: webhook, path: '${env:S}'}}",
        "sources: {a: {kind: mns-queue, endpoint: '${env:S}', consumers: '${env:S}'}}",
        "sources: {a: {kind: mns-push, verify: '${env:S}', max_age: '${env:S}'}}",
        "channels: {a: {url: 'json://h/', fallback: '${env:S}'}}",
        "channels: {a: {url: 'json://h/', rate: '${env:S}'}}",
        "channels: {a: {url: 'json://h/', timeout: '${env:S}', max_unknown: '${env:S}', storm: '${env:S}'}}",
        "channels: {a: {urls: '${env:S}'}}",
    ],
)
def test_whatever_is_wrong_the_value_is_not_shown(tmp_path: Path, settings: str) -> None:
    """A reference in the wrong place is refused without what it stands for."""
    assert refused(tmp_path, settings, S=SECRET)


@pytest.mark.parametrize(
    "settings",
    [
        f"http: {{token: [{SECRET}]}}",
        "http: {token: 20230405}",
        f"channels: {{a: {{url: [json://{SECRET}@h/]}}}}",
        f"channels: {{a: {{url: 'json://{SECRET}@h/', urls: ['json://{SECRET}@h/']}}}}",
        f"http_client: {{proxy: '{SECRET}'}}",
        f"http_client: {{proxy: {{url: '{SECRET}'}}}}",
    ],
)
def test_a_secret_of_the_wrong_form_is_not_repeated(tmp_path: Path, settings: str) -> None:
    """Also one that stands in the file itself."""
    assert "20230405" not in "".join(refused(tmp_path, settings))


def test_a_taken_secret_shows_nowhere(tmp_path: Path) -> None:
    """Not in what Python prints of a configuration, not in the policy's text."""
    settings = """
store: postgresql://u:${env:S}@h/db
http: {token: "${env:S}"}
http_client: {proxy: "http://u:${env:S}@p:1"}
sources:
  q: {kind: mns-queue, endpoint: "http://h", queue: q, access_key_id: a, access_key_secret: "${env:S}"}
channels: {oncall: {url: "json://u:${env:S}@h/", urls_: 1}}""".replace(", urls_: 1", "")
    config = loaded(tmp_path, settings, S=SECRET)
    assert SECRET in pickle.dumps(config.settings).decode("latin-1")
    assert SECRET not in repr(config) + str(config) + config.policy.text


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_what_a_variable_holds_is_data(held: str) -> None:
    """A value is taken as it is: what it contains is never a reference, an escape or YAML."""
    document = parse(Document("router.yaml", "a: ['x${env:V}y', '${env:V}']"))
    assert expand(document, {"V": held}) == {"a": [f"x{held}y", held]}
    assert document.findings == []

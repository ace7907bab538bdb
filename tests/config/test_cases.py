"""``tests`` of a rule: what their keys mean, and events from files."""

from pathlib import Path

from router.config import load_rules
from router.core.case import START, Case, Given

RULE = """\
rules:
  - name: a
    from: [hook, other]
    when: type == 'a'
    to: [team]
    tests:
"""


def cases(folder: Path, text: str) -> tuple[Case, ...]:
    """Those of the rule ``a``, without a finding."""
    file = folder / "rules.yaml"
    file.write_text(RULE + text, encoding="utf-8")
    rules, findings = load_rules([file])
    assert findings == []
    return rules[0].tests


def test_what_is_not_said_is_believable(tmp_path: Path) -> None:
    """The rule's first source, at once, one time, a Monday at midnight UTC, the test's own rule."""
    text = "      - {name: x, given: [{event: OnJobFailed}], expect: [{by: 1h, alerts: none}]}\n"
    [case] = cases(tmp_path, text)
    [given] = case.given
    assert isinstance(given, Given)
    assert (given.at, given.times, given.source, given.data["Event"]) == (0, 1, "hook", "OnJobFailed")
    [expected] = case.expected
    assert (case.start, case.rule, expected.rule, expected.at) == (START, "a", "a", 3_600_000_000)
    assert str(case.place).endswith("rules.yaml:7:9")


def test_what_happens_stands_in_the_order_of_time(tmp_path: Path) -> None:
    """However it is written; what is equal stays as it stands."""
    [case] = cases(
        tmp_path,
        """\
      - name: x
        given:
          - {at: 2m, event: OnJobFailed}
          - {at: 1m, event: OnJobStopped}
          - {at: 1m, event: OnJobFinished}
        expect:
          - {by: 3m, alerts: none}
          - {at: 1m, alerts: none}
""",
    )
    names = [one.data["Event"] for one in case.given if isinstance(one, Given)]
    assert names == ["OnJobStopped", "OnJobFinished", "OnJobFailed"]
    assert [one.at for one in case.expected] == [60_000_000, 180_000_000]


def test_an_event_may_stand_in_a_file_beside_the_rules(tmp_path: Path) -> None:
    """The fields of ``with`` are laid over it."""
    (tmp_path / "order.json").write_text('{"type": "a", "id": 1}', encoding="utf-8")
    event = "{event: {file: order.json}, with: {id: 2}}"
    text = f"      - {{name: x, given: [{event}], expect: [{{by: 0s, alerts: none}}]}}\n"
    [case] = cases(tmp_path, text)
    [given] = case.given
    assert isinstance(given, Given)
    assert given.data == {"type": "a", "id": 2}

"""Whatever is asked of the API, the answer is one that its OpenAPI document describes."""

import importlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.errors import SchemathesisError

from router.web.site import document_of, document_text, make_site
from tests.web.house import House, house, job_failed

FULL = os.environ.get("ALERT_ROUTER_TORTURE") == "1"
EXAMPLES = 400 if FULL else 8
CHECKED = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]
DOCUMENT = document_of(make_site(cast("Any", None)))
SILENCE = {"matcher": "JobId == 'job-2'", "lasts": "1h", "comment": "maintenance"}
#: Silences that are over, too.
ALL = {"silences": "?all=true"}
KINDS = ("alerts", "deliveries", "events", "silences")
OPERATIONS = [(path, method) for path, kinds in DOCUMENT["paths"].items() for method in kinds]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A router that has seen a little of everything, and has drills."""
    with house(tmp_path_factory.mktemp("openapi"), http="}\ndrill: {channel: oncall") as one:
        for number in range(3):
            one.tell(job_failed(f"job-{number}"))
        one.ask("POST", "/v1/silences", SILENCE)
        one.until(lambda: any(it["state"] == "dead" for it in listed(one, "deliveries")))
        yield one


def listed(served: House, kind: str) -> list[dict[str, Any]]:
    """What the API lists of a kind."""
    return served.ask("GET", f"/v1/{kind}{ALL.get(kind, '')}").json()[kind]


def about(served: House, path: str) -> list[str]:
    """Ids that the routes of a kind know."""
    kind = path.split("/")[2]
    if kind == "job":
        return ["job-1"]
    found = listed(served, kind) if kind in KINDS else []
    return [one["id"] for one in found] or ["none"]


def made_real(case: Any, known_id: str) -> None:
    """Asks about something that there is, and for a silence that can be made."""
    for name in cast("dict[str, str]", case.path_parameters) or ():
        case.path_parameters[name] = known_id
    if "id" in (case.query or ()):
        case.query["id"] = known_id
    body: Any = case.body if hasattr(case.body, "keys") else {}
    if case.path in ("/v1/deliveries/retry", "/v1/deliveries/drop"):
        # Ids, or what is dead on a channel, not both.
        case.body = {"ids": [known_id]} if body.get("ids") else {"channel": "oncall"}
    elif "ids" in body:
        body["ids"] = [known_id]
    if "matcher" in body:
        case.body = dict(SILENCE)


def test_the_shipped_document_is_that_of_this_version() -> None:
    """`make docs` writes it again."""
    shipped = Path(__file__).parents[2] / "docs" / "openapi.json"
    assert shipped.read_text(encoding="utf-8") == document_text()


# What shares this process, the router's threads too, may use `random` while an example is drawn.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_described(served: House, path: str, method: str) -> None:
    """No 5xx, no status, type or shape but those of the document, for what it allows and what it does not."""
    schema: Any = schemathesis.openapi.from_dict(DOCUMENT)
    schema.config.base_url = served.url
    operation = schema[path][method.upper()]
    provided: Any = importlib.import_module("schemathesis.checks")
    provided.load_all_checks()
    checks = provided.CHECKS.get_by_names(CHECKED)
    ids = about(served, path)
    seen: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not FULL,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from(["real", "allowed", "not allowed"]))
        mode = GenerationMode.NEGATIVE if kind == "not allowed" else GenerationMode.POSITIVE
        try:
            case = data.draw(operation.as_strategy(generation_mode=mode))
        except SchemathesisError:
            return  # nothing is not allowed here
        if "follow" in (case.query or ()):
            case.query["follow"] = False  # a stream would go on
        if kind == "real":
            made_real(case, data.draw(st.sampled_from(ids)))
        seen[case.call_and_validate(checks=checks).status_code] += 1

    ask()
    assert seen[200], seen

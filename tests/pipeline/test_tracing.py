"""Traces: one for an event, from its receipt to the acceptance, whoever does what part of it."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from router import telemetry
from router.core.delivery import Outcome, Verdict
from router.core.event import Envelope
from router.core.policy import ChannelPlan, make_policy
from router.pipeline.tracing import Tracing
from router.ports import Request, Store
from router.sources.webhook import WebhookSource
from router.traces import MOST_LINKS, Traces, make_traces
from tests.channels.servers import listening
from tests.pipeline.conftest import START, Pipeline, plan, rule
from tests.pipeline.test_digests import jobs, of_kind, robot
from tests.web.house import house, job_failed

SENDER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
JOB = {"Event": "OnJobFailed", "JobId": "job-1"}
Spans = Callable[[], list[ReadableSpan]]


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Where spans go."""
    return InMemorySpanExporter()


def traced(
    store: Store, exporter: InMemorySpanExporter, channel: ChannelPlan | None = None
) -> tuple[Pipeline, Traces]:
    """A pipeline whose traces are collected."""
    policy = make_policy([rule()], {"oncall": channel or plan("oncall")}, "p")
    store.write(lambda unit: unit.keep_policy(policy.hash, policy.text, START))
    traces = Traces(exporter, {})
    return Pipeline(store, policy, tracing=Tracing(store, traces)), traces


def ended(exporter: InMemorySpanExporter, traces: Traces) -> list[ReadableSpan]:
    """What was exported, by the time of its beginning."""
    traces.close()
    return sorted(exporter.get_finished_spans(), key=lambda one: (one.start_time or 0, one.name != "receive"))


def context(span: ReadableSpan) -> SpanContext:
    assert span.context is not None
    return span.context


def parents(spans: Sequence[ReadableSpan]) -> list[int | None]:
    return [one.parent.span_id if one.parent else None for one in spans]


def test_an_event_has_one_trace_to_its_acceptance(store: Store, exporter: InMemorySpanExporter) -> None:
    """Receipt, telling, an attempt that failed and one that was accepted: each under what it follows from."""
    pipeline, traces = traced(store, exporter)
    pipeline.channels["oncall/1"].script = [Verdict(Outcome.UNREACHABLE, "down")]
    [receipt] = pipeline.take(JOB)
    pipeline.clock.move(1)
    pipeline.run()
    pipeline.clock.move(600)
    pipeline.run()
    receive, tell, failed, accepted = ended(exporter, traces)
    assert [receive.name, tell.name, failed.name, accepted.name] == ["receive", "tell", "deliver", "deliver"]
    assert len({context(one).trace_id for one in (receive, tell, failed, accepted)}) == 1
    told = context(tell).span_id
    assert parents([receive, tell, failed, accepted]) == [None, context(receive).span_id, told, told]
    assert [one.status.is_ok for one in (failed, accepted)] == [False, True]
    assert (receive.attributes or {})["alert_router.event"] == receipt.id
    assert (receive.start_time, accepted.start_time) == (START * 1000, pipeline.clock.now() * 1000)
    facts = accepted.attributes or {}
    assert (facts["alert_router.attempt"], facts["alert_router.verdict"]) == (2, "accepted")


def test_a_restart_goes_on_with_the_same_trace(store: Store, exporter: InMemorySpanExporter) -> None:
    """What another process tells and sends stands in the trace that the first one began."""
    first, traces = traced(store, exporter)
    first.take(JOB)
    [receive] = ended(exporter, traces)
    second, traces = traced(store, later := InMemorySpanExporter())
    second.run()
    tell, deliver = ended(later, traces)
    assert {context(one).trace_id for one in (tell, deliver)} == {context(receive).trace_id}
    assert parents([tell, deliver]) == [context(receive).span_id, context(tell).span_id]


@pytest.mark.parametrize(
    ("said", "is_followed"),
    [
        (SENDER, True),
        (SENDER.upper(), False),
        ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", False),
        ("ff" + SENDER[2:], False),
        (SENDER + "\r\nx: y", False),
        ("", False),
    ],
)
def test_the_trace_of_a_sender_is_gone_on_with(
    store: Store, exporter: InMemorySpanExporter, said: str, is_followed: bool
) -> None:
    """A valid `traceparent` is the parent of everything; any other says nothing."""
    pipeline, traces = traced(store, exporter)
    envelope = Envelope("hook", json.dumps(JOB).encode(), START, {"traceparent": said})
    pipeline.ingest.submit([envelope])
    pipeline.ingest.step()
    pipeline.run()
    receive, *rest = ended(exporter, traces)
    assert len(rest) == 2
    followed = (format(context(receive).trace_id, "032x"), parents([receive])) == (
        SENDER[3:35],
        [0x00F067AA0BA902B7],
    )
    assert followed is is_followed
    assert {context(one).trace_id for one in rest} == {context(receive).trace_id}


def test_what_a_sender_does_not_sample_is_not_exported(store: Store, exporter: InMemorySpanExporter) -> None:
    """The standard's own default: a parent's decision holds for all that follows."""
    pipeline, traces = traced(store, exporter)
    envelope = Envelope("hook", json.dumps(JOB).encode(), START, {"traceparent": SENDER[:-1] + "0"})
    pipeline.ingest.submit([envelope])
    pipeline.ingest.step()
    pipeline.run()
    assert ended(exporter, traces) == []


def test_a_digest_is_linked_to_some_of_what_it_tells(store: Store, exporter: InMemorySpanExporter) -> None:
    """Its span stands in the trace of its first message and has a bounded number of links to others."""
    pipeline, traces = traced(store, exporter, robot())
    of_kind(pipeline)
    jobs(pipeline, 100)
    pipeline.send()
    spans = ended(exporter, traces)
    tells = {context(one).span_id for one in spans if one.name == "tell"}
    [digest, *_] = [
        one for one in spans if one.name == "deliver" and (one.attributes or {})["alert_router.messages"] != 1
    ]
    assert len(digest.links) == MOST_LINKS
    linked = {one.context.span_id for one in digest.links}
    assert len(linked) == MOST_LINKS
    assert linked < tells - {digest.parent.span_id if digest.parent else 0}


def test_a_fault_in_tracing_stops_nothing(
    store: Store, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, and the message is sent."""
    logged: list[str] = []

    def note(event: str, *_: object, **__: object) -> None:
        logged.append(event)

    monkeypatch.setattr(telemetry, "log", note)
    pipeline, traces = traced(store, exporter)
    for name in ("receive", "tell", "deliver"):
        monkeypatch.setattr(traces, name, None)
    pipeline.take(JOB)
    pipeline.run()
    assert len(pipeline.channels["oncall/1"].sent) == 1
    assert logged.count("traces.problem") == 3
    traces.close()


def test_only_a_variable_switches_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address, or switched off, there is nothing; without the extra the log says how to get it."""
    to = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    assert make_traces({}) is None
    assert make_traces({"OTEL_SERVICE_NAME": "x"}) is None
    assert make_traces(to | {"OTEL_SDK_DISABLED": "true"}) is None
    assert make_traces(to | {"OTEL_TRACES_EXPORTER": "none"}) is None
    said: list[str] = []

    def note(*_: object, reason: str) -> None:
        said.append(reason)

    monkeypatch.setattr(telemetry, "log", note)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert make_traces(to) is None
    assert said == ["OpenTelemetry is not installed: pip install 'alert-router[otel]'"]


@pytest.mark.parametrize("said", [SENDER, "hostile\x1b", ""])
def test_a_webhook_keeps_what_its_sender_says_of_a_trace(said: str) -> None:
    """With each event of a request, if it has the form; anything else stays out of the store."""
    headers = {"content-type": "application/json", "traceparent": said}
    source = WebhookSource("hook", "/x")
    for body in (b"{}", b"[{}, {}]"):
        envelopes = asyncio.run(source.receive(Request("POST", "/x", headers, body, START)))
        assert {one.headers.get("traceparent") for one in envelopes} == {SENDER if said == SENDER else None}


def test_a_router_exports_to_a_collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over OTLP/HTTP, by the standard variables alone; also what is left when it ends."""
    with listening() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.origin)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
        with house(tmp_path) as one:
            one.tell(job_failed(), traceparent=SENDER)
            one.until(lambda: one.read(lambda unit: unit.deliveries(state="sent")), 60)
        assert {request.target for request in collector.received} == {"/v1/traces"}
        told = [ExportTraceServiceRequest.FromString(request.body) for request in collector.received]
    resources = [resource for request in told for resource in request.resource_spans]
    named = {it.key: it.value.string_value for one in resources for it in one.resource.attributes}
    assert (named["service.name"], named["deployment.environment"]) == ("alert-router", "test")
    spans = [span for one in resources for scope in one.scope_spans for span in scope.spans]
    assert {span.name for span in spans} == {"receive", "tell", "deliver"}
    assert {span.trace_id.hex() for span in spans} == {SENDER[3:35]}


def test_a_collector_that_fails_is_said_and_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens there: messages are sent, and the log says once what is wrong."""
    logged: list[tuple[str, dict[str, Any]]] = []

    def note(event: str, _level: str = "info", **facts: Any) -> None:
        logged.append((event, facts))

    monkeypatch.setattr(telemetry, "log", note)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    with house(tmp_path) as one:
        one.tell(job_failed())
        one.until(lambda: one.read(lambda unit: unit.deliveries(state="sent")), 60)
        one.until(lambda: [event for event, _ in logged if event == "traces.problem"], 60)
    [facts] = [facts for event, facts in logged if event == "traces.problem"]
    assert "export" in facts["reason"]

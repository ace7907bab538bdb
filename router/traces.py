"""Traces for OpenTelemetry: what the way of an event was, by spans whose ids follow from ids of ours.

Nothing is stored for it: whoever knows an event knows its trace, also after a restart and on another
replica. The packages are an extra, and are imported only where ``OTEL_EXPORTER_OTLP_ENDPOINT`` (or
``…_TRACES_ENDPOINT``) says where traces go. No word of an event goes into a span.
"""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from router import telemetry
from router.version import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanContext, SpanKind

#: Links of one span.
MOST_LINKS = 10
#: Seconds that the last spans are given at the end.
ENDS_WITHIN = 2.0
#: Seconds between two lines of the log about an exporter that fails.
SAID_EVERY = 60.0

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_MISSING = "OpenTelemetry is not installed: pip install 'alert-router[otel]'"

Facts = Mapping[str, "str | int"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a trace begins: an event, and what its sender said of a trace of its own."""

    event_id: str
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when something took; microseconds UTC."""

    began: int
    ended: int


def make_traces(environ: Mapping[str, str] = os.environ) -> "Traces | None":
    """What exports traces, or None where no variable asks for them, or the extra is not installed."""
    wanted = any(environ.get(name) for name in _ENDPOINTS)
    off = (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER") == "none"
    )
    if not wanted or off:
        return None
    try:
        import requests
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        telemetry.log("traces.problem", "warning", reason=_MISSING)
        return None
    logger = logging.getLogger("opentelemetry")
    logger.handlers, logger.propagate = [_Said()], False
    # Environment proxies are for nobody here.
    session = requests.Session()
    session.trust_env = False
    return Traces(OTLPSpanExporter(session=session), environ)


class Traces:
    """Makes spans and hands them on in the background. Safe to call from any thread.

    Args:
        exporter: where they go.
    """

    def __init__(self, exporter: "SpanExporter", environ: Mapping[str, str] = os.environ) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import IdGenerator

        class Ids(IdGenerator):
            trace = span = 1

            def generate_trace_id(self) -> int:
                return self.trace

            def generate_span_id(self) -> int:
                return self.span

        named = "OTEL_SERVICE_NAME" in environ or "service.name=" in environ.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        )
        resource = Resource.create({} if named else {"service.name": "alert-router"})
        self._ids = Ids()
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("alert-router", __version__)
        self._lock = threading.Lock()

    def receive(self, origin: Origin, took: Stretch, facts: Facts) -> None:
        """An event: from its receipt to the commit."""
        from opentelemetry.trace import SpanKind

        parent = _sender(origin)
        self._span("receive", SpanKind.CONSUMER, parent, _own(origin), (), took, facts)

    def tell(
        self, origin: Origin, notification_id: str, others: Sequence[Origin], took: Stretch, facts: Facts
    ) -> None:
        """A notification was written: in the trace of its newest event, linked to those of others."""
        from opentelemetry.trace import SpanKind

        links = [self._context(one, _receipt(one)) for one in others[:MOST_LINKS]]
        parent = _inside(self._context(origin, _receipt(origin)))
        self._span("tell", SpanKind.INTERNAL, parent, (0, _telling(notification_id)), links, took, facts)

    def deliver(
        self,
        tellings: Sequence[tuple[Origin, str]],
        attempt: str,
        took: Stretch,
        facts: Facts,
        failed: str = "",
    ) -> None:
        """One attempt to send.

        Args:
            tellings: the origin and the id of each notification in it; the span stands under the first
                and is linked to the others.
            attempt: tells it from every other.
            failed: the verdict, where the provider did not accept it.
        """
        from opentelemetry.trace import SpanKind

        first, *rest = (self._context(one, _telling(told)) for one, told in tellings[: MOST_LINKS + 1])
        ids = 0, _number(f"deliver {attempt}", 8)
        self._span("deliver", SpanKind.CLIENT, _inside(first), ids, rest, took, facts, failed)

    def close(self) -> None:
        """Exports what is left, in a bounded time."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(ENDS_WITHIN)

    def _span(
        self,
        name: str,
        kind: "SpanKind",
        parent: "Context",
        ids: tuple[int, int],
        links: "Sequence[SpanContext]",
        took: Stretch,
        facts: Facts,
        failed: str = "",
    ) -> None:
        from opentelemetry.trace import Link, Status, StatusCode

        with self._lock:
            self._ids.trace, self._ids.span = ids
            span = self._tracer.start_span(
                name,
                parent,
                kind,
                {f"alert_router.{fact}": value for fact, value in facts.items()},
                [Link(one) for one in links],
                took.began * 1000,
            )
        if failed:
            span.set_status(Status(StatusCode.ERROR, failed))
        span.end(took.ended * 1000)

    def _context(self, origin: Origin, span: int) -> "SpanContext":
        """A span that is or was exported elsewhere, also by another process: sampled as its trace is."""
        from opentelemetry.trace import SpanContext, TraceFlags, get_current_span

        parent = _sender(origin)
        trace = get_current_span(parent).get_span_context().trace_id or _own(origin)[0]
        sampled = self._provider.sampler.should_sample(parent, trace, "receive").decision.is_sampled()
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        return SpanContext(trace, span, is_remote=True, trace_flags=flags)


class _Said(logging.Handler):
    """What OpenTelemetry complains of, as a line of our log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._again = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now >= self._again:
            self._again = now + SAID_EVERY
            telemetry.log("traces.problem", "warning", reason=record.getMessage())


def _sender(origin: Origin) -> "Context":
    """The sender's span, if it said a valid one."""
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": origin.traceparent}, Context())


def _inside(span: "SpanContext") -> "Context":
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    return set_span_in_context(NonRecordingSpan(span), Context())


def _own(origin: Origin) -> tuple[int, int]:
    return _number(f"trace {origin.event_id}", 16), _receipt(origin)


def _receipt(origin: Origin) -> int:
    return _number(f"receive {origin.event_id}", 8)


def _telling(notification_id: str) -> int:
    return _number(f"tell {notification_id}", 8)


def _number(text: str, size: int) -> int:
    """Never 0, which is no id."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest()) or 1

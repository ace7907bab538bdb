"""The router itself: how it stands, its rules, what people did, reload."""

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from router.config import duration
from router.errors import RouterError
from router.pipeline import people
from router.pipeline.top import COLUMNS, By, Row, top
from router.version import __version__
from router.web.api.asked import Administrator, Before, Limit, Within, mark_of, text_of, who
from router.web.inside import Inside, SourceStanding, TargetStanding
from router.web.shapes import DeedJson, TopJson, deed_json, iso, sound

router = APIRouter(tags=["router"])

MINUTE = 60 * 1_000_000
HOUR = 60 * MINUTE


class SourceJson(TypedDict):
    """A source."""

    name: str
    kind: str
    path: str
    problem: str
    caught_up: bool
    heard_at: str | None
    lag_seconds: float | None


class TargetJson(TypedDict):
    """A target: whether it is sent to, and what the provider said where it is not.

    ``proved``: it has accepted a message since the start.
    """

    name: str
    standing: Literal["closed", "open", "half-open", "paused"]
    until: str | None
    broken: str
    answer: str
    unverified: bool
    proved: bool


class ChannelJson(TypedDict):
    """A channel and its targets."""

    name: str
    targets: list[TargetJson]
    fallback: str | None


class OutboxJson(TypedDict):
    """Deliveries that stand alike."""

    state: str
    number: int
    oldest: str | None


class StoreJson(TypedDict):
    """Where the store is; its bytes where that is a file."""

    engine: str
    name: str
    size: int | None


class Status(TypedDict):
    """How the router stands; ``faults``: why the last reload was refused, if it was."""

    version: str
    ready: bool
    problems: list[str]
    policy: str
    files: list[str]
    drill: str
    loaded_at: str | None
    refused_at: str | None
    faults: list[str]
    store: StoreJson
    sources: list[SourceJson]
    channels: list[ChannelJson]
    outbox: list[OutboxJson]


class RuleJson(TypedDict):
    """A rule, and how often what came of it in a time."""

    name: str
    note: str
    last_match: str | None
    events: int
    alerts: int
    muted: int
    told: int
    failures: int


class Rules(TypedDict):
    """All rules, the most frequent first."""

    rules: list[RuleJson]


class Top(TypedDict):
    """What is noisy and what is dead, the most frequent first."""

    since: str | None
    by: str
    rows: list[TopJson]


class BookJson(TypedDict):
    """How many there are of one kind."""

    name: str
    count: int


class Books(TypedDict):
    """Every accepted event and delivery with its end."""

    balanced: bool
    books: list[BookJson]


class Deeds(TypedDict):
    """What people did, the newest first."""

    deeds: list[DeedJson]
    next: str | None


class Drilled(TypedDict):
    """A drill that was sent off: its event, and how soon the channel must have accepted it."""

    event: str
    channel: str
    within_seconds: float


class Driller(BaseModel):
    """Who sends off a drill."""

    by: Annotated[str, Field(max_length=64, description="Who does it, where no token says so.")] = ""


class Reloaded(TypedDict):
    """Whether the configuration was taken into force, and what is wrong with it if not."""

    reloaded: bool
    faults: list[str]


@router.get("/v1/status")
def status(inside: Within) -> Status:
    """How the router stands."""
    config, problems = inside.config(), list(inside.problems())
    loaded, place = inside.loaded(), inside.place()
    stand = {one.name: one for one in inside.targets()}
    outbox = inside.store.look(lambda unit: unit.outbox())
    return {
        "version": __version__,
        "ready": not problems,
        "problems": problems,
        "policy": config.policy.hash,
        "files": [str(file.absolute()) for file in config.files],
        "drill": inside.drill(),
        "loaded_at": iso(loaded.at),
        "refused_at": iso(loaded.refused_at),
        "faults": list(loaded.faults),
        "store": {"engine": place.engine, "name": place.name, "size": place.size},
        "sources": [_source_json(one) for one in inside.sources()],
        "channels": [
            {
                "name": name,
                "targets": [_target_json(stand[it.name]) for it in plan.targets if it.name in stand],
                "fallback": plan.fallback,
            }
            for name, plan in sorted(config.policy.channels.items())
        ],
        "outbox": [
            {"state": state, "number": number, "oldest": iso(oldest)}
            for state, (number, oldest) in sorted(outbox.items())
        ],
    }


def _source_json(one: SourceStanding) -> SourceJson:
    return {
        "name": one.name,
        "kind": one.kind,
        "path": one.path,
        "problem": one.problem,
        "caught_up": one.caught_up,
        "heard_at": iso(one.heard_at),
        "lag_seconds": None if one.lag is None else one.lag / 1_000_000,
    }


def _target_json(one: TargetStanding) -> TargetJson:
    standing = cast('Literal["closed", "open", "half-open", "paused"]', one.standing)
    return {
        "name": one.name,
        "standing": standing,
        "until": iso(one.until),
        "broken": one.broken,
        "answer": one.answer,
        "unverified": one.unverified,
        "proved": one.proved,
    }


@router.get("/v1/rules")
def list_rules(
    inside: Within, hours: Annotated[int, Query(ge=1, le=720, description="Counted back from now.")] = 24
) -> Rules:
    """How often each rule matched, told and failed."""
    return {"rules": counted_rules(inside, hours)}


def counted_rules(inside: Inside, hours: int) -> list[RuleJson]:
    """All rules with their counts of so many hours."""
    now = inside.now()
    return [_counted(row) for row in top(inside.store, inside.policy, By.RULE, now - hours * HOUR, now)]


def counted_rule(inside: Inside, name: str, hours: int) -> RuleJson:
    """One rule with its counts of so many hours; one of the router's own is in no list before it matched."""
    listed = counted_rules(inside, hours)
    return next((one for one in listed if one["name"] == name), _counted(Row(name)))


def _counted(row: Row) -> RuleJson:
    return {
        "name": row.name,
        "note": row.note,
        "last_match": iso(row.last),
        "events": row.counts.get("events", 0),
        "alerts": row.counts.get("alerts", 0),
        "muted": row.counts.get("muted", 0),
        "told": row.counts.get("told", 0),
        "failures": row.counts.get("failures", 0),
    }


@router.get("/v1/top")
def list_top(
    inside: Within,
    by: Annotated[By, Query(description="What is counted.")] = By.RULE,
    since: Annotated[str, Query(max_length=20, description="How far back: `15m`, `2h`, `1d`.")] = "1h",
) -> Top:
    """How often each rule, channel, event, job or source came."""
    period, now = duration(since), inside.now()
    if not 0 < period <= now:
        raise RouterError("usage", f"{since} is no time to look back", "Say how long, such as 15m")
    rows = top(inside.store, inside.policy, by, now - period, now)
    return {"since": iso(now - period), "by": by, "rows": [_top_json(row, by, period) for row in rows]}


def _top_json(row: Row, by: By, period: int) -> TopJson:
    counts = {column: row.counts.get(column, 0) for column in COLUMNS[by]}
    rate = counts[COLUMNS[by][0]] * MINUTE / period
    return {
        "name": sound(row.name),
        "counts": counts,
        "per_minute": rate,
        "last": iso(row.last),
        "note": row.note,
    }


@router.get("/v1/books")
def list_books(inside: Within) -> Books:
    """The books: whether every accepted event and delivery has its end, or stands somewhere."""
    books = inside.store.look(lambda unit: unit.books())
    return {
        "balanced": not any(count for name, count in books.items() if name.startswith("unbalanced.")),
        "books": [{"name": name, "count": count} for name, count in books.items()],
    }


@router.get("/v1/deeds")
def list_deeds(inside: Within, before: Before = "", limit: Limit = 100) -> Deeds:
    """What people did: the audit trail."""
    at = mark_of(before)
    page = inside.store.look(lambda unit: unit.page_of_deeds(at, limit))
    return {"deeds": [deed_json(one) for one in page.found], "next": text_of(page.next)}


@router.post("/v1/drill")
def begin_drill(inside: Within, person: Administrator, asked: Driller | None = None) -> Drilled:
    """Sends off a drill now: a marked event that goes the whole way to the channel of `drill`."""
    begun, by = inside.begin_drill(), who(person, asked.by if asked else "")
    inside.store.write(lambda unit: people.note(unit, inside.now(), by, "drill", begun.event))
    return {"event": begun.event, "channel": begun.channel, "within_seconds": begun.within / 1_000_000}


@router.post("/-/reload")
def reload(inside: Within, person: Administrator) -> Reloaded:
    """Reads the configuration again, and takes it into force if nothing is wrong with it."""
    return {"reloaded": inside.reload(who(person, "")), "faults": list(inside.loaded().faults)}

"""Absent: rules that fire when nothing came by a time of day."""

import json
from collections.abc import Collection

from router.core.absence import SOURCE, missing
from router.core.book import Book, Wanted
from router.core.event import Envelope, digest_id
from router.core.key import arrival, key_of_absence, slot
from router.core.mute.tick import next_judgement, ripe_tick
from router.core.policy import Policy
from router.core.rule import Rule
from router.pipeline.working_set import close_book, open_book
from router.ports import EventRecord, Timer, Unit

KIND = "absent"


def install(unit: Unit, policy: Policy, now: int) -> None:
    """Sets a timer for each rule with ``absent``; a tick before a rule was loaded is not judged."""
    known = {timer.id: timer for timer in unit.timers(KIND)}
    wanted = {timer.id: timer for rule in policy.rules if (timer := _timer(rule, now))}
    unit.drop_timers(known.keys() - wanted.keys())
    unit.put_timers([timer for name, timer in wanted.items() if name not in known])


def _timer(rule: Rule, now: int) -> Timer | None:
    if rule.absent is None or rule.mode == "off":
        return None
    due = next_judgement(rule.absent, now)
    if due is None:
        return None
    # Another schedule is another timer: its ticks count from now.
    name = digest_id("t", f"{rule.name}\n{rule.absent}")
    return Timer(name, KIND, rule.name, due, {"since": now})


def judge(unit: Unit, policy: Policy, now: int, waiting_for: Collection[str]) -> int:
    """Judges the ticks that are due; several missed ones are one alert. Returns how many rules it judged."""
    due = [
        (timer, rule)
        for timer in unit.timers(KIND)
        if timer.due_at <= now and (rule := policy.rule(timer.subject)) and not _waits(rule, waiting_for)
    ]
    if not due:
        return 0
    wanted = Wanted()
    for _, rule in due:
        wanted.slots.add(slot(rule.name, key_of_absence(rule.name)))
        wanted.ends.add(arrival(rule.name))
    book = open_book(unit, wanted, policy, now)
    for timer, rule in due:
        _judge(unit, book, timer, rule, now)
    close_book(unit, book)
    return len(due)


def remember(unit: Unit, policy: Policy, now: int) -> None:
    """Keeps what came last from being forgotten: a tick may be judged months after it."""
    names = [arrival(rule.name) for rule in policy.rules if rule.absent]
    if names:
        unit.serialise()
        unit.put_ends(unit.ends(names), now)


def _waits(rule: Rule, waiting_for: Collection[str]) -> bool:
    return any(rule.sources is None or source in rule.sources for source in waiting_for)


def _judge(unit: Unit, book: Book, timer: Timer, rule: Rule, now: int) -> None:
    if rule.absent is None:
        return
    tick = ripe_tick(rule.absent, now)
    last = book.last_arrival(rule)
    is_missed = tick is not None and last < tick and tick > timer.data["since"]
    if tick is not None and is_missed and not book.miss_again(rule):
        event = missing(rule, tick, last, now)
        alert = book.miss(rule, event)
        body = json.dumps(event.data).encode()
        envelope = Envelope(SOURCE, body, now)
        said = f"matched {rule.name}: nothing came"
        matches = ((rule.name, alert),)
        unit.add_events([EventRecord(event, envelope, book.policy.hash, "routed", said, matches)])
    due = next_judgement(rule.absent, now)
    if due is None:
        unit.drop_timers([timer.id])
    else:
        unit.put_timers([Timer(timer.id, KIND, rule.name, due, timer.data)])

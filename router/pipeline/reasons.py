"""The reasons why a rule did not tell of an event, in the order of an event's life.

Each is a function of the case; the first that applies is the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from router.core.alert import Alert, AlertState
from router.core.delivery import Delivery, State
from router.core.event import Event
from router.core.group import Group
from router.core.policy import Policy
from router.core.rule import Rule
from router.pipeline.explain import RuleExplained
from router.pipeline.fate import Fate, worst

#: Of messages that were not accepted, and of groups that wait, so many are said.
_SAID = 5

Told = Literal["no", "not yet", "partly", "yes", "would be"]


class Reason(NamedTuple):
    """Why somebody did not hear of the event, or that they did.

    Args:
        code: a short stable word.
        text: the sentence without its subject, the rule.
        told: ``partly`` where some heard of it and others did not, or not yet.
    """

    code: str
    text: str
    told: Told = "no"


@dataclass(frozen=True, slots=True)
class Case:
    """One rule and one event.

    Args:
        channel: the only channel that is asked about; empty for all that the rule tells.
        fate: what the store knows of the event; None when it is not from the store.
    """

    rule: Rule
    channel: str
    event: Event
    policy: Policy
    said: RuleExplained
    fate: Fate | None

    @property
    def matched_then(self) -> bool:
        """Whether the rule matched when the event came, whatever the rules of now say."""
        return self.fate is not None and self.rule.name in self.fate.alerts

    @property
    def alert(self) -> Alert | None:
        """The alert that the event opened or updated."""
        return self.fate.alerts.get(self.rule.name) if self.fate else None

    @property
    def messages(self) -> list[Delivery]:
        """Those that told of it, the oldest first."""
        return self.fate.told_by(self.rule.name, self.channel) if self.fate else []


# What the rules say


def _not_matched(case: Case) -> Reason | None:
    if case.said.verdict in ("matched", "shadow") or case.matched_then:
        return None
    return Reason(case.said.code, case.said.reason)


def _other_rules_then(case: Case) -> Reason | None:
    if case.fate is None or case.matched_then:
        return None
    record = case.fate.record
    failed = dict(record.failures).get(case.rule.name)
    if failed or record.policy != case.policy.hash:
        then = f"its filter failed then: {failed}" if failed else "it did not match when the event came"
        return Reason("earlier-rules", f"it matches now, but other rules were in force: {then}")
    return Reason("late", "it matches, but a newer event had ended what it is about before this one came")


def _has_come(case: Case) -> Reason | None:
    if case.said.code != "arrived":
        return None
    return Reason("arrived", case.said.reason)


def _in_shadow(case: Case) -> Reason | None:
    is_shadow = case.alert.shadow if case.alert else case.rule.mode == "shadow"
    if case.messages or not is_shadow:
        return None
    return Reason("shadow", "it matched, but its mode is shadow: recorded, never told")


def _other_channel(case: Case) -> Reason | None:
    if case.messages or case.channel in ("", *case.rule.to):
        return None
    of = [name for name in case.rule.to if fallback_of(case.policy, name) == case.channel]
    only = f": {case.channel} is told only when a message to {of[0]} is given up" if of else ""
    if any(case.channel in step.to for step in case.rule.escalate):
        only = f": {case.channel} is told by escalate, if nobody acknowledges it in time"
    return Reason("other-channel", f"it matched, but it tells {', '.join(case.rule.to)}{only}")


def _not_from_store(case: Case) -> Reason | None:
    if case.fate is not None:
        return None
    return Reason(
        "matched", f"it matches and {case.said.reason}; --id asks what became of an event", "would be"
    )


# What the alert and its groups say, as long as no message was written


def _is_pending(case: Case) -> Reason | None:
    alert, rule = case.alert, case.rule
    if alert is None or alert.state is not AlertState.PENDING:
        return None
    if rule.count:
        within = sum(time > alert.event_at - rule.count.within for time in alert.times)
        said = f"for more: {within} of the {rule.count.at_least} matches that count wants"
    elif rule.expect:
        said = f"until {clock(alert.deadline)} for what it expects"
    else:
        said = f"until {clock(alert.deadline)}: it is told if it lasts so long (hold)"
    return Reason("pending", f"it matched, and waits {said}", "not yet")


def _has_healed(case: Case) -> Reason | None:
    if case.alert is None or case.alert.state is not AlertState.HEALED:
        return None
    return Reason("healed", f"it matched, but was over before it was to be told: {case.alert.end_reason}")


def _is_muted(case: Case) -> Reason | None:
    alert = case.alert
    if case.messages or alert is None or not alert.muted_by or alert.ended_at is not None:
        return None
    again = f"; judged again at {clock(alert.recheck_at)}" if alert.recheck_at is not None else ""
    return Reason("muted", f"it matched, but is muted: {alert.muted_by}{again}", "not yet")


def _is_acknowledged(case: Case) -> Reason | None:
    alert = case.alert
    if case.messages or alert is None or alert.state is not AlertState.ACKNOWLEDGED:
        return None
    by = alert.acknowledged_by
    said = by if by.startswith("with ") else f"by {by}"
    until = f" until {clock(alert.acknowledged_until)}" if alert.acknowledged_until else ""
    return Reason(
        "acknowledged", f"it matched, but its alert is acknowledged {said}{until}: recorded, not told"
    )


def _ended_untold(case: Case) -> Reason | None:
    alert = case.alert
    if case.messages or alert is None or alert.ended_at is None or _due(case):
        return None
    muted = f" while it was muted ({alert.muted_by})" if alert.muted_by else ""
    return Reason("ended", f"it matched, but ended before it was told{muted}: {alert.end_reason}")


def _group_waits(case: Case) -> Reason | None:
    due = _waiting(case)
    if case.messages or not due:
        return None
    said = [_is_due(case, one) for one in due[:_SAID]]
    return Reason("not-due", f"it matched, and {'; '.join([*said, *_more(len(due))])}", "not yet")


def _is_due(case: Case, group: Group) -> str:
    """When a group is to be told, and when it was written to before the event came."""
    due = f"{group.channel} is due to be told at {clock(group.due_at)} ({group.due_reason})"
    if group.told_at is None:
        return due
    seats = case.alert.seats if case.alert else ()
    is_told = any(seat.group_id == group.id and seat.since < group.told for seat in seats)
    told = f"of its {'alert' if is_told else 'group'} a message was written at {clock(group.told_at)}"
    return f"{told}, and of this event {due}"


def _more(number: int) -> list[str]:
    return [f"{number - _SAID} more like these"] if number > _SAID else []


def _waiting(case: Case) -> list[Group]:
    return case.fate.waiting(case.rule.name, case.channel) if case.fate else []


def _due(case: Case) -> list[tuple[int, Group]]:
    groups = case.fate.groups_on(case.rule.name, case.channel) if case.fate else []
    return [(group.due_at, group) for group in groups if group.due_at is not None]


def _nothing_written(case: Case) -> Reason | None:
    return None if case.messages else Reason("nothing-written", "it matched, but no message was written")


# What became of the messages

_TOLD = (State.SENT, State.REPLACED)
_GIVEN_UP = (State.DEAD, State.DROPPED)


def _of_messages(case: Case) -> Reason:
    """What was told where, what was not and why, and what waits until when."""
    messages = sorted(case.messages, key=lambda one: one.target)
    told = [one for one in messages if one.state in _TOLD]
    given_up = [one for one in messages if one.state in _GIVEN_UP]
    waiting = [one for one in messages if one.state not in (*_TOLD, *_GIVEN_UP)]
    groups = _waiting(case)
    left = [
        *(_given_up(case, one) for one in given_up),
        *(_waits(case, one) for one in waiting),
        *(_is_due(case, one) for one in groups),
    ]
    accepted = _accepted(case, told)
    said = [*accepted, *left[:_SAID], *_more(len(left))]
    but = "it matched, but " if given_up and not accepted else ""
    code = worst(case.messages).state.value
    return Reason(
        "not-due" if groups and not given_up and not waiting else code,
        but + "; ".join(said),
        _how_far(bool(told), bool(left), bool(waiting or groups)),
    )


def _how_far(told: bool, left: bool, waits: bool) -> Told:
    if told:
        return "partly" if left else "yes"
    return "not yet" if waits else "no"


def _accepted(case: Case, told: list[Delivery]) -> list[str]:
    """Those that took it; the fallbacks among them stand beside what they were told instead of."""
    sent = [one for one in told if one.state is State.SENT and not _is_instead(case, one)]
    replaced = [
        f"the message to {one.target} was told as a part of {one.replaced_by}: {one.reason}"
        for one in told
        if one.state is State.REPLACED
    ]
    *names, last = [*dict.fromkeys(one.target for one in sent)] or [""]
    if names:
        latest = max(one.ended_at or 0 for one in sent)
        return [f"{', '.join(names)} and {last} accepted it, the last at {clock(latest)}", *replaced]
    return [*(_sent(one) for one in sent[:1]), *replaced]


def _sent(one: Delivery) -> str:
    status = f" ({one.status})" if one.status else ""
    answer = f" with {one.answer}" if one.answer else ""
    return f"{one.target} accepted it at {clock(one.ended_at)}{answer}{status}"


def _given_up(case: Case, one: Delivery) -> str:
    if one.state is State.DEAD:
        return f"the message to {one.target} is dead: {_why(one)}{_instead(case, one)}"
    return f"the message to {one.target} was dropped: {one.reason}{_instead(case, one)}"


def _waits(case: Case, one: Delivery) -> str:
    if one.state is State.WAITING:
        again = f"it is tried again at {clock(one.due_at)} (attempts: {one.attempts})"
        said = f"waits: {_why(one)}; {again}"
    elif one.state is State.SENDING:
        said = "is being sent"
    else:
        said = f"is due at {clock(one.due_at)}, and not sent"
    return f"the message to {one.target} {said}{_instead(case, one)}"


#: In the order of an event's life; those after ``_nothing_written`` have a message to speak of.
REASONS: tuple[Callable[[Case], Reason | None], ...] = (
    _not_matched,
    _has_come,
    _other_rules_then,
    _in_shadow,
    _other_channel,
    _not_from_store,
    _is_pending,
    _has_healed,
    _is_muted,
    _is_acknowledged,
    _ended_untold,
    _group_waits,
    _nothing_written,
    _of_messages,
)


def reason_of_case(case: Case) -> Reason:
    """The one reason."""
    return next(reason for check in REASONS if (reason := check(case)))


def _is_instead(case: Case, delivery: Delivery) -> bool:
    """Whether a fallback was told it because another message, which is spoken of, was given up or late."""
    name = case.rule.name
    others = (one for one in case.messages if one.state not in _TOLD)
    return case.fate is not None and any(delivery in case.fate.instead_of(one, name) for one in others)


def _instead(case: Case, delivery: Delivery) -> str:
    """Who was told of it because it was given up, or late."""
    told = case.fate.instead_of(delivery, case.rule.name) if case.fate else []
    if not told:
        return ""
    got = (
        "got it instead" if delivery.state is State.DEAD else "was told of it meanwhile, because it was late"
    )
    return f"; the fallback {told[-1].target} {got}: {told[-1].state}"


def _why(delivery: Delivery) -> str:
    """Its reason, with the provider's words where they are not in it yet."""
    answer = "" if not delivery.answer or delivery.answer in delivery.reason else f" ({delivery.answer})"
    return f"{delivery.reason}{answer}"


def clock(micros: int | None) -> str:
    """A time in words."""
    return f"{datetime.fromtimestamp((micros or 0) // 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def fallback_of(policy: Policy, channel: str) -> str | None:
    """The channel that is told when a message to this one is given up."""
    plan = policy.channels.get(channel)
    return plan.fallback if plan else None

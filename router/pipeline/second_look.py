"""Second look: before a message is sent again, whether its reason still stands.

A message that waited may be about what people have seen, muted or ended meanwhile: then it is dropped,
with that reason. What says an end is always sent, and so is what a person sent again.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property

from router.core.alert import Alert, AlertState
from router.core.delivery import Delivery, State
from router.core.group import SHOWN, Group, Reason
from router.core.policy import Policy
from router.failpoints import failpoint
from router.pipeline.mutes import Mutes
from router.pipeline.working_set import book_of, close_book
from router.ports import Unit

#: Alerts whose mutes are judged in one transaction.
BATCH = 500
#: Reasons that are named one by one.
NAMED = 3
#: Messages of a group that are looked at: where there are more, somebody may have heard one of them.
LOOKED_AT = 1_000
#: States of messages that nobody has, unless an attempt had no answer.
UNHEARD = frozenset({State.PENDING, State.WAITING, State.DROPPED, State.REPLACED})


def withdraw(unit: Unit, policy: Policy, claimed: Sequence[Delivery], now: int) -> list[Delivery]:
    """Settles those that are not to be sent now: dropped, or looked at again at once.

    Args:
        claimed: for a further attempt, under this process's token.

    Returns:
        them, as they are now.
    """
    unit.serialise()
    look = _Look(unit, policy, now, frozenset(one.id for one in claimed))
    settled = [after for delivery in claimed if (after := look.settled(delivery))]
    tokens = {delivery.id: delivery.token or "" for delivery in claimed}
    unit.settle_deliveries(settled, [tokens[after.id] for after in settled])
    failpoint("deliver.withdrawn")
    return settled


def still_true(
    unit: Unit, policy: Policy, late: Sequence[Delivery], now: int
) -> tuple[list[Delivery], list[Delivery]]:
    """Those whose reason still stands, as before a further attempt; and the others, which are dropped.

    What was muted begins anew: sent after that it would be told twice. What is being sent is left alone.
    """
    look = _Look(unit, policy, now)
    true: list[Delivery] = []
    dropped: list[Delivery] = []
    for one in late:
        after = look.settled(one)
        if after is None or after.state is not State.DROPPED:
            true.append(one)
        elif unit.drop_deliveries([one.id], now, f"the router: {after.reason}"):
            dropped.append(replace(one, state=State.DROPPED, reason=after.reason))
    return true, dropped


def unheard(unit: Unit, group: Group, unsent: Collection[str] = ()) -> list[Delivery]:
    """The messages of a group, if nobody can have heard any of them; else none.

    Args:
        unsent: ids of those that are claimed, and were not sent under that claim.
    """
    written = unit.deliveries(group_ids=[group.id], limit=LOOKED_AT)
    ids = {one.id for one in written}

    def is_free(one: Delivery) -> bool:
        # What another group's message has replaced was told with it, in a digest.
        told = one.replaced_by is not None and one.replaced_by not in ids
        return (one.state in UNHEARD or one.id in unsent) and not (told or one.unknown)

    return written if len(written) < LOOKED_AT and all(map(is_free, written)) else []


class _Look:
    """Judges deliveries in one transaction.

    Args:
        claimed: ids of those that are claimed for this.
    """

    def __init__(self, unit: Unit, policy: Policy, now: int, claimed: Collection[str] = ()) -> None:
        self._unit = unit
        self._policy = policy
        self._now = now
        self._claimed = claimed

    @cached_property
    def _mutes(self) -> Mutes:
        return Mutes(self._unit, self._policy, self._now)

    def settled(self, delivery: Delivery) -> Delivery | None:
        """The delivery as it stands when it is not to be sent now; None when it is."""
        asked = self._asked(delivery)
        if asked is None:
            return None
        group, reason = asked
        is_telling = reason is not Reason.ACKNOWLEDGED
        state = self._judged(group) if is_telling else _judged_as_seen(group)
        if state is None:
            return None
        # The claim was no attempt.
        back = replace(delivery, state=state, token=None, lease_until=None, attempts=delivery.attempts - 1)
        if state is State.WAITING:
            return replace(back, due_at=self._now)
        self._unsay(group.id)
        fires_again = not is_telling and group.ended_at is None
        return replace(back, ended_at=self._now, reason="it fires again" if fires_again else self._why(group))

    def _asked(self, delivery: Delivery) -> tuple[Group, Reason] | None:
        """The group whose alerts decide, and why it was told; None for what is sent whatever they are."""
        first = self._given_up_for(delivery)
        records = {one.id: one for one in self._unit.notifications(_notifications(delivery, first))}
        groups = self._unit.groups([first.group_id])
        if not groups or len(records) < len(_notifications(delivery, first)):
            return None
        [group] = groups
        was_sent_again = delivery.created_at > records[delivery.notification_id].created_at
        record = records[first.notification_id]
        says_an_end = record.reason is Reason.RESOLVED or _ended_by(group, record.created_at)
        if record.reason is not Reason.ACKNOWLEDGED and (was_sent_again or says_an_end):
            return None
        return group, record.reason

    def _given_up_for(self, delivery: Delivery) -> Delivery:
        """The first of a chain of fallbacks: its group has the alerts."""
        while delivery.fallback_of:
            found = self._unit.deliveries(ids=[delivery.fallback_of])
            if not found:
                break
            [delivery] = found
        return delivery

    # what still fires

    def _judged(self, group: Group) -> State | None:
        """What a message becomes that tells the group: waiting while there are more alerts to look at."""
        rules = [name for name, tally in group.tallies.items() if tally.firing > tally.untold]
        # The numbers of a storm do not know of people and mutes: its alerts are asked.
        if not group.is_storm and not rules:
            return State.DROPPED
        if not group.is_storm and not self._mutes.may_mute(rules):
            return None
        alerts = self._firing(group)
        if not alerts:
            return State.DROPPED if group.is_storm else None
        if not self._mute(alerts):
            return None
        return State.WAITING if self._firing(group) else State.DROPPED

    def _firing(self, group: Group) -> list[Alert]:
        """The first of the group's alerts that were told, and fire unacknowledged and unmuted."""
        found = self._unit.firing_members(group.id, BATCH)
        return [alert for alert in found if group.is_storm or _was_told(alert, group)]

    def _mute(self, alerts: Sequence[Alert]) -> bool:
        """Mutes them if nothing of them may be told."""
        if not self._mutes.may_mute({alert.rule for alert in alerts}):
            return False
        judged = self._mutes.judge(alerts)
        held = [(alert, one) for alert, one in zip(alerts, judged, strict=True) if one is not None]
        if len(held) < len(alerts):
            return False
        book = book_of(self._unit, alerts, self._policy, self._now)
        for alert, one in held:
            book.mute(alert, one.reason, one.until, one.since)
        close_book(self._unit, book)
        return True

    def _unsay(self, group_id: str) -> None:
        """What a mute has kept from all who should hear of the group was never told: it begins anew."""
        [group] = self._unit.groups([group_id])
        held = any(tally.held for tally in group.tallies.values())
        if group.is_storm or not held or not unheard(self._unit, group, self._claimed):
            return
        after = ""
        while alerts := self._unit.members(group_id, after=after):
            book = book_of(self._unit, alerts, self._policy, self._now)
            book.unsay(group_id, alerts)
            close_book(self._unit, book)
            after = alerts[-1].id

    # in words

    def _why(self, group: Group) -> str:
        if not any(tally.told_open for tally in group.tallies.values()):
            return "all its alerts ended"
        shown = [*self._unit.alerts(group.shown), *self._unit.members(group.id, limit=SHOWN)]
        said = list(dict.fromkeys(words for alert in shown if (words := _words(alert))))
        more = " and more" if len(said) > NAMED else ""
        return f"{'; '.join(said[:NAMED])}{more}" or "all its alerts were acknowledged, muted or ended"


def _judged_as_seen(group: Group) -> State | None:
    """What a message becomes that marks an incident as acknowledged: it may not be so any more."""
    return State.DROPPED if group.ended_at is not None or group.firing > 0 else None


def _notifications(delivery: Delivery, first: Delivery) -> set[str]:
    return {delivery.notification_id, first.notification_id}


def _ended_by(group: Group, moment: int) -> bool:
    """Whether a message of that moment says the end, alone or together with the beginning."""
    return group.ended_at is not None and group.ended_at <= moment


def _was_told(alert: Alert, group: Group) -> bool:
    return any(seat.group_id == group.id and seat.since < group.told for seat in alert.seats)


def _words(alert: Alert) -> str:
    if not alert.is_open:
        return ""
    if alert.state is AlertState.ACKNOWLEDGED:
        by = alert.acknowledged_by
        return f"acknowledged {by}" if by.startswith("with ") else f"acknowledged by {by}"
    return f"muted: {alert.muted_by}" if alert.muted_by else ""

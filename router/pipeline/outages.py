"""Outages: a source that could not be reached for an hour says so with an alert of its own."""

import json
from collections.abc import Callable, Mapping

from router.core import outage
from router.core.book import Book, Wanted
from router.core.event import Envelope
from router.core.key import key_of_absence, slot
from router.core.policy import Policy
from router.core.rule import Rule
from router.failpoints import failpoint
from router.pipeline.watermarks import Standing
from router.pipeline.working_set import close_book, open_book
from router.ports import Clock, EventRecord, Store, Unit


class Outages:
    """The step that opens and ends these alerts; it writes only what has changed since it wrote last.

    Args:
        stands: how each source that fetches stands at a time.
        problem: what keeps a source from receiving, in words.
    """

    def __init__(
        self,
        store: Store,
        policy: Callable[[], Policy],
        clock: Clock,
        stands: Callable[[int], Mapping[str, Standing]],
        problem: Callable[[str], str],
    ) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._stands = stands
        self._problem = problem
        self._written: dict[str, Standing] = {}

    def step(self) -> int:
        """Tells of sources that were given up or are reached again; returns how many alerts changed."""
        policy, now = self._policy(), self._clock.now()
        stands = self._stands(now)
        # A source that left the configuration is a new one when it comes back.
        self._written = {name: said for name, said in self._written.items() if name in stands}
        changed = {
            name: standing
            for name, standing in stands.items()
            # One that lags may still be reached, or be given up: what was said of it stands.
            if standing is not Standing.BEHIND and self._written.get(name) is not standing
        }
        if not changed:
            return 0
        rules = {rule.name: rule for rule in policy.own}

        def work(unit: Unit) -> int:
            unit.serialise()
            ours = {name: rule for name in changed if (rule := rules.get(outage.rule_name(name)))}
            book = open_book(unit, Wanted({_slot(rule) for rule in ours.values()}), policy, now)
            for name, rule in ours.items():
                self._say(unit, book, rule, name, changed[name])
            close_book(unit, book)
            failpoint("outages.written")
            return len(book.changed_alerts)

        said = self._store.write(work)
        failpoint("outages.committed")
        self._written |= changed
        return said

    def _say(self, unit: Unit, book: Book, rule: Rule, source: str, standing: Standing) -> None:
        is_open = book.is_missing(rule)
        if standing is Standing.REACHED and is_open:
            [alert] = [one for one in book.alerts.values() if one.slot == _slot(rule)]
            book.finish(alert, f"{source} can be reached again")
        elif standing is Standing.GIVEN_UP and not is_open and rule.to:
            event = outage.unreachable(source, self._problem(source), book.now)
            matches = ((rule.name, book.miss(rule, event)),)
            envelope = Envelope(outage.SOURCE, json.dumps(event.data).encode(), book.now)
            said = f"matched {rule.name}: the source could not be reached for an hour"
            unit.add_events([EventRecord(event, envelope, book.policy.hash, "routed", said, matches)])


def _slot(rule: Rule) -> str:
    return slot(rule.name, key_of_absence(rule.name))

"""Cron schedules: when ``absent`` expects something to have come.

Clocks that are changed are taken as Debian's cron takes them (crontab(5), cron(8)): a schedule with a fixed
minute and hour ticks once for each time that it names, at the first one of a time that clocks show twice,
and at once when they skip it; one whose minutes or hours begin with ``*`` follows the clocks. The package
``cronsim`` knows the calendar; it is asked without a time zone, for it loses ticks where clocks are changed
by half an hour.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cronsim import CronSim, CronSimError

from router.core.delivery import SECOND
from router.core.mute.clocks import moment_of, moments_of, offset
from router.core.times import at, zone

#: Seconds around a change of the clocks within which a later time may come first; none is put back further.
_AROUND = 3 * 3600
_SECOND = timedelta(seconds=1)
_A_DAY = datetime(2026, 1, 1)  # noqa: DTZ001  what clocks show, wherever they are


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something is to come.

    Args:
        every: five fields of cron: minute, hour, day of the month, month, day of the week.
        location: the name of the time zone in which they are read.
        grace: microseconds from a tick until it is judged; 0 waits for the next tick.
    """

    every: str
    location: str = "UTC"
    grace: int = 0


def check_schedule(every: str) -> None:
    """Tries fields of cron.

    Raises:
        ValueError: in words, with the field that is wrong.
    """
    if len(every.split()) != 5:
        raise ValueError('expected five fields of cron such as "0 3 * * *"')
    try:
        first = next(iter(CronSim(every, _A_DAY)), None)
    except CronSimError as error:
        raise ValueError(f"there is no such {str(error).removeprefix('Bad ')}: {every}") from error
    except ValueError as error:
        raise ValueError(f"this is no schedule: {every[:60]}") from error
    if first is None:
        raise ValueError(f"this never comes: {every}")


def next_tick(schedule: Schedule, moment: int) -> int | None:
    """The first tick after a moment, both in microseconds UTC; None if there is none in 50 years."""
    shown, around = _shown(schedule, moment)
    found: int | None = None
    end = shown
    for time in CronSim(schedule.every, shown - around):
        if found is not None and time > end:
            break
        for tick in _ticks(schedule, time):
            if tick > moment:
                end = end if found is not None else time + around
                found = tick if found is None else min(tick, found)
    return found


def last_tick(schedule: Schedule, moment: int) -> int | None:
    """The last tick at or before a moment, both in microseconds UTC; None if there is none in 50 years."""
    shown, around = _shown(schedule, moment)
    found: int | None = None
    end = shown
    for time in CronSim(schedule.every, shown + around + _SECOND, reverse=True):
        if found is not None and time < end:
            break
        for tick in _ticks(schedule, time):
            if tick <= moment:
                end = end if found is not None else time - around
                found = tick if found is None else max(tick, found)
    return found


def due_at(schedule: Schedule, tick: int) -> int | None:
    """When a tick is judged: ``grace`` after it, and without one at the next tick."""
    return tick + schedule.grace if schedule.grace else next_tick(schedule, tick)


def ripe_tick(schedule: Schedule, now: int) -> int | None:
    """The last tick that is judged by now: whose :func:`due_at` has come."""
    if schedule.grace:
        return last_tick(schedule, now - schedule.grace)
    begun = last_tick(schedule, now)
    return None if begun is None else last_tick(schedule, begun - 1)


def next_judgement(schedule: Schedule, now: int) -> int | None:
    """When another tick will be ripe; None if there is none in 50 years."""
    tick = next_tick(schedule, now - schedule.grace)
    return None if tick is None else tick + schedule.grace


def _shown(schedule: Schedule, moment: int) -> tuple[datetime, timedelta]:
    """What clocks show in its place, and how far around that the order of ticks may be another one."""
    place = zone(schedule.location)
    shown = at(moment).astimezone(place).replace(tzinfo=None, microsecond=0, fold=0)
    is_changed = offset(place, moment - _AROUND * SECOND) != offset(place, moment + _AROUND * SECOND)
    return shown, timedelta(seconds=_AROUND if is_changed else 0)


def _ticks(schedule: Schedule, time: datetime) -> Iterable[int]:
    """The ticks of one time that it names."""
    minute, hour = schedule.every.split()[:2]
    if minute.startswith("*") or hour.startswith("*"):
        return moments_of(time, zone(schedule.location))
    return (moment_of(time, zone(schedule.location)),)

"""``time_intervals``: times of the week and days of the year, written as Alertmanager's users write them.

What Alertmanager refuses is refused here, with what to write instead: a range does not go round the end of
a day, a week or a year.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from router.config.rules import Keys
from router.config.units import Form, Zone
from router.core.mute.interval import ClockSpan, Span, TimeInterval, day_of_month

#: In their order: a week begins on Sunday, as Alertmanager's does.
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_SPRING = ("january", "february", "march", "april", "may", "june")
_AUTUMN = ("july", "august", "september", "october", "november", "december")
_MONTHS = _SPRING + _AUTUMN


# Texts to ranges of numbers


def _span(text: str, number: Callable[[str], int]) -> Span:
    first, _, last = text.partition(":")
    return Span(number(first), number(last or first))


def _backwards(text: str, why: str, *instead: str) -> ValueError:
    """What is wrong with a range, and what says what is meant."""
    ranges = [one.split(":") for one in instead]
    shortest = [first if first == last else f"{first}:{last}" for first, last in ranges]
    return ValueError(f"{text} ends before it starts{why}; write {' and '.join(shortest)}")


def _weekdays(text: str) -> Span:
    span = _span(text.lower(), _DAYS.index)
    if span.first > span.last:
        instead = f"{_DAYS[span.first]}:{_DAYS[-1]}", f"{_DAYS[0]}:{_DAYS[span.last]}"
        raise _backwards(text, ", for a week begins on sunday", *instead)
    return span


def _months(text: str) -> Span:
    span = _span(text.lower(), lambda word: int(word) if word.isdigit() else _MONTHS.index(word) + 1)
    if span.first > span.last:
        instead = f"{_MONTHS[span.first - 1]}:{_MONTHS[-1]}", f"{_MONTHS[0]}:{_MONTHS[span.last - 1]}"
        raise _backwards(text, "", *instead)
    return span


def _years(text: str) -> Span:
    span = _span(text, int)
    if span.first > span.last:
        raise _backwards(text, "", f"{span.last}:{span.first}")
    return span


def _days_of_month(text: str) -> Span:
    """Refused is what is empty in the shortest month, whatever it is in others."""
    span = _span(text, int)
    if span.first < 0 < span.last or (span.first > span.last > 0):
        raise _backwards(text, "", f"{span.first}:-1", f"1:{span.last}")
    if 0 > span.first > span.last:
        raise _backwards(text, "", f"{span.last}:{span.first}")
    if day_of_month(span.first, 28) > day_of_month(span.last, 28):
        raise ValueError(f"{text} ends before it starts in a month of 28 days")
    return span


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


# Their forms


def _range_of(one: str) -> str:
    return f"({one})(:({one}))?"


def _any_of(words: tuple[str, ...]) -> str:
    """Each of the words, its first letter small or large."""
    return "|".join(f"[{word[0]}{word[0].upper()}]{word[1:]}" for word in words)


def _digits(value: Any) -> Any:
    """A single number may stand without quotes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _numbers(pattern: str, least: int, greatest: int) -> WithJsonSchema:
    number = {"type": "integer", "minimum": least, "maximum": greatest}
    return WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^({pattern})$"}, number]})


_DAY_OF_MONTH = _range_of("-?([1-9]|[12][0-9]|3[01])")
_MONTH = _range_of(f"{_any_of(_MONTHS)}|[1-9]|1[0-2]")
_YEAR = _range_of("[1-9][0-9]{3}")

ClockTime = Annotated[
    int,
    Form('a time such as "09:00", in quotes', "([01][0-9]|2[0-3]):[0-5][0-9]|24:00"),
    AfterValidator(_minutes),
]
Weekdays = Annotated[
    Span, Form("days such as monday:friday", _range_of(_any_of(_DAYS))), AfterValidator(_weekdays)
]
Months = Annotated[
    Span,
    Form("months such as january:march", _MONTH),
    BeforeValidator(_digits),
    AfterValidator(_months),
    _numbers(_MONTH, 1, 12),
]
DaysOfMonth = Annotated[
    Span,
    Form('days such as "1:7" or "-1"', _DAY_OF_MONTH),
    BeforeValidator(_digits),
    AfterValidator(_days_of_month),
    _numbers(_DAY_OF_MONTH, -31, 31),
]
Years = Annotated[
    Span,
    Form('years such as "2026:2027"', _YEAR),
    BeforeValidator(_digits),
    AfterValidator(_years),
    _numbers(_YEAR, 1000, 9999),
]


class Times(Keys):
    """A part of a day."""

    start: ClockTime = Field(description="Its first minute.")
    end: ClockTime = Field(description="The minute after its last; 24:00 is the end of the day.")

    @model_validator(mode="after")
    def _is_no_night(self) -> Self:
        if self.start == self.end:
            raise ValueError("it ends when it starts; for the whole day leave times out")
        if self.start > self.end:
            start, end = (f"{time // 60:02}:{time % 60:02}" for time in (self.start, self.end))
            parts = [f'{{start: "{start}", end: "24:00"}}', f'{{start: "00:00", end: "{end}"}}']
            shown = [part for part in parts if part != '{start: "00:00", end: "00:00"}']
            raise ValueError(f"{start} to {end} ends before it starts; write {' and '.join(shown)}")
        return self


class Interval(Keys):
    """All of what is named must hold; what is not named may be any."""

    times: tuple[Times, ...] = Field((), min_length=1, description="Parts of a day.")
    weekdays: tuple[Weekdays, ...] = Field((), min_length=1, description="Days of the week.")
    days_of_month: tuple[DaysOfMonth, ...] = Field((), min_length=1, description="-1 is a month's last day.")
    months: tuple[Months, ...] = Field((), min_length=1, description="By name or number.")
    years: tuple[Years, ...] = Field((), min_length=1, description="Such as 2026.")
    location: Zone = Field("UTC", description="The time zone of all this.")

    def meaning(self) -> TimeInterval:
        """What it means."""
        return TimeInterval(
            times=tuple(ClockSpan(one.start, one.end) for one in self.times),
            weekdays=self.weekdays,
            days_of_month=self.days_of_month,
            months=self.months,
            years=self.years,
            location=self.location,
        )


def meanings(intervals: Mapping[str, tuple[Interval, ...]]) -> dict[str, tuple[TimeInterval, ...]]:
    """What the names of ``time_intervals`` mean."""
    return {name: tuple(one.meaning() for one in several) for name, several in intervals.items()}

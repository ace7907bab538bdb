"""The form of ``time_intervals``: times of the week, as Alertmanager's users know them."""

from typing import Annotated

from router.config.rules import Keys
from router.config.units import Form, Zone

_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december|[1-9]|1[0-2]"
_DAY_OF_MONTH = "-?([1-9]|[12][0-9]|3[01])"


def _range(of: str) -> str:
    return f"({of})(:({of}))?"


ClockTime = Annotated[str, Form('a time such as "09:00", in quotes', "([01][0-9]|2[0-3]):[0-5][0-9]|24:00")]
Weekdays = Annotated[str, Form("days such as monday:friday", _range(_DAYS))]
Months = Annotated[str, Form("months such as january:march", _range(_MONTHS))]
DaysOfMonth = Annotated[str, Form('days such as "1:7" or "-1"', _range(_DAY_OF_MONTH))]
Years = Annotated[str, Form('years such as "2026:2027"', _range("[0-9]{4}"))]


class Times(Keys):
    """A part of a day."""

    start: ClockTime
    end: ClockTime


class Interval(Keys):
    """All of what is named must hold; what is not named may be any."""

    times: tuple[Times, ...] = ()
    weekdays: tuple[Weekdays, ...] = ()
    days_of_month: tuple[DaysOfMonth, ...] = ()
    months: tuple[Months, ...] = ()
    years: tuple[Years, ...] = ()
    location: Zone = "UTC"

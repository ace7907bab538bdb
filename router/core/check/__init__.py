"""Judges filters against what events can hold, before any event comes."""

from router.core.check.implying import about_catalogue, finds_nothing, implies
from router.core.check.judging import judge, judged, verdict
from router.core.check.kinds import OF_ALERTS, Kind, as_alert, catalogue_kinds, kind_of_alerts
from router.core.check.remark import Remark
from router.core.check.schemas import kind_of_schema, widened

__all__ = [
    "OF_ALERTS",
    "Kind",
    "Remark",
    "about_catalogue",
    "as_alert",
    "catalogue_kinds",
    "finds_nothing",
    "implies",
    "judge",
    "judged",
    "kind_of_alerts",
    "kind_of_schema",
    "verdict",
    "widened",
]

"""Judges filters against what events can hold, before any event comes."""

from router.core.check.implying import about_catalogue, implies
from router.core.check.judging import judge, verdict
from router.core.check.kinds import Kind, catalogue_kinds, kind_of_alerts
from router.core.check.remark import Remark
from router.core.check.schemas import kind_of_schema, widened

__all__ = [
    "Kind",
    "Remark",
    "about_catalogue",
    "catalogue_kinds",
    "implies",
    "judge",
    "kind_of_alerts",
    "kind_of_schema",
    "verdict",
    "widened",
]

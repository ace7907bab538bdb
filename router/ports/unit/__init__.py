"""One transaction: each loop's verbs in a file of its own."""

from typing import Protocol

from router.ports.unit.deliver import DeliverUnit, Urgency
from router.ports.unit.dispatch import DispatchUnit
from router.ports.unit.ingest import IngestUnit
from router.ports.unit.maintain import MaintainUnit
from router.ports.unit.people import PeopleUnit
from router.ports.unit.policy import PolicyUnit
from router.ports.unit.reading import ReadingUnit

__all__ = ["Unit", "Urgency"]


class Unit(
    IngestUnit, DispatchUnit, DeliverUnit, MaintainUnit, PolicyUnit, PeopleUnit, ReadingUnit, Protocol
):
    """One transaction. Every verb takes a batch; all of them are committed together, or none."""

"""One transaction: the verbs of ``router.ports.Unit`` over SQLAlchemy Core, one statement a table.

Each loop's verbs stand in a file of its own.
"""

from router.storage.unit.deliver import SqlDeliverUnit
from router.storage.unit.dispatch import SqlDispatchUnit
from router.storage.unit.ingest import SqlIngestUnit
from router.storage.unit.maintain import SqlMaintainUnit
from router.storage.unit.people import SqlPeopleUnit
from router.storage.unit.policy import SqlPolicyUnit
from router.storage.unit.reading import SqlReadingUnit


class SqlUnit(
    SqlIngestUnit,
    SqlDispatchUnit,
    SqlDeliverUnit,
    SqlMaintainUnit,
    SqlPolicyUnit,
    SqlPeopleUnit,
    SqlReadingUnit,
):
    """See :class:`router.ports.Unit`."""

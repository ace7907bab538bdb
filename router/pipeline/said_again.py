"""What stands and is said again, and is news all the same."""

from collections.abc import Mapping

from router.core.book import INHIBITED
from router.core.policy import Policy
from router.pipeline.mutes import Mutes
from router.ports import Known, Unit


def released(unit: Unit, policy: Policy, doubles: Mapping[str, Known], now: int) -> set[str]:
    """Which of these say again that an alert fires whose inhibitor has ended.

    What was inhibited is told when it matches again. A sender that says the same every minute is heard once:
    without this such an alert would fire on, and nobody would hear of it.

    Args:
        doubles: by their identity, what was received before.
    """
    if not doubles or not policy.inhibits:
        return set()
    alerts = unit.alerts_on({one.event_id for one in doubles.values()})
    held = [alert for alert in alerts if alert.muted_by.startswith(INHIBITED)]
    if not held:
        return set()
    judged = zip(held, Mutes(unit, policy, now).judge(held), strict=True)
    over = {alert.event_id for alert, by in judged if by is None or by.by != "inhibition"}
    return {identity for identity, one in doubles.items() if one.event_id in over}

"""The page about the router itself: what came in a day, sources, channels, outbox, what people did."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from router.core.delivery import State
from router.ports import Counted, Counting
from router.web.api.asked import Reader, Within
from router.web.api.process import status
from router.web.inside import Inside
from router.web.pages.drawing import draw
from router.web.pages.plots import HOUR, HOURS, Plot, plot

router = APIRouter(include_in_schema=False)


@router.get("/health")
def health_page(request: Request, inside: Within, person: Reader) -> HTMLResponse:
    """Sources, channels, outbox, configuration, and what people did."""
    deeds = inside.store.look(lambda unit: unit.page_of_deeds(None, 20)).found
    return draw(
        request, inside, person, "health.html", standing=status(inside), deeds=deeds, plots=_plots(inside)
    )


def _plots(inside: Inside) -> list[Plot]:
    now = inside.now()

    def counted(counting: Counting) -> list[Counted]:
        return inside.store.look(lambda unit: unit.counts(counting, now - HOURS * HOUR, now + 1))

    return [
        plot("Events", counted("hours of events"), now, lambda what: False),
        plot("Alerts", counted("hours of alerts"), now, lambda what: False),
        plot("Messages", counted("hours of deliveries"), now, lambda what: what == State.DEAD),
    ]

"""Jobs: what came of one, how it failed, what was told to whom."""

from typing import Annotated

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from router.errors import RouterError
from router.pipeline.story import story_of
from router.web.api.asked import Within
from router.web.shapes import (
    AlertJson,
    DeliveryJson,
    EventJson,
    alert_json,
    delivery_json,
    event_json,
    sound,
)

router = APIRouter(tags=["events"])


class CauseJson(TypedDict):
    """A way to fail, and how often."""

    cause: str
    number: int


class JobJson(TypedDict):
    """The story of a job, the newest first; ``whole``: whether these are all of its events."""

    id: str
    name: str
    state: str
    whole: bool
    causes: list[CauseJson]
    events: list[EventJson]
    alerts: list[AlertJson]
    deliveries: list[DeliveryJson]


@router.get("/v1/job")
def show_job(
    inside: Within,
    id: Annotated[str, Query(min_length=1, max_length=200, description="Its `JobId`.")],  # noqa: A002  its name outside
) -> JobJson:
    """One job from its first event to its last message; at most its newest 500 events."""
    story = inside.store.look(lambda unit: story_of(id, unit))
    if not story.events:
        raise RouterError("not-found", "no event is about this job", "They may be older than the retention")
    return {
        "id": sound(story.job_id),
        "name": sound(story.name),
        "state": sound(story.state),
        "whole": story.is_whole,
        "causes": [{"cause": sound(cause), "number": number} for cause, number in story.causes],
        "events": [event_json(one) for one in story.events],
        "alerts": [alert_json(one) for one in story.alerts],
        "deliveries": [delivery_json(one) for one in story.deliveries],
    }

"""The 19 events of Batch Compute: which fields each has, and what it is about."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from router.core.catalogue.fields import ABOUT_JOB, FIELDS, JOB, Field

if TYPE_CHECKING:
    from pydantic import BaseModel

#: States that a job, a task and an instance of a task go through.
JOB_STATES = ("Waiting", "Running", "Stopped", "Finished", "Failed")
#: States of a cluster's virtual machine.
MACHINE_STATES = ("Starting", "Running", "Stopping", "Stopped")


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event.

    Args:
        about: what has happened, as a sentence without its full stop.
        key: names of the fields that tell the thing which it is about: an alert's default ``key``.
        fields: by name, in the producer's order, each with the values that it has in this event.
    """

    name: str
    about: str
    key: tuple[str, ...]
    fields: Mapping[str, Field]

    @property
    def category(self) -> str:
        """``Cluster`` or ``Job``. Both families have events that are named ``OnInstance…``."""
        return self.fields["Category"].known[0]

    @property
    def group_by(self) -> str:
        """The field whose alerts are told together unless a rule says otherwise."""
        return self.key[0]

    @property
    def has_job(self) -> bool:
        """Whether filters see ``Job`` in it: what the router last heard of the job that it is a part of."""
        return "Task" in self.key

    @property
    def sample_text(self) -> str:
        """The documented sample: JSON as it is sent, numbers as text."""
        return (files("router.core.catalogue") / "samples" / f"{self.name}.json").read_text(encoding="utf-8")

    def sample(self) -> dict[str, Any]:
        """The documented sample, parsed but not decoded: numbers are still text."""
        return json.loads(self.sample_text)

    def model(self) -> "type[BaseModel]":
        """A pydantic model of the event; it takes the event as it is sent and as it is decoded."""
        from router.core.catalogue.models import make_model

        return make_model(self.name, self.about, tuple(self.fields.values()))

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the decoded event, as filters see it. Further fields are allowed."""
        schema = self.model().model_json_schema()
        if self.has_job:
            schema["properties"][JOB] = _schema_of_job()
        return schema


def _schema_of_job() -> dict[str, Any]:
    """The fields of all events of jobs: the one that is taken here has them all."""
    of_one = EVENTS["OnPriorityChange"].schema()["properties"]
    fields = {
        name: {word: value for word, value in said.items() if word not in ("const", "examples")}
        for name, said in of_one.items()
    }
    heard = {"type": "object", "properties": fields, "additionalProperties": True}
    return {"title": JOB, "description": ABOUT_JOB, "anyOf": [heard, {"type": "null"}]}


_JOB = "Category JobId JobName Event State CreationTime StartTime EndTime Message"
_TASK = "Category JobId Task Event State StartTime EndTime"
_INSTANCE = (
    "Category JobId Task InstanceId Event State StartTime EndTime RetryCount Progress "
    "StdoutRedirectPath StderrRedirectPath ExitCode ErrorCode ErrorMessage Detail"
)
_MACHINE = "Category ClusterId Group InstanceId InnerIpAddress Hints State CreationTime Event"


def _event(
    name: str, category: str, about: str, key: str, fields: str, states: tuple[str, ...]
) -> tuple[str, EventType]:
    known = {"Event": (name,), "Category": (category,), "State": states}
    filled = {field: replace(FIELDS[field], known=known.get(field, ())) for field in fields.split()}
    return name, EventType(name, about, tuple(key.split()), MappingProxyType(filled))


def _of_jobs(what: str, about: str, key: str, fields: str) -> list[tuple[str, EventType]]:
    said = ("waits to run", "runs", "was stopped", "has finished", "has failed")
    return [
        _event(f"On{what}{state}", "Job", f"{about} {does}", key, fields, (state,))
        for state, does in zip(JOB_STATES, said, strict=True)
    ]


#: Every documented event by its name.
EVENTS: Mapping[str, EventType] = MappingProxyType(
    dict(
        [
            _event(
                "OnClusterDeleted",
                "Cluster",
                "A cluster was deleted",
                "ClusterId",
                "Category ClusterId ClusterName CreationTime State Event",
                ("Deleted",),
            ),
            *(
                _event(
                    f"OnInstance{does}",
                    "Cluster",
                    f"A cluster's virtual machine {said}",
                    "ClusterId InstanceId",
                    _MACHINE,
                    MACHINE_STATES,
                )
                for does, said in (("Created", "was created"), ("Active", "has become active"))
            ),
            *_of_jobs("Job", "A job", "JobId", _JOB),
            *_of_jobs("Task", "A task of a job", "JobId Task", _TASK),
            *_of_jobs("Instance", "An instance of a task", "JobId Task InstanceId", _INSTANCE),
            _event(
                "OnPriorityChange",
                "Job",
                "A job's priority was changed",
                "JobId",
                f"{_JOB} From To",
                JOB_STATES,
            ),
        ]
    )
)

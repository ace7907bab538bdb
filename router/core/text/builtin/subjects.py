"""What an event is about, and what happened to it: the headline's words."""

from collections.abc import Mapping
from typing import Any, Literal, cast

from router.core.catalogue import JOB_STATES
from router.core.text.builtin.fields import shown, telling
from router.core.text.builtin.words import Words
from router.core.text.clip import clip

About = Literal["job", "task", "instance", "machine", "cluster", "other"]

#: The longest name in a headline.
_LONGEST = 60

_PARTS: Mapping[str, About] = {"Job": "job", "Task": "task", "Instance": "instance"}
_ABOUT: Mapping[str, About] = {
    "OnPriorityChange": "job",
    "OnClusterDeleted": "cluster",
    "OnInstanceCreated": "machine",
    "OnInstanceActive": "machine",
    **{f"On{part}{state}": about for part, about in _PARTS.items() for state in JOB_STATES},
}

#: The field that the subject of an event must have to be told as what its name says.
_NEEDED: dict[About, str] = {
    "job": "JobId",
    "task": "Task",
    "instance": "InstanceId",
    "machine": "InstanceId",
    "cluster": "ClusterId",
}


def about_of(kind: str, data: Mapping[str, Any]) -> About:
    """What an event of the catalogue is about; ``other`` for any other event."""
    about = _ABOUT.get(kind, "other")
    return about if about != "other" and shown(data.get(_NEEDED[about])) else "other"


def said(kind: str, data: Mapping[str, Any], source: str, words: Words) -> str:
    """Subject and verb: ``Job nightly failed``."""
    about = about_of(kind, data)
    if about == "other":
        return _other(kind, data, source, words)
    subject = _subject(about, data, words)
    if kind == "OnPriorityChange":
        return words.priority.format(subject=subject, old=_name(data, "From"), new=_name(data, "To"))
    state = next(state for state in words.states if kind.endswith(state))
    return words.said.format(subject=subject, verb=words.states[state])


def job_name(data: Mapping[str, Any]) -> str:
    """The name that the job's owner gave it, where it is known, else its id."""
    context = data.get("Job")
    known = cast("Mapping[str, Any]", context).get("JobName") if isinstance(context, Mapping) else None
    return shown(data.get("JobName")) or shown(known) or shown(data.get("JobId"))


def _subject(about: About, data: Mapping[str, Any], words: Words) -> str:
    if about == "job":
        return words.job.format(name=clip(job_name(data), _LONGEST))
    if about == "task":
        return _in_job(words.task.format(name=_name(data, "Task")), data, words)
    if about == "instance":
        part = words.instance.format(name=_name(data, "InstanceId"), task=_name(data, "Task"))
        return _in_job(part, data, words)
    if about == "machine":
        return words.machine.format(name=_name(data, "InstanceId"), cluster=_name(data, "ClusterId"))
    return words.cluster.format(name=_name(data, "ClusterName") or _name(data, "ClusterId"))


def _in_job(subject: str, data: Mapping[str, Any], words: Words) -> str:
    """With the job's name; an id, which is long, stands at the end of the headline."""
    job = job_name(data)
    return (
        subject
        if job == shown(data.get("JobId"))
        else words.in_job.format(subject=subject, job=clip(job, _LONGEST))
    )


def _other(kind: str, data: Mapping[str, Any], source: str, words: Words) -> str:
    parts = (clip(kind, _LONGEST), clip(telling(data), 2 * _LONGEST))
    if any(parts):
        return words.colon.join(part for part in parts if part)
    return words.from_source.format(name=source) if source else words.event.format(name="JSON")


def _name(data: Mapping[str, Any], field: str) -> str:
    return clip(shown(data.get(field)), _LONGEST)

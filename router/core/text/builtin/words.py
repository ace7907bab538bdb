"""What a language must say for the built-in texts."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Phrases; ``{…}`` is filled in. A test compares what stands in the braces between the languages.

    Args:
        units: days, hours, minutes, seconds, with what stands before them.
        states: an event's name ends in it, and what it says of its subject.
        exits: what an exit code means; the codes 128 + n and -n are in ``signals``.
        steps: what to do next, by the kind of trouble.
    """

    units: tuple[str, str, str, str]
    ago: str
    ahead: str
    now: str
    severities: Mapping[str, str]
    # subjects and what happened to them
    job: str
    task: str
    instance: str
    machine: str
    cluster: str
    states: Mapping[str, str]
    priority: str
    event: str
    from_source: str
    said: str
    exit_in_title: str
    exit_meant: str
    in_job: str
    unknown: str
    # why it is told
    worse: str
    new: str
    escalation: str
    resolved: str
    repeat: str
    storm: str
    acknowledged: str
    acknowledged_by: str
    # labels
    label_exit: str
    label_error: str
    label_detail: str
    label_message: str
    label_job: str
    label_cluster: str
    label_group: str
    label_address: str
    label_ran: str
    label_created: str
    label_started: str
    label_ended: str
    label_retries: str
    label_progress: str
    label_alerts: str
    label_also: str
    label_causes: str
    label_next: str
    label_note: str
    # values
    exit_unknown: str
    signal: str
    signal_known: str
    ran: str
    happened: str
    counts: str
    count_firing: str
    count_new: str
    count_held: str
    count_ended: str
    and_more: str
    digest: str
    digest_list: str
    storm_list: str
    fallback: str
    rule: str
    shortened: str
    ack: str
    silence: str
    explain: str
    exits: Mapping[int, str]
    signals: Mapping[int, tuple[str, str]]
    steps: Mapping[str, str]
    colon: str
    comma: str

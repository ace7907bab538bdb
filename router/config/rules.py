"""The keys of a rule file. docs/configuration.md has a row for each that works in this version.

Keys whose meaning comes later (see later.py) have their form here too.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from router.config.units import (
    Duration,
    DurationOrNever,
    Flag,
    Form,
    Mode,
    Moment,
    Name,
    NotNegative,
    Whole,
    Zone,
)
from router.config.yaml import mapping
from router.core.delivery import SECOND
from router.core.mute.tick import Schedule, check_schedule


class Keys(BaseModel):
    """Nothing but the keys that stand here; a value that is refused is not repeated."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _cron(text: str) -> str:
    check_schedule(text)
    return text


Severity = Literal["info", "warning", "critical"]
Cron = Annotated[
    str, Form('five fields of cron such as "0 3 * * *"', r"\S+( +\S+){4}"), AfterValidator(_cron)
]


class FormatKeys(Keys):
    """Templates for one channel kind or channel."""

    title: str | None = Field(None, description="Jinja template of the title.")
    body: str | None = Field(None, description="Jinja template of the body.")


class Count(Keys):
    """How many matching events of one key, and how soon."""

    at_least: Whole = Field(ge=2, description="Fires at this event.")
    within: Duration = Field(description="The window, by the events' own times.")


class Expect(Keys):
    """What must follow, and how soon."""

    event: str = Field(description="JMESPath filter over the event that is waited for.")
    within: Duration = Field(description="From the match, by the events' own times.")


class Absent(Keys):
    """When at least one match must have come."""

    every: Cron = Field(description="Five fields of cron: minute, hour, day, month, day of the week.")
    location: Zone = Field("UTC", description="The time zone of these.")
    grace: Duration = Field(
        0, description="From a tick until it is judged; without one it is judged at the next tick."
    )

    def meaning(self) -> Schedule:
        """What it means."""
        return Schedule(self.every, self.location, self.grace)


class Escalation(Keys):
    """Whom else to tell, and when."""

    after: Duration = Field(description="From the moment of firing, if nobody has acknowledged.")
    to: tuple[str, ...] = Field(min_length=1, description="Channels.")


class Inhibition(Keys):
    """A rule that makes this one superfluous."""

    rule: Name = Field(description="The rule whose alerts make this one superfluous.")
    equal: tuple[str, ...] = Field((), description="JMESPath: equal in both; null equals nothing.")


class EventFile(Keys):
    """An event that the catalogue does not have."""

    file: str = Field(description="Its body as JSON; relative to the rule file.")


class Fails(Keys):
    """How a channel fails."""

    times: Whole = Field(1, ge=1, le=1000, description="For so many attempts.")
    outcome: Literal["throttled", "unreachable", "unknown", "refused"] = Field(
        alias="with", description="What its provider answers."
    )


class FailingChannel(Keys):
    """A channel that fails for a while."""

    name: str = Field(description="The channel.")
    fails: Fails = Field(description="How often, and with which answer.")


class GivenKeys(Keys):
    """What happens: an event comes, or a channel begins to fail."""

    at: Duration = Field(0, description="After the test's start.")
    event: str | EventFile | None = Field(None, description="An event of the catalogue, or {file: …}.")
    fields: dict[str, Any] = Field({}, alias="with", description="Fields laid over it.")
    times: Whole = Field(1, ge=1, le=100_000, description="It comes so many times.")
    vary: str | tuple[str, ...] = Field((), description="Fields that differ each time.")
    source: str = Field("", description="Where it comes from; the first of the rule's from.")
    channel: FailingChannel | None = Field(None, description="A channel that fails from then on.")

    @field_validator("event", mode="before")
    @classmethod
    def _is_named(cls, event: object) -> object:
        if event is None or isinstance(event, str) or mapping(event).keys() == {"file"}:
            return event
        said = "expected the name of a documented event, or {file: event.json} with one of your own"
        raise ValueError(f"{said} (fields alone stand under with:)")

    @model_validator(mode="after")
    def _is_one(self) -> "GivenKeys":
        if (self.event is None) == (self.channel is None):
            raise ValueError("say either event or channel, and not both")
        return self


class ExpectKeys(Keys):
    """What must be true at a moment."""

    by: Duration | None = Field(None, description="After the test's start, that moment included.")
    at: Duration | None = Field(None, description="The same.")
    channel: str = Field("", description="Whose messages are looked at.")
    count: NotNegative | None = Field(None, description="Messages that it accepted since the start.")
    reason: Literal["first", "worse", "new", "escalation", "resolved", "repeat", "storm"] | None = Field(
        None, description="Of the latest message."
    )
    title_contains: str = Field("", description="A part of the latest title.")
    body_contains: str = Field("", description="A part of the latest text.")
    snapshot: str = Field("", pattern=r"^([a-z0-9][a-z0-9-]*)?$", description="A file with the latest text.")
    rule: str = Field("", description="Whose alerts are looked at; the one under which the test stands.")
    alerts: Literal["pending", "firing", "acknowledged", "resolved", "healed", "none"] | None = Field(
        None, description="How all of them stand."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> "ExpectKeys":
        if (self.by is None) == (self.at is None):
            raise ValueError("say either by or at, and not both")
        says = self.count is not None or self.reason or self.title_contains or self.body_contains
        if bool(says or self.snapshot) != bool(self.channel):
            raise ValueError("channel goes with count, reason, title_contains, body_contains or snapshot")
        if not self.channel and self.alerts is None:
            raise ValueError("say what is expected: channel and what of it, or alerts")
        return self


class CaseKeys(Keys):
    """Events on a virtual clock, and what must come of them."""

    name: str = Field(min_length=1, description="What it shows.")
    start: Moment | None = Field(None, description="When it begins; a Monday at midnight UTC.")
    given: tuple[GivenKeys, ...] = Field(min_length=1, description="What happens.")
    expect: tuple[ExpectKeys, ...] = Field(min_length=1, description="What must come of it.")


class DefaultKeys(Keys):
    """What rules of one file may share."""

    sources: tuple[str, ...] | None = Field(None, alias="from", description="Only events of these sources.")
    to: tuple[str, ...] = Field((), description="Channels; needed unless the mode is shadow or off.")
    severity: Severity = Field("warning", description="How bad it is.")
    labels: dict[str, str] = Field(
        {}, description="Fixed words for templates, silences, webhooks and metrics."
    )
    mode: Mode = Field("on", description="shadow: judged, counted and recorded, never sent.")
    stop: Flag = Field(False, description="Later rules do not see an event that this rule matched.")
    catch_all: Flag = Field(False, description="Judged only for events that no other rule matched.")
    key: tuple[str, ...] | None = Field(None, description="JMESPath: what makes two events the same trouble.")
    resolve_when: str | None = Field(
        None, description="JMESPath: an event with the same key that ends the alert."
    )
    send_resolved: Flag = Field(True, description="Say so when it ends.")
    close_after: Duration | None = Field(
        None, description="Ends silently this long after its last event; 24h, or the window of count."
    )
    hold: Duration = Field(0, description="Not told before it has lasted this long.")
    count: Count | None = Field(None, description="Fires only when so many came so soon.")
    expect: Expect | None = Field(None, description="Fires when something does not follow in time.")
    absent: Absent | None = Field(None, description="Fires when nothing came by a time of day.")
    group_by: tuple[str, ...] | None = Field(
        None, description="JMESPath: alerts told together; ['...'] tells each alone."
    )
    group_wait: Duration = Field(0, description="From a group's first alert to its first message.")
    group_interval: Duration = Field(5 * 60 * SECOND, description="Between messages about what is new.")
    repeat_interval: DurationOrNever = Field(None, description="Between reminders while an alert fires.")
    escalate: tuple[Escalation, ...] = Field((), description="Tell others when nobody acknowledges.")
    inhibited_by: tuple[Inhibition, ...] = Field((), description="Not told while these fire.")
    mute_time_intervals: tuple[str, ...] = Field((), description="Not told in these time intervals.")
    active_time_intervals: tuple[str, ...] = Field((), description="Told only in these time intervals.")
    title: str | None = Field(None, description="Jinja template of the title.")
    body: str | None = Field(None, description="Jinja template of the body.")
    formats: dict[str, FormatKeys] = Field({}, description="Templates by channel kind or channel.")


class RuleKeys(DefaultKeys):
    """One rule."""

    name: Name = Field(description="Unique over all files, kebab-case.")
    when: str = Field(description="JMESPath filter over the event; always matches every event.")
    tests: tuple[CaseKeys, ...] = Field((), description="Events, and what must come of them.")


class RuleFile(Keys):
    """A rule file."""

    defaults: DefaultKeys | None = Field(None, description="Keys for every rule of this file.")
    rules: tuple[RuleKeys, ...] = Field(description="In the order in which they are judged.")

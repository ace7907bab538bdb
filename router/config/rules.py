"""The keys of a rule file. docs/rules.md has a row for each."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from router.config.units import SWITCH, Name

GroupBy = tuple[Literal["..."]]


class FormatKeys(BaseModel):
    """Templates for one channel kind or channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str | None = None
    body: str | None = None


class RuleKeys(BaseModel):
    """One rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    name: Name = Field(description="Unique over all files, kebab-case.")
    when: str = Field(description="JMESPath filter over the event; always matches every event.")
    sources: tuple[str, ...] | None = Field(None, alias="from", description="Only events of these sources.")
    to: tuple[str, ...] = Field((), description="Channels; needed unless the mode is shadow or off.")
    severity: Literal["info", "warning", "critical"] = "warning"
    labels: dict[str, str] = Field({}, description="Fixed words for templates and metrics.")
    mode: Annotated[Literal["on", "shadow", "off"], SWITCH] = Field(
        "on", description="shadow: judged, counted and recorded, never sent."
    )
    stop: bool = Field(False, description="Later rules do not see an event that this rule matched.")
    catch_all: bool = Field(False, description="Judged only for events that no other rule matched.")
    group_by: GroupBy | None = Field(None, description="['...'] tells each alert alone.")
    title: str | None = Field(None, description="Jinja template.")
    body: str | None = Field(None, description="Jinja template.")
    formats: dict[str, FormatKeys] = Field({}, description="Templates by channel kind or channel.")


class RuleFile(BaseModel):
    """A rule file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    defaults: dict[str, Any] = Field({}, description="Keys for every rule of this file.")
    rules: tuple[RuleKeys, ...]


#: Keys of a rule whose meaning comes with a later version: refused, never ignored.
NOT_YET = frozenset(
    [
        "key",
        "resolve_when",
        "send_resolved",
        "close_after",
        "hold",
        "count",
        "expect",
        "absent",
        "group_wait",
        "group_interval",
        "repeat_interval",
        "escalate",
        "inhibited_by",
        "mute_time_intervals",
        "active_time_intervals",
        "tests",
    ]
)

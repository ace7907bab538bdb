"""The keys of router.yaml. docs/configuration.md has a row for each that works in this version."""

import difflib
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator

from router.config.intervals import Interval
from router.config.rules import FormatKeys, Keys
from router.config.units import (
    Address,
    Duration,
    DurationOrNever,
    FilePath,
    Form,
    Name,
    OnOff,
    Origin,
    PublicUrl,
    Rate,
    UrlPath,
    Whole,
    Zone,
    seconds,
)
from router.config.yaml import mapping
from router.core.delivery import SECOND


def _proxy(url: SecretStr) -> SecretStr:
    if re.fullmatch(r"https?://[^/?#\s]+/?", url.get_secret_value()) is None:
        raise ValueError("write http://host:port, or http://user:password@host:port")
    return url


Secret = Annotated[SecretStr, Field(min_length=1)]
Proxy = Annotated[Secret, AfterValidator(_proxy)]
PATH = Field(None, description="Another address than /v1/events/NAME.")
SCHEMA = Field(None, alias="schema", description="A JSON Schema of its events, for check.")
CATCH_UP = Field(600 * SECOND, description="After a standstill, how long what was missed may take to come.")


class Token(Keys):
    """A token that may do some things."""

    role: Literal["send", "read", "admin"] = Field(
        description="send: events; read: the page, the API, the metrics; admin: everything."
    )
    token: Secret = Field(description="What requests bring as Authorization: Bearer.")


class Http(Keys):
    """Where the router listens."""

    listen: Address = Field(
        "127.0.0.1:8080", description="host:port; any other host than loopback needs a token."
    )
    token: Secret | None = Field(
        None, description="What requests bring as Authorization: Bearer; it may do everything."
    )
    tokens: dict[Name, Token] = Field({}, description="Further tokens, by whose they are.")
    public_url: PublicUrl | None = Field(
        None, description="Where people reach this router: links in messages begin with it."
    )


class Webhook(Keys):
    """Any JSON or CloudEvents."""

    kind: Literal["webhook"]
    path: UrlPath | None = PATH
    schema_file: str | None = SCHEMA
    catch_up: Duration = CATCH_UP


#: What Prometheus puts behind the ``path_prefix`` of an Alertmanager.
ALERTS_PATH = "/api/v2/alerts"


class Alertmanager(Keys):
    """Alerts as Prometheus posts them, and Alertmanager's webhook."""

    kind: Literal["alertmanager"]
    path: UrlPath | None = PATH
    schema_file: str | None = SCHEMA
    catch_up: Duration = CATCH_UP


class Expect(Keys):
    """What a push must be about; what is not named may be any."""

    owner: str | None = Field(None, description="The account id of the topic's owner.")
    topic: str | None = Field(None, description="The topic's name.")
    subscription: str | None = Field(None, description="The subscription's name.")


class MnsPush(Keys):
    """MNS posts here."""

    kind: Literal["mns-push"]
    path: UrlPath | None = PATH
    verify: OnOff = Field("on", description="off takes pushes from anybody.")
    certificate: FilePath | None = Field(
        None, description="A PEM file; only pushes signed with its key are taken, and none is fetched."
    )
    expect: Expect = Field(
        default_factory=lambda: Expect.model_validate({}), description="What a push must be about."
    )
    max_age: Duration | None = Field(None, description="Refuse pushes whose date is further away.")
    schema_file: str | None = SCHEMA
    catch_up: Duration = CATCH_UP


Endpoint = Annotated[
    str,
    Form("http://ACCOUNT.mns.REGION.aliyuncs.com, in lower case and without a path", r"https?://[^/\s]+/?"),
]


class MnsQueue(Keys):
    """Messages are fetched from an MNS queue."""

    kind: Literal["mns-queue"]
    endpoint: Endpoint = Field(description="http:// or https://ACCOUNT.mns.REGION.aliyuncs.com")
    queue: Annotated[str, Form("a queue's name", "[A-Za-z0-9][A-Za-z0-9-]{0,119}")] = Field(
        description="The queue's name."
    )
    access_key_id: str = Field(min_length=1, description="Of whoever may read the queue.")
    access_key_secret: Secret = Field(description="Its secret.")
    security_token: Secret | None = Field(None, description="With temporary keys.")
    consumers: Whole = Field(2, ge=1, le=64, description="Receives at once.")
    wait: Annotated[Duration, seconds(0, 30)] = Field(
        5 * SECOND, description="How long a receive waits for a message, and a stop for a receive."
    )
    visibility: Annotated[Duration, seconds(1, 43200)] | None = Field(
        None, description="For how long messages are hidden again while they wait; the queue's own timeout."
    )
    max_dequeues: Whole = Field(10, ge=1, description="A message that was received more often is set aside.")
    schema_file: str | None = SCHEMA


class File(Keys):
    """JSON lines from a file, or - for standard input."""

    kind: Literal["file"]
    path: FilePath = Field(min_length=1, description="The file, or - for standard input.")
    schema_file: str | None = SCHEMA


Source = Annotated[Webhook | Alertmanager | MnsQueue | MnsPush | File, Field(discriminator="kind")]


class Storm(Keys):
    """How many new groups are told one by one, and how soon."""

    groups: Whole = Field(10, ge=1, description="Messages on the channel.")
    within: Duration = Field(60 * SECOND, description="The time in which they were told.")


def _or_off(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [*(one for one in schema["anyOf"] if one != {"type": "null"}), {"enum": ["off", False]}]
    schema.pop("default", None)


class FallbackAfter(Keys):
    """How old a delivery may grow before the fallback is told, by severity."""

    critical: DurationOrNever = Field(120 * SECOND, description="For critical messages.")
    warning: DurationOrNever = Field(900 * SECOND, description="For warnings.")
    info: DurationOrNever = Field(None, description="For information.")


class Channel(Keys):
    """Where rules send: one or more Apprise URLs."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["url"]}, {"required": ["urls"]}]})

    url: Secret | None = Field(None, description="An Apprise URL.")
    urls: tuple[Secret, ...] = Field((), min_length=1, description="Several; each is told.")
    fallback: str | None = Field(None, description="Told when a delivery of this channel is given up.")
    fallback_after: FallbackAfter = Field(
        FallbackAfter.model_validate({}), description="Told also when a delivery is so old."
    )
    rate: Rate | None = Field(None, description="At most so many messages, such as 20/min.")
    timeout: Annotated[Duration, seconds(1, 600)] = Field(
        12 * SECOND, description="For the whole exchange with the provider."
    )
    give_up_after: Duration = Field(24 * 3600 * SECOND, description="Tried again for this long.")
    max_unknown: Whole = Field(2, ge=1, description="Attempts that may have arrived before it is given up.")
    accept: str | None = Field(None, description="JMESPath over the JSON answer: true means accepted.")
    storm: Storm | None = Field(
        Storm.model_validate({"groups": 10}),
        description="More messages than this, and groups are told together.",
        json_schema_extra=_or_off,
    )
    formats: dict[str, FormatKeys] = Field({}, description="Templates for this channel, by channel kind.")
    proxy: Proxy | None = Field(None, description="An HTTP proxy for this channel.")

    @model_validator(mode="before")
    @classmethod
    def _forms(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = mapping(value)
        slips = (
            difflib.get_close_matches(key, ("url", "urls"), 1) for key in keys if key not in cls.model_fields
        )
        if "url" not in keys and "urls" not in keys and any(slips):
            return keys  # that an unknown key stands there is said
        if ("url" in keys) == ("urls" in keys):
            raise ValueError("a channel has either url or urls")
        return keys | {"storm": None} if keys.get("storm") in ("off", False) else keys


class HttpClient(Keys):
    """How requests leave."""

    proxy: Proxy | None = Field(None, description="An HTTP proxy; those of the environment are ignored.")
    ca_file: FilePath | None = Field(None, description="Certificates to trust besides the public ones.")


def _ping_url(url: SecretStr) -> SecretStr:
    if re.fullmatch(r"https?://[^/?#\s@]+(/\S*)?", url.get_secret_value()) is None:
        raise ValueError("write https://host/path")
    return url


class Ping(Keys):
    """Whom it pings while all is well."""

    url: Annotated[Secret, AfterValidator(_ping_url)] = Field(description="Asked with GET.")
    every: Annotated[Duration, seconds(1, 86_400)] = Field(60 * SECOND, description="How often.")


class Drill(Keys):
    """An event of its own that goes the whole way at an interval."""

    channel: str = Field(description="Where it goes.")
    every: Annotated[Duration, seconds(60, 7 * 86_400)] = Field(3600 * SECOND, description="How often.")
    within: Annotated[Duration, seconds(1, 86_400)] = Field(
        120 * SECOND, description="How soon the provider must have accepted it."
    )

    @model_validator(mode="after")
    def _one_at_a_time(self) -> "Drill":
        if self.within >= self.every:
            raise ValueError("within must be shorter than every")
        return self


class Settings(Keys):
    """router.yaml."""

    store: str = Field(
        "sqlite:///alert-router.db", repr=False, description="sqlite:///path or postgresql://…"
    )
    http: Http = Field(default_factory=lambda: Http.model_validate({}), description="Where it listens.")
    sources: dict[Name, Source] = Field({}, description="Where events come from.")
    channels: dict[Name, Channel] = Field({}, description="Where messages go.")
    time_intervals: dict[Name, Annotated[tuple[Interval, ...], Field(min_length=1)]] = Field(
        {}, description="Times of the week, by name."
    )
    rules: tuple[str, ...] = Field(description="Rule files; patterns, relative to this file.")
    egress: dict[Origin, Origin] = Field({}, description="Requests for the first origin go to the second.")
    http_client: HttpClient = Field(
        default_factory=lambda: HttpClient.model_validate({}), description="How requests of channels leave."
    )
    ping: Ping | None = Field(None, description="An address that hears from it while all is well.")
    drill: Drill | None = Field(None, description="An event of its own that tries the whole way.")
    retention: Annotated[Duration, seconds(1, 3650 * 86400)] = Field(
        14 * 86400 * SECOND, description="How long ended records are kept."
    )
    timezone: Zone = Field("UTC", description="For built-in texts.")
    language: Literal["en", "zh"] = Field("en", description="Of built-in texts.")

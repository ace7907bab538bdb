"""The keys of router.yaml. docs/configuration.md has a row for each."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from router.config.units import SWITCH, Duration, Name, Rate, seconds
from router.config.yaml import mapping
from router.core.delivery import SECOND


class Keys(BaseModel):
    """Nothing but the keys that stand here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Http(Keys):
    """Where the router listens."""

    listen: str = Field(
        "127.0.0.1:8080", description="host:port; any other host than loopback needs a token."
    )
    token: SecretStr | None = Field(None, description="What senders bring as Authorization: Bearer.")


class Webhook(Keys):
    """Any JSON or CloudEvents."""

    kind: Literal["webhook"]
    path: str | None = Field(None, pattern="^/", description="Another address than /v1/events/NAME.")


class Expect(Keys):
    """What a push must be about; what is not named may be any."""

    owner: str | None = Field(None, description="The account id of the topic's owner.")
    topic: str | None = None
    subscription: str | None = None


class MnsPush(Keys):
    """MNS posts here."""

    kind: Literal["mns-push"]
    path: str | None = Field(None, pattern="^/", description="Another address than /v1/events/NAME.")
    verify: Annotated[Literal["on", "off"], SWITCH] = Field(
        "on", description="off takes pushes from anybody."
    )
    certificate: str | None = Field(
        None, description="A PEM file; only pushes signed with its key are taken, and none is fetched."
    )
    expect: Expect = Field(default_factory=lambda: Expect.model_validate({}))
    max_age: Duration | None = Field(None, description="Refuse pushes whose date is further away.")


def _endpoint(text: str) -> str:
    if re.fullmatch(r"https?://[^/\s]+/?", text) is None:
        raise ValueError("write http://ACCOUNT.mns.REGION.aliyuncs.com, in lower case and without a path")
    return text


class MnsQueue(Keys):
    """Messages are fetched from an MNS queue."""

    kind: Literal["mns-queue"]
    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field(
        description="http:// or https://ACCOUNT.mns.REGION.aliyuncs.com, in lower case and without a path."
    )
    queue: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,119}$", description="The queue's name.")
    access_key_id: str
    access_key_secret: SecretStr
    security_token: SecretStr | None = Field(None, description="With temporary keys.")
    consumers: int = Field(2, ge=1, le=64, description="Receives at once.")
    wait: Annotated[Duration, seconds(0, 30)] = Field(
        5 * SECOND, description="How long a receive waits for a message, and a stop for a receive."
    )
    visibility: Annotated[Duration, seconds(1, 43200)] | None = Field(
        None, description="For how long messages are hidden again while they wait; the queue's own timeout."
    )
    max_dequeues: int = Field(10, ge=1, description="A message that was received more often is set aside.")


class File(Keys):
    """JSON lines from a file, or - for standard input."""

    kind: Literal["file"]
    path: str


Source = Annotated[Webhook | MnsQueue | MnsPush | File, Field(discriminator="kind")]


class Channel(Keys):
    """Where rules send: one or more Apprise URLs."""

    url: SecretStr | None = Field(None, description="An Apprise URL.")
    urls: tuple[SecretStr, ...] = Field((), description="Several; each is told.")
    fallback: Name | None = Field(None, description="Told when a delivery of this channel is given up.")
    rate: Rate | None = Field(None, description="At most so many messages, such as 20/min.")
    timeout: Duration = Field(12 * SECOND, description="For the whole exchange with the provider.")
    give_up_after: Duration = Field(24 * 3600 * SECOND, description="Tried again for this long.")
    max_unknown: int = Field(2, ge=1, description="Attempts that may have arrived before it is given up.")
    accept: str | None = Field(None, description="JMESPath over the JSON answer: true means accepted.")
    storm: Annotated[Literal["off"], SWITCH] = Field("off", description="off tells every group.")

    @model_validator(mode="before")
    @classmethod
    def _one_of_both(cls, value: Any) -> Any:
        keys = mapping(value)
        if keys and ("url" in keys) == bool(keys.get("urls")):
            raise ValueError("a channel has url or urls")
        return keys or value


class HttpClient(Keys):
    """How requests leave."""

    proxy: SecretStr | None = Field(None, description="An HTTP proxy; those of the environment are ignored.")
    ca_file: str | None = Field(None, description="Certificates to trust besides the public ones.")


class Settings(Keys):
    """router.yaml."""

    store: str = Field("sqlite:///alert-router.db", description="sqlite:///path or postgresql://…")
    http: Http = Field(default_factory=lambda: Http.model_validate({}))
    sources: dict[Name, Source] = Field({}, description="Where events come from.")
    channels: dict[Name, Channel] = Field({}, description="Where messages go.")
    rules: tuple[str, ...] = Field(description="Rule files; patterns, relative to this file.")
    egress: dict[str, str] = Field({}, description="Requests for the first origin go to the second.")
    http_client: HttpClient = Field(default_factory=lambda: HttpClient.model_validate({}))
    retention: Duration = Field(14 * 86400 * SECOND, description="How long ended records are kept.")
    timezone: str = Field("UTC", description="For built-in texts.")
    language: Literal["en", "zh"] = Field("en", description="Of built-in texts.")


#: Keys whose meaning comes with a later version: refused, never ignored. (way pattern, key)
NOT_YET = {
    (): {"time_intervals"},
    ("http",): {"tokens", "public_url"},
    ("sources", "*"): {"schema"},
    ("channels", "*"): {"fallback_after", "proxy", "formats"},
}

"""What the sources of a configuration are read by."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from router import telemetry
from router.config import Config
from router.core.delivery import SECOND
from router.errors import RouterError
from router.ports import Clock, HttpSource, PullSource, Request

if TYPE_CHECKING:
    from router.config.settings import MnsPush, MnsQueue
    from router.mns_sdk import Access
    from router.sources.mns_consumer import QueueSettings


Sources = tuple[dict[str, HttpSource], dict[str, PullSource]]


def sources_of(config: Config, clock: Clock, metrics: telemetry.Metrics) -> Sources:
    """Every source of the configuration: those that are posted to, by path, and those that fetch, by name."""
    posted: dict[str, HttpSource] = {}
    fetched: dict[str, PullSource] = {}
    for name, settings in config.settings.sources.items():
        match settings.kind:
            case "webhook":
                from router.sources.webhook import WebhookSource

                hook = WebhookSource(name, settings.path or f"/v1/events/{name}")
                posted[hook.path] = hook
            case "alertmanager":
                from router.config.settings import ALERTS_PATH
                from router.sources.alertmanager import AlertmanagerSource

                alerts = AlertmanagerSource(name, settings.path or f"/v1/events/{name}")
                posted[alerts.path] = posted[alerts.path + ALERTS_PATH] = alerts
            case "mns-push":
                from router.sources.mns_push import MnsPushSource

                verify = _verify(name, settings, config, clock) if settings.verify == "on" else None
                push = MnsPushSource(name, settings.path or f"/v1/events/{name}", verify)
                posted[push.path] = push
            case "mns-queue":
                from router.sources.mns_queue import MnsQueueSource

                fetched[name] = MnsQueueSource(name, queue_settings(settings), clock, metrics)
            case "file":
                from router.sources.file import FileSource

                fetched[name] = FileSource(name, settings.path, clock, metrics)
    return posted, fetched


def queue_settings(keys: "MnsQueue") -> "QueueSettings":
    """The keys of an ``mns-queue`` source in its own words."""
    from router.sources.mns_consumer import QueueSettings

    return QueueSettings(
        access=access_of(keys),
        queue=keys.queue,
        consumers=keys.consumers,
        wait=keys.wait // SECOND,
        visibility=keys.visibility // SECOND if keys.visibility else None,
        max_dequeues=keys.max_dequeues,
    )


def access_of(keys: "MnsQueue") -> "Access":
    """Where a queue is, and who we are there."""
    from router.mns_sdk import Access

    return Access(
        keys.endpoint,
        keys.access_key_id,
        keys.access_key_secret.get_secret_value(),
        keys.security_token.get_secret_value() if keys.security_token else "",
    )


def _verify(
    name: str, keys: "MnsPush", config: Config, clock: Clock
) -> "Callable[[Request], Awaitable[None]]":
    """What refuses pushes that are not from MNS. Only here is ``cryptography`` imported."""
    from router.sources.mns_certificate import Certificates
    from router.sources.mns_signature import Pinned, Verifier, public_key

    expect = keys.expect.model_dump(exclude_none=True)
    if keys.certificate is None:
        client = config.settings.http_client
        proxy = client.proxy.get_secret_value() if client.proxy else ""
        certificates = Certificates(clock, config.settings.egress, proxy, client.ca_file or "")
        return Verifier(certificates, expect, keys.max_age).verify
    file = Path(keys.certificate)
    try:
        pinned = Pinned(public_key(file.read_bytes()))
    except (OSError, ValueError) as error:
        said = f"sources.{name}.certificate: {file}: {error}"
        raise RouterError("config", said, "Name the PEM file of a certificate with an RSA key") from error
    return Verifier(pinned, expect, keys.max_age).verify

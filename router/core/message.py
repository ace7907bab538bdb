"""A rendered message: what one channel kind is given to send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from router.core.json_text import write_text


@dataclass(frozen=True, slots=True)
class Message:
    """Ready for a provider: escaped for its kind and fitted to its limit.

    Args:
        title: one line; empty where the kind has no title (SMS).
        body: in the kind's own markup: mrkdwn, Markdown, plain text.
        html: the HTML part, for e-mail.
        data: the whole notification as JSON for webhooks and for providers that fill a template of their own;
            for other kinds its ``reason`` and its ``rule``.
        severity: for colours and icons.
        faults: templates that failed and were replaced by the built-in text, in words.
        links: words and URL of each button, for kinds whose links are no part of the text.
    """

    title: str
    body: str
    html: str = ""
    severity: str = "warning"
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    faults: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> str:
        """As it stands in a delivery's ``content``."""
        return write_text(
            {
                "title": self.title,
                "body": self.body,
                "html": self.html,
                "severity": self.severity,
                "data": self.data,
                "faults": self.faults,
                "links": self.links,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Message":
        """The reverse of :meth:`to_json`."""
        fields: dict[str, Any] = orjson.loads(text)
        fields["faults"] = tuple(fields["faults"])
        fields["links"] = tuple((words, url) for words, url in fields.get("links", ()))
        return cls(**fields)

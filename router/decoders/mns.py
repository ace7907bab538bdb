"""What MNS puts around a published message: nothing (SIMPLIFIED), a JSON object, or an XML document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError

from router.core.event import is_plain_id

#: A notification has a dozen fields, one below another; more is somebody's bomb.
_MOST_DEPTH = 8
_MOST_ELEMENTS = 200


@dataclass(frozen=True, slots=True)
class MnsMessage:
    """A message taken out of its envelope.

    Args:
        body: the published text; JSON, or base64 of it.
        id: the MessageId, or empty.
        published: the PublishTime as it came (epoch milliseconds, number or text), or None.
    """

    body: str
    id: str = ""
    published: Any = None


def from_json(data: Mapping[str, Any]) -> MnsMessage | None:
    """The message in a JSON envelope; None when the object is no envelope."""
    body = data.get("Message")
    is_envelope = isinstance(data.get("TopicName"), str) or isinstance(data.get("TopicOwner"), str)
    return _message(data) if isinstance(body, str) and is_envelope else None


def from_xml(text: bytes) -> MnsMessage | None:
    """The message in an XML envelope; None when the text is none."""
    if not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return None
    fields = _read(text)
    return None if isinstance(fields, str) or "Message" not in fields else _message(fields)


def why_not_xml(text: bytes) -> str:
    """What keeps an XML text from being an envelope, in words."""
    fields = _read(text)
    return fields if isinstance(fields, str) else "the XML has no Message"


def _message(fields: Mapping[str, Any]) -> MnsMessage:
    found = fields.get("MessageId")
    message_id = found.strip() if isinstance(found, str) else ""
    return MnsMessage(fields["Message"], message_id, fields.get("PublishTime"))


class _Fields:
    """Collects the texts of the root's children by local name, whatever the namespace; builds no tree."""

    def __init__(self) -> None:
        self.root = ""
        self.fields: dict[str, str] = {}
        self._depth = 0
        self._elements = 0
        self._texts: list[str] = []

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            raise ValueError(f"it has more than {_MOST_ELEMENTS} elements")
        if self._depth > _MOST_DEPTH:
            raise ValueError(f"it nests deeper than {_MOST_DEPTH} levels")
        if self._depth == 1:
            self.root = tag.rpartition("}")[2]
        elif self._depth == 2:
            self._texts = []

    def data(self, text: str) -> None:
        if self._depth == 2:
            self._texts.append(text)

    def end(self, tag: str) -> None:
        if self._depth == 2:
            self.fields[tag.rpartition("}")[2]] = "".join(self._texts)
        self._depth -= 1

    def close(self) -> "_Fields":
        return self


def _read(text: bytes) -> dict[str, str] | str:
    """The fields of a ``Notification``, or what is wrong, in words."""
    from defusedxml.common import DefusedXmlException  # only MNS in XML form needs a parser
    from defusedxml.ElementTree import DefusedXMLParser

    parser: Any = DefusedXMLParser(target=_Fields(), forbid_dtd=True)
    try:
        parser.feed(text.strip())
        found: _Fields = parser.close()
    except DefusedXmlException:
        return "XML with a document type is refused"
    except (ParseError, ValueError, LookupError) as error:
        return f"the XML is broken: {error}"
    if found.root != "Notification":
        shown = found.root if is_plain_id(found.root) else "another"
        return f"the XML's root is {shown}, not Notification"
    return found.fields

"""The protocol's XML: requests taken apart, answers put together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from router.mns.messages import Message, Properties, Property
from router.mns.refusal import RefusedError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE = "http://mns.aliyuncs.com/doc/v1/"
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'

#: An element: its name, and its text or the elements in it.
Part = tuple[str, "str | Sequence[Part]"]


# requests


def parse(body: bytes, root_name: str) -> "Element":
    """The root element of a request.

    Raises:
        RefusedError: ``MalformedXML`` for anything that is not such a document, or has entities.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise RefusedError("MalformedXML", "the body is not well-formed XML") from error
    if local_name(root) != root_name:
        raise RefusedError("MalformedXML", f"the body's root is not {root_name}")
    return root


def local_name(element: "Element") -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def texts(element: "Element") -> dict[str, str]:
    """The texts of an element's children by their name."""
    return {local_name(child): child.text or "" for child in element}


def properties(element: "Element") -> Properties:
    """What a sent message carries beside its body."""
    lists = {local_name(child): child for child in element}
    return Properties(
        texts(element).get("MessageGroupId", ""),
        tuple(_properties(lists.get("UserProperties"))),
        tuple(_properties(lists.get("SystemProperties"))),
    )


def _properties(element: "Element | None") -> Iterable[Property]:
    for child in element if element is not None else ():
        values = texts(child)
        yield Property(values.get("Name", ""), values.get("Value", ""), values.get("Type", ""))


# answers


def document(name: str, parts: Sequence[Part]) -> bytes:
    """An answer with this root."""
    return f'{_HEAD}<{name} xmlns="{NAMESPACE}">{_inside(parts)}</{name}>'.encode()


def _inside(parts: Sequence[Part]) -> str:
    return "".join(
        f"<{name}>{_text(value) if isinstance(value, str) else _inside(value)}</{name}>"
        for name, value in parts
    )


def _text(text: str) -> str:
    """Escaped; a carriage return would be read as a line feed if it stood there as it is."""
    return escape(text, {"\r": "&#13;"})


def received(message: Message) -> list[Part]:
    """A message in the answer to a receive."""
    return [
        *peeked(message),
        ("ReceiptHandle", message.handle),
        ("NextVisibleTime", str(message.visible_at // 1000)),
    ]


def peeked(message: Message) -> list[Part]:
    """A message in the answer to a peek."""
    first = message.enqueued_at if message.first_received_at is None else message.first_received_at
    parts: list[Part] = [
        ("MessageId", message.id),
        ("MessageBodyMD5", message.body_md5),
        ("MessageBody", message.body),
        ("EnqueueTime", str(message.enqueued_at // 1000)),
        ("FirstDequeueTime", str(first // 1000)),
        ("DequeueCount", str(message.dequeue_count)),
        ("Priority", str(message.priority)),
    ]
    carried = message.properties
    if carried.group_id:
        parts.append(("MessageGroupId", carried.group_id))
    if carried.user:
        parts.append(("UserProperties", [_property("PropertyValue", one) for one in carried.user]))
    if carried.system:
        parts.append(("SystemProperties", [_property("SystemPropertyValue", one) for one in carried.system]))
    return parts


def _property(name: str, one: Property) -> Part:
    return name, [("Name", one.name), ("Value", one.value), ("Type", one.type)]


def error(code: str, message: str, request_id: str, host: str) -> bytes:
    """The body of a refusal: always these four."""
    return document(
        "Error", [("Code", code), ("Message", message), ("RequestId", request_id), ("HostId", host)]
    )


def listing(kind: str, items: Sequence[Mapping[str, str]], marker: str) -> bytes:
    """A page of ``Queue``, ``Topic`` or ``Subscription``; ``NextMarker`` only when more remain."""
    parts: list[Part] = [(kind, list(item.items())) for item in items]
    if marker:
        parts.append(("NextMarker", marker))
    return document(f"{kind}s", parts)

"""A report of tests in JUnit's XML, as GitHub, GitLab and Jenkins read it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

#: XML 1.0 has no way to write them.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Result:
    """One test. ``failed`` says why it failed, or is empty."""

    rule: str
    name: str
    seconds: float
    failed: str = ""


def report(suites: Mapping[str, Sequence[Result]]) -> bytes:
    """The file's content."""
    whole = Element("testsuites")
    for name, results in suites.items():
        failed = sum(bool(one.failed) for one in results)
        took = f"{sum(one.seconds for one in results):.3f}"
        keys = {"name": _text(name), "tests": str(len(results)), "failures": str(failed), "time": took}
        suite = SubElement(whole, "testsuite", keys)
        for one in results:
            named = {"classname": _text(one.rule), "name": _text(one.name), "time": f"{one.seconds:.3f}"}
            case = SubElement(suite, "testcase", named)
            if one.failed:
                said = _text(one.failed)
                SubElement(case, "failure", {"message": said.partition("\n")[0]}).text = said
    return tostring(whole, encoding="utf-8", xml_declaration=True)


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)

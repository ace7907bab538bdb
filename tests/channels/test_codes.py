"""The providers' own codes, as each documents them."""

import orjson
import pytest

from router.channels.providers import PROVIDERS
from router.channels.verdicts import Judge
from router.core.delivery import SECOND, Outcome, Verdict
from tests.channels.making import NOW
from tests.channels.test_verdicts import answered

ACCEPTED, REFUSED, THROTTLED = Outcome.ACCEPTED, Outcome.REFUSED, Outcome.THROTTLED
UNREACHABLE, UNKNOWN = Outcome.UNREACHABLE, Outcome.UNKNOWN


def verdict(provider: str, status: int, body: object) -> Verdict:
    text = body.encode() if isinstance(body, str) else orjson.dumps(body)
    return Judge(PROVIDERS[provider].rule, single=True).verdict([answered(status, text)], True, NOW)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "broken"),
    [
        (201, {"sid": "SM1", "status": "queued", "error_code": None}, ACCEPTED, False),
        (201, {"sid": "SM1", "status": "failed", "error_code": 30001}, THROTTLED, False),
        (201, {"sid": "SM1", "status": "undelivered", "error_code": 30007}, REFUSED, False),
        (201, {"sid": "SM1", "status": "failed", "error_code": "30002"}, REFUSED, True),
        (201, {}, UNKNOWN, False),
        (400, {"code": 21211, "message": "Invalid 'To' Phone Number"}, REFUSED, True),
        (400, {"code": 21617, "message": "The message body exceeds the limit"}, REFUSED, False),
        (400, {"code": 21611, "message": "exceeded the maximum number of queued messages"}, THROTTLED, False),
        (401, {"code": 20003, "message": "Authenticate"}, REFUSED, True),
        (429, {"code": 20429, "message": "Too Many Requests"}, THROTTLED, False),
        (500, {"code": 20500, "message": "Internal Server Error"}, UNREACHABLE, False),
        (500, {"code": True}, UNREACHABLE, False),
    ],
)
def test_twilio(status: int, body: object, outcome: Outcome, broken: bool) -> None:
    """What will never do for this number or account breaks the channel; a full queue is waited for."""
    said = verdict("twilio", status, body)
    assert (said.outcome, said.broken) == (outcome, broken)


@pytest.mark.parametrize(
    ("states", "outcome", "broken"),
    [
        (["0"], ACCEPTED, False),
        (["0", "0", "0"], ACCEPTED, False),
        (["0", "1"], UNKNOWN, False),
        (["1", "1"], THROTTLED, False),
        (["5"], UNREACHABLE, False),
        (["4"], REFUSED, True),
        (["7"], REFUSED, True),
        (["12"], REFUSED, False),
        (["12", "99"], REFUSED, False),
        ([], UNKNOWN, False),
        ([None], UNKNOWN, False),
    ],
)
def test_vonage(states: list[str | None], outcome: Outcome, broken: bool) -> None:
    """All segments were taken, or none; where only some were, the message may have arrived."""
    said = verdict("vonage", 200, {"messages": [{"status": state} for state in states]})
    assert (said.outcome, said.broken) == (outcome, broken)


@pytest.mark.parametrize(
    ("status", "code", "outcome", "broken"),
    [
        (400, "Throttling", THROTTLED, False),
        (429, "Throttled", THROTTLED, False),
        (400, "OptedOut", REFUSED, True),
        (400, "InvalidParameter", REFUSED, False),
        (403, "AuthorizationError", REFUSED, True),
        (403, "SignatureDoesNotMatch", REFUSED, True),
        (400, "RequestExpired", UNREACHABLE, False),
        (500, "InternalError", UNREACHABLE, False),
    ],
)
def test_sns(status: int, code: str, outcome: Outcome, broken: bool) -> None:
    """SNS says "too fast" with status 400: the code in its XML decides."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>a &amp; b</Message></Error></ErrorResponse>"
    said = verdict("sns", status, body)
    assert (said.outcome, said.broken) == (outcome, broken)
    assert f"{code}: a & b" in said.answer


@pytest.mark.parametrize(
    "body", ["<CreateTopicResponse/>", "<PublishResponse/>", "", "<MessageId>1</MessageId>"]
)
def test_sns_without_a_message_id(body: str) -> None:
    """A 2xx that is not the answer to a message is no acceptance."""
    assert verdict("sns", 200, body).outcome is UNKNOWN


@pytest.mark.parametrize("provider", ["aliyunsms", "aliyunvoice"])
@pytest.mark.parametrize(
    ("status", "code", "outcome", "broken"),
    [
        (200, "OK", ACCEPTED, False),
        (200, "isv.BUSINESS_LIMIT_CONTROL", THROTTLED, False),
        (400, "InvalidTimeStamp.Expired", UNREACHABLE, False),
        (400, "IllegalTimestamp", UNREACHABLE, False),
        (400, "SignatureNonceUsed", UNKNOWN, False),
        (200, "isv.DAY_LIMIT_CONTROL", THROTTLED, False),
        (200, "isp.SYSTEM_ERROR", UNREACHABLE, False),
        (200, "isv.AMOUNT_NOT_ENOUGH", REFUSED, True),
        (200, "isv.SMS_SIGN_ILLEGAL", REFUSED, True),
        (200, "isv.PARAM_LENGTH_LIMIT", REFUSED, False),
        (400, "Throttling.User", THROTTLED, False),
        (400, "Throttling", THROTTLED, False),
        (400, "SignatureDoesNotMatch", REFUSED, True),
        (400, "MissingPhoneNumbers", REFUSED, False),
        (404, "InvalidAccessKeyId.NotFound", REFUSED, True),
        (403, "Forbidden.RAM", REFUSED, True),
        (503, "ServiceUnavailable", UNREACHABLE, False),
        (500, "OK", UNREACHABLE, False),
        (200, None, UNKNOWN, False),
        (200, 7, UNKNOWN, False),
    ],
)
def test_aliyun(provider: str, status: int, code: object, outcome: Outcome, broken: bool) -> None:
    """The code decides, also with status 200: a limit is waited for, a wrong account or template is not."""
    said = verdict(provider, status, {"Code": code, "Message": "why", "RequestId": "1"})
    assert (said.outcome, said.broken) == (outcome, broken)


@pytest.mark.parametrize(
    ("provider", "status", "body", "outcome", "broken"),
    [
        ("feishu", 400, {"code": 99991400, "msg": "request trigger frequency limit"}, THROTTLED, False),
        ("lark", 400, {"code": 11232, "msg": "frequency limited"}, THROTTLED, False),
        ("feishu", 400, {"code": 9499, "msg": "too many request"}, THROTTLED, False),
        ("feishu", 400, {"code": 9499, "msg": "Bad Request"}, REFUSED, False),
        (
            "feishu",
            400,
            {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"},
            REFUSED,
            True,
        ),
        ("feishu", 500, {"code": 2200, "msg": "internal error"}, UNREACHABLE, False),
        ("feishu", 500, {"code": 0}, UNREACHABLE, False),
        ("feishu", 429, "", THROTTLED, False),
        ("dingtalk", 400, {"errcode": 130101, "errmsg": "send too fast"}, THROTTLED, False),
        ("wecombot", 400, {"errcode": 45009, "errmsg": "api freq out of limit"}, THROTTLED, False),
        ("dingtalk", 400, {"errcode": 0}, REFUSED, False),
    ],
)
def test_a_code_counts_with_a_status_of_refusal(
    provider: str, status: int, body: object, outcome: Outcome, broken: bool
) -> None:
    """Feishu's gateway says "too fast" with status 400: the message is kept for later, as with 200."""
    said = verdict(provider, status, body)
    assert (said.outcome, said.broken) == (outcome, broken)


@pytest.mark.parametrize("status", [200, 400, 429])
@pytest.mark.parametrize(("reset", "wait"), [("7", 7), ("soon", None), ("", None)])
def test_feishu_says_when_to_come_back(status: int, reset: str, wait: int | None) -> None:
    """Its header counts the seconds until it takes more."""
    limited = answered(status, b'{"code": 99991400}', {"x-ogw-ratelimit-reset": reset})
    said = Judge(PROVIDERS["feishu"].rule, single=True).verdict([limited], True, NOW)
    assert said.outcome is THROTTLED
    assert said.retry_at == (None if wait is None else NOW + wait * SECOND)

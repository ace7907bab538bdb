"""The main services: a URL of each, its origin, and what it answers, as documented by each."""

from dataclasses import dataclass

from tests.channels.servers import Behaviour, answer


@dataclass(frozen=True)
class Service:
    """One service as the contract knows it.

    Args:
        origin: where its requests go; egress takes them to the stand-in.
        refused: an answer with the service's own code or words for a refusal.
        words: a part of them.
        reads: a status 2xx alone is no acceptance.
        throttled: an answer with its own code for "too fast", if its status does not say so.
    """

    name: str
    url: str
    origin: str
    accepted: Behaviour
    refused: Behaviour
    words: str
    reads: bool = False
    broken: bool = False
    throttled: Behaviour | None = None


_SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
_ALIYUN = f"LTAI{'k' * 20}:{'s' * 30}"
_TWILIO = f"twilio://AC{'a' * 32}:{'b' * 32}@15551234567/15551234568"
_SNS_TAKEN = """<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>
<MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId></PublishResult></PublishResponse>"""
_SNS_ERROR = """<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>
<Code>{}</Code><Message>{}</Message></Error><RequestId>1</RequestId></ErrorResponse>"""
_DISCORD = f"discord://{'1' * 18}/{'b' * 68}"

SERVICES = [
    Service(
        "json",
        "jsons://hooks.example.com/alerts",
        "https://hooks.example.com",
        answer(200),
        answer(422, {"message": "unknown job"}),
        "422 Unprocessable Entity: unknown job",
    ),
    Service(
        "slack",
        _SLACK,
        "https://hooks.slack.com",
        answer(200, "ok"),
        answer(404, "no_service"),
        "404 Not Found: no_service",
        reads=True,
        broken=True,
    ),
    Service(
        "slack-bot",
        "slack://xoxb-1234-1234-abc124/#general",
        "https://slack.com",
        answer(200, {"ok": True, "ts": "1.2"}),
        answer(200, {"ok": False, "error": "channel_not_found"}),
        "channel_not_found",
        reads=True,
        broken=True,
        throttled=answer(200, {"ok": False, "error": "ratelimited"}),
    ),
    Service(
        "dingtalk",
        f"dingtalk://{'a' * 64}",
        "https://oapi.dingtalk.com",
        answer(200, {"errcode": 0, "errmsg": "ok"}),
        answer(200, {"errcode": 310000, "errmsg": "sign not match"}),
        "310000: sign not match",
        reads=True,
        broken=True,
        throttled=answer(200, {"errcode": 130101, "errmsg": "send too fast"}),
    ),
    Service(
        "feishu",
        f"feishu://{'a' * 36}",
        "https://open.feishu.cn",
        answer(200, {"code": 0, "msg": "success", "data": {}}),
        answer(200, {"code": 19024, "msg": "Key Words Not Found"}),
        "19024: Key Words Not Found",
        reads=True,
        broken=True,
        throttled=answer(200, {"code": 11232, "msg": "frequency limited"}),
    ),
    Service(
        "lark",
        f"lark://{'a' * 36}",
        "https://open.larksuite.com",
        answer(200, {"StatusCode": 0, "StatusMessage": "success"}),
        answer(200, {"code": 9499, "msg": "Bad Request"}),
        "9499: Bad Request",
        reads=True,
        throttled=answer(200, {"code": 9499, "msg": "too many request"}),
    ),
    Service(
        "wecombot",
        f"wecombot://{'a' * 36}",
        "https://qyapi.weixin.qq.com",
        answer(200, {"errcode": 0, "errmsg": "ok"}),
        answer(200, {"errcode": 93000, "errmsg": "invalid webhook url"}),
        "93000: invalid webhook url",
        reads=True,
        broken=True,
        throttled=answer(200, {"errcode": 45009, "errmsg": "api freq out of limit"}),
    ),
    Service(
        "dingtalk-text",
        f"dingtalk://{'a' * 64}?format=text",
        "https://oapi.dingtalk.com",
        answer(200, {"errcode": 0, "errmsg": "ok"}),
        answer(200, {"errcode": 310000, "errmsg": "sign not match"}),
        "310000: sign not match",
        reads=True,
        broken=True,
        throttled=answer(200, {"errcode": 130101, "errmsg": "send too fast"}),
    ),
    Service(
        "dingtalk-card",
        f"dingtalk://{'a' * 64}?format=card",
        "https://oapi.dingtalk.com",
        answer(200, {"errcode": 0, "errmsg": "ok"}),
        answer(200, {"errcode": 310000, "errmsg": "sign not match"}),
        "310000: sign not match",
        reads=True,
        broken=True,
        throttled=answer(200, {"errcode": 130101, "errmsg": "send too fast"}),
    ),
    Service(
        "feishu-card",
        f"feishu://{'a' * 36}?format=card",
        "https://open.feishu.cn",
        answer(200, {"code": 0, "msg": "success"}),
        answer(200, {"code": 19024, "msg": "Key Words Not Found"}),
        "19024: Key Words Not Found",
        reads=True,
        broken=True,
        throttled=answer(200, {"code": 11232, "msg": "frequency limited"}),
    ),
    Service(
        "wecombot-text",
        f"wecombot://{'a' * 36}?format=text",
        "https://qyapi.weixin.qq.com",
        answer(200, {"errcode": 0, "errmsg": "ok"}),
        answer(200, {"errcode": 93000, "errmsg": "invalid webhook url"}),
        "93000: invalid webhook url",
        reads=True,
        broken=True,
        throttled=answer(200, {"errcode": 45009, "errmsg": "api freq out of limit"}),
    ),
    Service(
        "aliyunsms",
        f"aliyunsms://{_ALIYUN}@%E9%98%BF%E9%87%8C%E4%BA%91/SMS_154950909/13800001111?:title=title",
        "https://dysmsapi.aliyuncs.com",
        answer(200, {"Code": "OK", "Message": "OK", "BizId": "9006197469364984400", "RequestId": "1"}),
        answer(200, {"Code": "isv.SMS_SIGNATURE_ILLEGAL", "Message": "签名不合法"}),
        "isv.SMS_SIGNATURE_ILLEGAL: 签名不合法",
        reads=True,
        broken=True,
        throttled=answer(200, {"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发天级流控Permits:40"}),
    ),
    Service(
        "aliyunvoice",
        f"aliyunvoice://{_ALIYUN}@TTS_10001/13800001111?:title=title",
        "https://dyvmsapi.aliyuncs.com",
        answer(200, {"Code": "OK", "Message": "OK", "CallId": "116012354148^1", "RequestId": "1"}),
        answer(200, {"Code": "isv.TTS_TEMPLATE_ILLEGAL", "Message": "TTS template is illegal"}),
        "isv.TTS_TEMPLATE_ILLEGAL: TTS template is illegal",
        reads=True,
        throttled=answer(400, {"Code": "Throttling.User", "Message": "Request was denied"}),
    ),
    Service(
        "twilio",
        _TWILIO,
        "https://api.twilio.com",
        answer(201, {"sid": "SM1", "status": "queued"}),
        answer(400, {"code": 21610, "message": "Attempt to send to unsubscribed recipient"}),
        "21610: Attempt to send to unsubscribed recipient",
        reads=True,
        broken=True,
        throttled=answer(400, {"code": 21611, "message": "This number has exceeded its queue"}),
    ),
    Service(
        "twilio-call",
        f"{_TWILIO}?method=call",
        "https://api.twilio.com",
        answer(201, {"sid": "CA1", "status": "queued"}),
        answer(400, {"code": 21205, "message": "Url is not a valid URL"}),
        "21205: Url is not a valid URL",
        reads=True,
    ),
    Service(
        "vonage",
        f"vonage://{'a' * 8}:{'b' * 16}@15551234567/15551234568",
        "https://rest.nexmo.com",
        answer(200, {"message-count": "1", "messages": [{"status": "0"}]}),
        answer(200, {"messages": [{"status": "6", "error-text": "Invalid message"}]}),
        "Invalid message",
        reads=True,
        throttled=answer(200, {"messages": [{"status": "1", "error-text": "Throttled"}]}),
    ),
    Service(
        "sns",
        "sns://AKIAEXAMPLE/wJalrXUtnFEMI/us-west-2/15551234568",
        "https://sns.us-west-2.amazonaws.com",
        answer(200, _SNS_TAKEN),
        answer(400, _SNS_ERROR.format("InvalidParameter", "Invalid parameter: PhoneNumber")),
        "InvalidParameter: Invalid parameter: PhoneNumber",
        reads=True,
        throttled=answer(400, _SNS_ERROR.format("Throttling", "Rate exceeded")),
    ),
    Service(
        "telegram",
        "tgram://123456789:abcdefg_hijklmnop/12315544",
        "https://api.telegram.org",
        answer(200, {"ok": True, "result": {}}),
        answer(
            403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
        ),
        "bot was blocked by the user",
        reads=True,
        broken=True,
    ),
    Service(
        "discord",
        _DISCORD,
        "https://discord.com",
        answer(200, {"id": "1"}),
        answer(404, {"message": "Unknown Webhook", "code": 10015}),
        "10015: Unknown Webhook",
        reads=True,
        broken=True,
    ),
    Service(
        "pagerduty",
        f"pagerduty://{'c' * 32}@{'d' * 20}",
        "https://events.pagerduty.com",
        answer(202, {"status": "success", "dedup_key": "g-1"}),
        answer(400, {"status": "invalid event", "message": "Event object is invalid"}),
        "Event object is invalid",
        reads=True,
    ),
    Service(
        "opsgenie",
        f"opsgenie://{'g' * 36}",
        "https://api.opsgenie.com",
        answer(202, {"result": "Request will be processed", "took": 0.302, "requestId": "43a29c5c"}),
        answer(422, {"message": "Request body is not processable.", "errors": {"message": "missing"}}),
        "Request body is not processable.",
        reads=True,
    ),
    Service(
        "jira",
        f"jira://{'g' * 36}",
        "https://api.atlassian.com",
        answer(202, {"result": "Request will be processed", "took": 0.302, "requestId": "43a29c5c"}),
        answer(422, {"message": "Request body is not processable.", "errors": {"message": "missing"}}),
        "Request body is not processable.",
        reads=True,
    ),
    Service(
        "workflows",
        f"workflows://wf.example.com:443/{'e' * 32}/{'f' * 43}",
        "https://wf.example.com",
        answer(202),
        answer(401, {"error": {"code": "DirectApiAuthorizationRequired", "message": "No signature"}}),
        "DirectApiAuthorizationRequired: No signature",
        broken=True,
    ),
    Service(
        "ntfy",
        "ntfys://ntfy.example.com/some-topic",
        "https://ntfy.example.com",
        answer(200, {"id": "1", "event": "message"}),
        answer(403, {"code": 40301, "http": 403, "error": "forbidden"}),
        "40301: forbidden",
        broken=True,
    ),
]

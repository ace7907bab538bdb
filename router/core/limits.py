"""How much a provider takes: the default of a channel's ``rate``."""

from router.core.delivery import SECOND
from router.core.text.kinds import kind_of

Rate = tuple[int, int]

#: Messages in microseconds, by URL schema, as the providers document them for one address.
_RATES: dict[str, Rate] = {
    "slack": (1, SECOND),  # https://docs.slack.dev/apis/web-api/rate-limits
    "dingtalk": (20, 60 * SECOND),  # https://open.dingtalk.com/document/robots/custom-robot-access
    "wecombot": (20, 60 * SECOND),  # https://developer.work.weixin.qq.com/document/path/91770
    # 5 a second and 100 a minute: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    "feishu": (8, 5 * SECOND),
    "lark": (8, 5 * SECOND),
    "aliyunvoice": (1, 60 * SECOND),  # https://help.aliyun.com/document_detail/114036.htm: for a number
    "aliyunsms": (5, 900 * SECOND),  # of one template 50 a day reach a number
    "tgram": (20, 60 * SECOND),  # https://core.telegram.org/bots/faq: for a group
    "discord": (5, 2 * SECOND),  # https://discord.com/developers/docs/topics/rate-limits
    "pagerduty": (120, 60 * SECOND),  # https://developer.pagerduty.com/docs/events-api-v2-overview
}
#: By kind, where a provider names none: what a person can read, and what keeps a sender off black lists.
_OF_KIND: dict[str, Rate | None] = {
    "sms": (5, 900 * SECOND),
    "email": (10, 300 * SECOND),
    "webhook": None,
    "opsgenie": None,
}
#: Of services of which nothing is known.
_ANY: Rate = (20, 10 * SECOND)


def rate_of(schema: str) -> Rate | None:
    """What the provider of URLs with this schema takes for one address; None is without a limit."""
    schema = schema.lower()
    return _RATES.get(schema) or _OF_KIND.get(kind_of(schema), _ANY)

"""How much a provider takes: the default of a channel's ``rate``."""

from router.channels.plugins import schema_of
from router.core.delivery import SECOND

#: Messages in microseconds, by schema, as the providers document them for one address.
_RATES: dict[str, tuple[int, int]] = {
    "slack": (1, SECOND),  # https://docs.slack.dev/apis/web-api/rate-limits
    "dingtalk": (20, 60 * SECOND),  # https://open.dingtalk.com/document/robots/custom-robot-access
    "wecombot": (20, 60 * SECOND),  # https://developer.work.weixin.qq.com/document/path/91770
    "feishu": (100, 60 * SECOND),  # https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    "lark": (100, 60 * SECOND),
    "aliyunvoice": (1, 60 * SECOND),  # https://help.aliyun.com/document_detail/114036.htm: for a number
    "tgram": (20, 60 * SECOND),  # https://core.telegram.org/bots/faq: for a group
    "discord": (5, 2 * SECOND),  # https://discord.com/developers/docs/topics/rate-limits
}


def rate_of_url(url: str) -> tuple[int, int] | None:
    """The provider's own limit for the address of a URL: so many messages in so many microseconds, or None.

    Raises:
        RouterError: ``bad-channel``: no service of Apprise has such URLs.
    """
    return _RATES.get(schema_of(url))

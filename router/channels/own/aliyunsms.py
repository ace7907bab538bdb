"""``aliyunsms://KEY_ID:KEY_SECRET@SIGN_NAME/TEMPLATE_CODE/NUMBER?:variable=field``."""

from typing import Any

from router.channels.own.aliyun import Aliyun, parts_of


class NotifyAliyunSMS(Aliyun):
    """A short message by a template that Aliyun has approved."""

    service_name = "Aliyun SMS"
    secure_protocol = "aliyunsms"
    templates = (
        "{schema}://{key_id}:{key_secret}@{sign_name}/{template_code}/{numbers}?:{variable}={field}",
    )

    def __init__(self, sign: str, template: str, **parts: Any) -> None:
        super().__init__(**parts)
        if not (sign and template):
            raise TypeError("no signature or no template")
        self.sign, self.template = sign, template

    @property
    def open_parts(self) -> list[str]:
        """The names that Aliyun's words are about."""
        return [self.sign, self.template, *super().open_parts]

    def url(self, *_args: object, **_options: object) -> str:
        """The URL, with its secrets."""
        return self.written([self.sign, self.template])

    @staticmethod
    def parse_url(url: str) -> dict[str, Any]:
        """What the plugin is made from."""
        found = parts_of(url)
        template, *targets = found["targets"] or [""]
        return {**found, "sign": found["host"], "template": template, "targets": targets}

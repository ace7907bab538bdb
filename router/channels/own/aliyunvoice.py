"""``aliyunvoice://KEY_ID:KEY_SECRET@TTS_CODE/NUMBER?:variable=field``, ``&from=`` the number that calls."""

from typing import Any

from router.channels.own.aliyun import Aliyun, digits, parts_of


class NotifyAliyunVoice(Aliyun):
    """A call in which a voice reads a template that Aliyun has approved."""

    service_name = "Aliyun voice"
    secure_protocol = "aliyunvoice"
    templates = ("{schema}://{key_id}:{key_secret}@{tts_code}/{numbers}?:{variable}={field}&from={number}",)

    def __init__(self, template: str, source: str, **parts: Any) -> None:
        super().__init__(**parts)
        if not template:
            raise TypeError("no template")
        self.template = template
        self.source = digits(source) if source else ""

    @property
    def open_parts(self) -> list[str]:
        """The names that Aliyun's words are about."""
        return [self.template, *super().open_parts]

    def url(self, *_args: object, **_options: object) -> str:
        """The URL, with its secrets."""
        return self.written([self.template], **({"from": self.source} if self.source else {}))

    @staticmethod
    def parse_url(url: str) -> dict[str, Any]:
        """What the plugin is made from."""
        found = parts_of(url)
        return {**found, "template": found["host"], "source": found["qsd"].get("from", "")}

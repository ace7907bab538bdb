class SubscriptionMeta:
    endpoint: str
    filter_tag: str
    notify_strategy: str
    notify_content_format: str
    topic_owner: str
    topic_name: str
    subscription_name: str
    create_time: int
    last_modify_time: int
    def __init__(
        self,
        endpoint: str = "",
        notify_strategy: str = "",
        notify_content_format: str = "",
        filter_tag: str = "",
    ) -> None: ...

class Subscription:
    def subscribe(self, subscription_meta: SubscriptionMeta) -> str: ...
    def get_attributes(self) -> SubscriptionMeta: ...
    def set_attributes(self, subscription_meta: SubscriptionMeta) -> None: ...
    def unsubscribe(self) -> None: ...

from mns.mns_client import MNSClient
from mns.queue import Queue
from mns.subscription import Subscription
from mns.topic import Topic

class Account:
    mns_client: MNSClient
    def __init__(
        self,
        host: str,
        access_id: str = "",
        access_key: str = "",
        security_token: str = "",
        debug: bool = False,
    ) -> None: ...
    def get_client(self) -> MNSClient: ...
    def get_queue(self, queue_name: str) -> Queue: ...
    def get_topic(self, topic_name: str) -> Topic: ...
    def get_subscription(self, topic_name: str, subscription_name: str) -> Subscription: ...
    def list_queue(
        self, prefix: str = "", ret_number: int = -1, marker: str = ""
    ) -> tuple[list[str], str]: ...
    def list_topic(
        self, prefix: str = "", ret_number: int = -1, marker: str = ""
    ) -> tuple[list[str], str]: ...

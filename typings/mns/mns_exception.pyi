class MNSExceptionBase(Exception):
    type: str
    message: str
    req_id: str | None

class MNSServerException(MNSExceptionBase):
    request_id: str
    host_id: str
    sub_errors: list[dict[str, str]] | None

class MNSClientException(MNSExceptionBase): ...
class MNSClientNetworkException(MNSClientException): ...
class MNSClientParameterException(MNSClientException): ...

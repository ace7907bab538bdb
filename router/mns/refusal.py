"""What MNS says when it refuses: documented codes, each with its HTTP status."""

STATUS: dict[str, int] = {
    "InvalidArgument": 400,
    "InvalidAuthorizationHeader": 400,
    "InvalidDateHeader": 400,
    "InvalidDegist": 400,  # the documentation's spelling
    "InvalidQueryString": 400,
    "InvalidQueueName": 400,
    "InvalidRequestURL": 400,
    "EndpointInvalid": 400,
    "MalformedXML": 400,
    "MissingAuthorizationHeader": 400,
    "MissingDateHeader": 400,
    "MissingReceiptHandle": 400,
    "MissingVersionHeader": 400,
    "MissingVisibilityTimeout": 400,
    "QueueNameLengthError": 400,
    "ReceiptHandleError": 400,
    "SubscriptionNameInvalid": 400,
    "SubscriptionNameLengthError": 400,
    "TopicNameInvalid": 400,
    "TopicNameLengthError": 400,
    "AccessDenied": 403,
    "InvalidAccessKeyId": 403,
    "SignatureDoesNotMatch": 403,
    "MessageNotExist": 404,
    "QueueNotExist": 404,
    "SubscriptionNotExist": 404,
    "TopicNotExist": 404,
    "TimeExpired": 408,
    "QueueAlreadyExist": 409,
    "SubscriptionAlreadyExist": 409,
    "TopicAlreadyExist": 409,
    "InternalError": 500,
    "QpsLimitExceeded": 503,
}


class RefusedError(Exception):
    """A request that MNS does not carry out.

    Args:
        code: one of :data:`STATUS`.
        message: a sentence for people; clients read the code only.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = STATUS[code]

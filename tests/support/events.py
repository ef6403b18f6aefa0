"""What handlers of events were told, as plain values that two clients' can be compared by."""

import re
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse, HeadersDict
from botocore.model import OperationModel

EVENTS = (
    "provide-client-params", "before-parameter-build", "before-endpoint-resolution", "before-call", "request-created",
    "choose-signer", "before-sign", "before-send", "before-parse", "response-received", "needs-retry", "after-call",
    "after-call-error",
)  # fmt: skip
#: What the endpoint rules of this service look at; botocore gives those of S3 and STS along.
BUILTINS = {"AWS::Region", "AWS::UseDualStack", "AWS::UseFIPS", "SDK::Endpoint"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: What botocore's retries remember in the context; ours remember it in the core.
REMEMBERED = "retry_quota_capacity"
SECRETS = re.compile(r"(Signature=)[0-9a-f]{64}|[0-9]{8}T[0-9]{6}Z|(?<=/)[0-9]{8}(?=/)")


def record(client: Any) -> list[Any]:
    """The list to which the events of `client` are written as they come."""
    heard: list[Any] = []
    for name in EVENTS:
        client.meta.events.register(
            name, lambda event_name, **told: heard.append((event_name, told.keys(), shown(told)))
        )
    return heard


def shown(value: Any, name: str = "") -> Any:
    """A value without what differs from call to call: ids, times, signatures, and who sends."""
    if name.lower() == "user-agent":
        return "<user agent>"
    if isinstance(value, dict):
        kept = value if name != "builtins" else {key: value[key] for key in BUILTINS}
        return {str.__str__(key): shown(item, str(key)) for key, item in sorted(kept.items()) if key != REMEMBERED}
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    if isinstance(value, bytes):
        return shown(value.decode("latin-1")).encode()
    if isinstance(value, str):
        return SECRETS.sub("<of now>", UUID.sub("<uuid>", value))
    if isinstance(value, AWSRequest):
        context = sorted(value.context.keys() - {REMEMBERED})
        parts = value.method, value.url, dict(value.headers.items()), value.data, value.params, context
        return "request", shown(parts)
    if isinstance(value, AWSPreparedRequest):
        headers = dict(value.headers.items())
        return "prepared", shown((value.method, value.url, headers, value.body, value.stream_output))
    if isinstance(value, AWSResponse):
        return "response", value.status_code, shown(value.headers), value.content
    if isinstance(value, HeadersDict):  # whose names have no case
        return shown({key.lower(): item for key, item in value.items()})
    if isinstance(value, OperationModel):
        return "model", value.name
    if isinstance(value, Exception):
        return type(value).__name__, str(value)
    return value if isinstance(value, (int, float, type(None))) else type(value).__name__

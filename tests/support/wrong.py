"""Deliberately wrong clients: boto3 with one thing changed. Each must be caught by the same comparison as ours.

Requests are changed through botocore's events, before or after signing; outcomes by wrapping the client's one door.
"""

import re
from collections.abc import Callable
from datetime import timezone
from functools import partial
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from support.clients import boto3_side
from support.compare import Side

# The token that botocore puts at a body's end.
TOKEN = rb'(?<="clientToken": ")[0-9a-f-]{36}(?="\}$)'

Change = Callable[[Any], None]


def _before_signing(change: Callable[[dict[str, Any]], None]) -> Change:
    """A change of the request dict."""
    return lambda client: client.meta.events.register("before-call", lambda params, **_: change(params))


def _after_signing(change: Callable[[Any], None]) -> Change:
    """A change of the prepared request."""
    return lambda client: client.meta.events.register("before-send", lambda request, **_: change(request))


def _door(change: Callable[..., Any]) -> Change:
    """Another `_make_api_call`, which gets the original one first."""

    def wrap(client: Any) -> None:
        client._make_api_call = partial(change, client._make_api_call)

    return wrap


def _result(change: Callable[[dict[str, Any]], Any]) -> Change:
    """A change of what calls return."""

    def call(original: Any, *args: Any) -> Any:
        answer = original(*args)
        return change(answer) or answer

    return _door(call)


def _url(pattern: str, new: str) -> Change:
    def change(params: dict[str, Any]) -> None:
        params["url"] = re.sub(pattern, new, params["url"])

    return _before_signing(change)


def _body(pattern: bytes, new: bytes) -> Change:
    def change(params: dict[str, Any]) -> None:
        if params["body"]:
            params["body"] = re.sub(pattern, new, params["body"])

    return _before_signing(change)


def _reverse_members(params: dict[str, Any]) -> None:
    import json

    if params["body"]:
        params["body"] = json.dumps(dict(reversed(json.loads(params["body"]).items()))).encode()


def _drop_header(name: str) -> Change:
    return _after_signing(lambda request: request.headers.__delitem__(name))


def _spoil_signature(request: Any) -> None:
    last = request.headers["Authorization"][-1]
    request.headers["Authorization"] = request.headers["Authorization"][:-1] + (b"0" if last == ord("1") else b"1")


def _fresh_id(request: Any) -> None:
    import uuid

    request.headers["amz-sdk-invocation-id"] = str(uuid.uuid1())


def _other_text(original: Any, *args: Any) -> Any:
    try:
        return original(*args)
    except ClientError as error:
        error.args = (f"{error}.",)
        raise


def _plain_class(original: Any, *args: Any) -> Any:
    try:
        return original(*args)
    except ClientError as error:
        raise ClientError(error.response, error.operation_name) from None


def _first_problem_only(original: Any, *args: Any) -> Any:
    try:
        return original(*args)
    except ParamValidationError as error:
        raise ParamValidationError(report=error.kwargs["report"].partition("\n")[0]) from None


def _drop_metadata(name: str) -> Change:
    return _result(lambda answer: answer["ResponseMetadata"].pop(name, None) and None)


def _reversed_keys(answer: dict[str, Any]) -> Any:
    return dict(reversed(answer.items()))


def _utc(answer: Any) -> Any:
    """Every datetime in UTC instead of botocore's zone."""
    if isinstance(answer, dict):
        return {key: _utc(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [_utc(value) for value in answer]
    return answer.astimezone(timezone.utc) if hasattr(answer, "astimezone") else answer


def _swallow_last_page(client: Any) -> None:
    original = client.get_paginator

    def get_paginator(name: str) -> Any:
        paginator = original(name)

        class Pages(paginator.PAGE_ITERATOR_CLS):  # type: ignore[misc,name-defined]
            def __iter__(self) -> Any:
                pages = list(super().__iter__())
                return iter(pages[:-1] if len(pages) > 1 else pages)

        paginator.PAGE_ITERATOR_CLS = Pages
        return paginator

    client.get_paginator = get_paginator


def _longer_life(client: Any) -> None:
    original = client.generate_presigned_url
    client.generate_presigned_url = lambda *args, **kwargs: original(*args, **kwargs).replace(
        "Expires=3600", "Expires=3601"
    )


# Each wrong client: the kind of cases that must catch it, what a difference must say, and what is wrong with it.
WRONG_CLIENTS: dict[str, tuple[str, str, Change]] = {
    "leaves a colon unencoded": ("calls", "target", _url("%3A", ":")),
    "sends a plus for a space": ("calls", "target", _url(r"\?(.*)%20", r"?\1+")),
    "writes compact JSON": ("calls", "body", _body(rb'": ', rb'":')),
    "reorders the body": ("calls", "body", _before_signing(_reverse_members)),
    "sends no random token": ("calls", "body", _body(TOKEN, b"0" * 36)),
    "repeats one client token": ("calls", "come again", _body(TOKEN, b"01234567-0123-4123-8123-0123456789ab")),
    "drops a header": ("calls", "header amz-sdk-request", _drop_header("amz-sdk-request")),
    "drops the content type": ("calls", "header content-type", _drop_header("Content-Type")),
    "adds a header": (
        "calls",
        "header accept",
        _after_signing(lambda request: request.headers.__setitem__("Accept", "*/*")),
    ),
    "signs an additional header": (
        "calls",
        "signed headers",
        _before_signing(lambda params: params["headers"].update({"x-odd": "1"})),
    ),
    "spoils the signature": ("calls", "signature", _after_signing(_spoil_signature)),
    "sends another id": ("calls", "no UUID", _after_signing(_fresh_id)),
    "reports one problem only": ("calls", "text", _door(_first_problem_only)),
    "changes the text of errors": ("answers", "text", _door(_other_text)),
    "raises the base class": ("answers", "class", _door(_plain_class)),
    "loses RetryAttempts": ("answers", "['ResponseMetadata']: keys", _drop_metadata("RetryAttempts")),
    "loses the request id": ("answers", "['ResponseMetadata']: keys", _drop_metadata("RequestId")),
    "reorders the answer": ("answers", "result: keys", _result(_reversed_keys)),
    "tells the time in UTC": ("answers", "tzlocal", _result(_utc)),
    "swallows the last page": ("pages", "length", _swallow_last_page),
    "lets URLs live longer": ("presigned", "Expires=3601", _longer_life),
}


def wrong_side(name: str) -> Side:
    """The wrong client of that name, as a side of a comparison."""
    right = boto3_side(name)
    change = WRONG_CLIENTS[name][2]

    def client(*args: Any, **kwargs: Any) -> Any:
        made = right.client(*args, **kwargs)
        change(made)
        return made

    return Side(name, client)

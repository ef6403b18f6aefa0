"""Events: the same ones in the same order with the same arguments, and the same effect of what handlers do."""

from collections import ChainMap
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError

from support import outcome
from support.answers import CLOSED, Answer, failure, plain, reply
from support.cases import Setup
from support.compare import KEY, Pair, request_differences
from support.events import record
from support.outcome import capture

DEPLOYMENT = {"targetArn": "arn:t", "components": {"c": {"componentVersion": "1.0.0"}}}
PAGE = {"components": [{"componentName": "a"}], "nextToken": "t"}
TWICE = Setup(attempts=2)
LEGACY = Setup(attempts=3, mode="legacy")
BROKEN = failure(500, "InternalServerException", "broken")
MISSING = failure(404, "ResourceNotFoundException", "missing", [("x-amzn-requestid", "r")])
ADATE = [("Date", "Mon, 23 Nov 2026 01:01:00 GMT")]

CALLS: list[tuple[str, dict[str, Any], list[Answer], Setup]] = [
    ("list_components", {"maxResults": 3, "scope": "PUBLIC"}, [reply(PAGE)], TWICE),
    ("get_component", {"arn": "arn:a/b"}, [reply({"recipe": "aGk="})], TWICE),
    ("create_deployment", DEPLOYMENT, [reply({"deploymentId": "d"}, 201)], TWICE),
    ("create_deployment", {**DEPLOYMENT, "clientToken": "mine"}, [reply({}, 201)], TWICE),
    ("cancel_deployment", {"deploymentId": "d"}, [reply({"message": "SUCCESS"})], TWICE),
    ("delete_deployment", {"deploymentId": "d"}, [plain(204, b"")], TWICE),
    ("untag_resource", {"resourceArn": "r", "tagKeys": ["a", "b c"]}, [reply()], TWICE),
    (
        "get_component_version_artifact",
        {"arn": "a", "artifactName": "b/c", "iotEndpointType": "fips"},
        [reply({"preSignedUrl": "u"})],
        TWICE,
    ),
    ("get_component", {"arn": "a"}, [MISSING], TWICE),
    ("list_components", {}, [BROKEN, reply(PAGE)], TWICE),
    ("list_components", {}, [failure(500, "Odd", headers=ADATE), reply(PAGE)], TWICE),
    ("list_components", {}, [BROKEN, BROKEN], TWICE),
    ("list_components", {}, [BROKEN, BROKEN, reply(PAGE)], LEGACY),
    ("list_components", {}, [CLOSED, reply(PAGE)], TWICE),
    ("list_components", {}, [CLOSED, CLOSED], TWICE),
    ("list_components", {}, [reply(PAGE)], Setup(signed=False)),
    ("list_components", {}, [reply(PAGE)], Setup(suffix="/base/?x=1")),
    ("list_components", {"maxResults": 0, "nope": 1}, [reply()], TWICE),
]


@pytest.mark.parametrize(("method", "params", "answers", "setup"), CALLS)
def test_events_of_a_call(pair: Pair, method: str, params: dict[str, Any], answers: list[Answer], setup: Setup) -> None:
    heard = []
    for side in (pair.theirs, pair.ours):
        client = pair.make(side, setup)
        heard.append(record(client))
        pair.server.script(answers)
        capture(lambda client=client: getattr(client, method)(**params))
    theirs, ours = heard
    assert [event for event, _, _ in ours] == [event for event, _, _ in theirs]
    for got, want in zip(ours, theirs, strict=True):
        assert got == want


PRESIGNED: list[dict[str, Any]] = [
    {"Params": {"arn": "a"}},
    {"Params": {"arn": "a"}, "HttpMethod": "PUT"},
    {"Params": ChainMap({"arn": "a"})},  # no dict, as the validation says
    {},
]


@pytest.mark.parametrize("arguments", PRESIGNED)
def test_events_of_a_presigned_url(pair: Pair, arguments: dict[str, Any]) -> None:
    heard, came = [], []
    for side in (pair.theirs, pair.ours):
        client = pair.make(side)
        heard.append(record(client))
        came.append(capture(lambda client=client: client.generate_presigned_url("get_component", **arguments)))
    assert heard[1] == heard[0]
    assert came[1].kind == came[0].kind
    if came[0].error:
        assert outcome.differences(*came) == []


# Each registers handlers that change the call.
Meddler = Callable[[Any], Any]


def on(event: str, handler: Callable[..., Any], how: str = "register") -> Meddler:
    return lambda events: getattr(events, how)(event, handler)


def other_params(params: Any, **told: Any) -> dict[str, Any]:
    return {**params, "nextToken": "other"}


def more_params(params: dict[str, Any], **told: Any) -> None:
    params["maxResults"] = 7


def bad_params(params: dict[str, Any], **told: Any) -> None:
    params["nope"] = 1


def changed_request(params: dict[str, Any], **told: Any) -> None:
    params["headers"]["X-Before-Call"] = "ü"
    params["url"] += "&extra=1"


def other_body(params: dict[str, Any], **told: Any) -> None:
    params["body"] = b'{"other": true}'


def header(request: Any, **told: Any) -> None:
    request.headers["X-Extra"] = "a  b"
    del request.headers["User-Agent"]
    request.headers["User-Agent"] = "changed/1"


def prepared_header(request: Any, **told: Any) -> None:
    request.headers["X-Late"] = b"late"


def answered(request: Any, **told: Any) -> AWSResponse:
    response = AWSResponse(request.url, 200, {"x-amzn-RequestId": "r"}, None)
    response._content = b'{"components": [{"componentName": "from a handler"}]}'
    return response


def refused(request: Any, **told: Any) -> AWSResponse:
    response = AWSResponse(request.url, 404, {"x-amzn-ErrorType": "ResourceNotFoundException"}, None)
    response._content = b'{"message": "gone"}'
    return response


def given(**told: Any) -> Any:
    return AWSResponse(None, 200, {}, None), {"components": "whatever"}


def given_error(**told: Any) -> Any:
    parsed = {"Error": {"Code": "ConflictException", "Message": "m"}, "ResponseMetadata": {}}
    return AWSResponse(None, 409, {}, None), parsed


def other_answer(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **told: Any) -> None:
    response_dict["body"] = b'{"nextToken": "of a handler"}'
    customized_response_dict["custom"] = 1


def touched(parsed_response: Any, **told: Any) -> None:
    if parsed_response:
        parsed_response["touched"] = True


def after(parsed: dict[str, Any], **told: Any) -> None:
    parsed["after"] = True


def other_code(context: dict[str, Any], **told: Any) -> None:
    context["error_code_override"] = "ThrottlingException"


def again(attempts: int, **told: Any) -> int | None:
    return 0 if attempts < 3 else None


def fails(**told: Any) -> None:
    raise LookupError(told["event_name"])


def closed(request: Any, **told: Any) -> None:
    raise ConnectionClosedError(endpoint_url=request.url)


def no_retries(events: Any) -> None:
    events.unregister("needs-retry.greengrassv2", unique_id="retry-config-greengrassv2")


def elsewhere(builtins: dict[str, Any], **told: Any) -> None:
    builtins["SDK::Endpoint"] += "/elsewhere"


def all_of(*meddlers: Meddler) -> Meddler:
    def register(events: Any) -> None:
        for meddler in meddlers:
            meddler(events)

    return register


MEDDLERS: dict[str, Meddler] = {
    "other parameters": on("provide-client-params.*.ListComponents", other_params),
    "more parameters": on("before-parameter-build.greengrassv2", more_params),
    "bad parameters": on("before-parameter-build", bad_params),
    "changed request": on("before-call.greengrassv2.*", changed_request),
    "header to be signed": on("before-sign.greengrassv2", header),
    "header before the signature": on("request-created.greengrassv2.ListComponents", header),
    "header after the signature": on("request-created", header, "register_last"),
    "header of the prepared request": on("before-send", prepared_header),
    "answered": on("before-send", answered),
    "refused": on("before-send", refused),
    "given": on("before-call", given),
    "given an error": on("before-call", given_error),
    "other answer": on("before-parse", other_answer),
    "answer touched": on("response-received", touched),
    "after": on("after-call", after),
    "other error code": on("after-call", other_code),
    "again": on("needs-retry", again),
    "no retries": no_retries,
    "unsigned": on("choose-signer", lambda **told: UNSIGNED),
    "s3v4": on("choose-signer", lambda **told: "s3v4"),
    "an unknown signer": on("choose-signer", lambda **told: "v9"),
    "elsewhere": on("before-endpoint-resolution", elsewhere),
    "fails in before-call": on("before-call", fails),
    "fails in before-send": on("before-send", fails),
    "fails in after-call": on("after-call", fails),
    "fails in after-call-error": all_of(on("before-send", fails), on("after-call-error", fails)),
    "closed by a handler": on("before-send", closed),
}
ANSWERS: list[list[Answer]] = [[reply(PAGE)], [BROKEN, reply(PAGE)], [MISSING]]


def compare(pair: Pair, meddler: Meddler, method: str, params: dict[str, Any], answers: Iterable[Answer]) -> list[str]:
    seen = []
    for side in (pair.theirs, pair.ours):
        client = pair.make(side, TWICE)
        meddler(client.meta.events)
        pair.server.script(answers)
        came = capture(lambda client=client: getattr(client, method)(**params))
        seen.append((pair.server.take(), came))
    (their_requests, their_outcome), (our_requests, our_outcome) = seen
    lines = request_differences(their_requests, our_requests, KEY)
    return lines + outcome.differences(their_outcome, our_outcome)


@pytest.mark.parametrize("answers", ANSWERS, ids=["answered", "retried", "refused"])
@pytest.mark.parametrize("meddler", MEDDLERS.values(), ids=MEDDLERS)
def test_what_handlers_change(pair: Pair, meddler: Meddler, answers: list[Answer]) -> None:
    assert compare(pair, meddler, "list_components", {"scope": "PUBLIC"}, answers) == []


def test_a_body_changed_before_it_is_signed(pair: Pair) -> None:
    meddler = on("before-call", other_body)
    assert compare(pair, meddler, "create_deployment", {**DEPLOYMENT, "clientToken": "t"}, [reply({}, 201)]) == []


def test_presigned_urls_are_changed_too(pair: Pair) -> None:
    urls = []
    for side in (pair.theirs, pair.ours):
        client = pair.make(side)
        client.meta.events.register("provide-client-params", other_params)
        client.meta.events.register(
            "before-sign", lambda request, **told: request.headers.add_header("X-Signed", "yes")
        )
        urls.append(client.generate_presigned_url("list_components", {"scope": "PUBLIC"}))
    assert [url.partition("X-Amz-Date")[0] for url in urls] == [urls[0].partition("X-Amz-Date")[0]] * 2
    assert all("nextToken=other" in url and "x-signed" in url for url in urls)


def test_unknown_attributes_are_asked_for(pair: Pair) -> None:
    for side in (pair.theirs, pair.ours):
        client = pair.make(side)
        client.meta.events.register("getattr.greengrassv2.anything", lambda client, **told: (client.meta.region_name,))
        assert client.anything == (KEY.region,)
        with pytest.raises(AttributeError, match="'GreengrassV2' object has no attribute 'other'"):
            client.other  # noqa: B018

"""The wire of the local cloud: requests that no client sends, headers, limits."""

import json
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from botocore import UNSIGNED
from hypothesis import given, settings, strategies as st

from fleetgrass.emulator import Emulator
from support.local_cloud import ARN, GROUP, THING, UUID, client_of, deploy, exchange, publish, refused, send


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """One that takes requests which no client has signed."""
    with Emulator(region_name="eu-west-1", account_id="111122223333", check_signatures=False) as running:
        yield running


MODEL_FOLDER = Path(__file__).parents[2] / "src" / "model"


def test_headers_and_times(emulator: Emulator) -> None:
    emulator.register_core_device("pump-1")
    status, headers, body = send(emulator, "GET", "/greengrass/v2/coreDevices", Authorization="AWS4")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert UUID.fullmatch(headers["x-amzn-RequestId"])
    assert re.search(rb'"lastStatusUpdateTimestamp":\d{10}\.\d{3},', body)
    assert b"nextToken" not in body


def test_an_error_names_itself_in_a_header(emulator: Emulator) -> None:
    path = "/greengrass/v2/coreDevices?maxResults=101"
    status, headers, body = send(emulator, "GET", path, Authorization="AWS4")
    assert (status, headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    constraint = "Member must have value less than or equal to 100"
    start = "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
    assert json.loads(body) == {
        "message": start + constraint,
        "reason": "FIELD_VALIDATION_FAILED",
        "fields": [{"name": "maxResults", "message": constraint}],
    }


def test_the_observed_style() -> None:
    """As published answers look: many lines, nulls, exponents, and the headers of a gateway."""
    with Emulator(wire_style="observed", check_signatures=False) as emulator:
        emulator.register_core_device("pump-1")
        status, headers, body = send(emulator, "GET", "/greengrass/v2/coreDevices", Authorization="AWS4")
        assert status == 200
        text = body.decode()
        assert text == json_of_java(json.loads(text))
        assert text.endswith('],\n  "nextToken" : null\n}')
        time = re.search(r'"lastStatusUpdateTimestamp" : (\d\.\d{1,12}E9),\n', text)
        assert time
        assert headers["x-amzn-Remapped-x-amzn-RequestId"] == headers["x-amzn-RequestId"]
        assert headers["x-amzn-Remapped-Content-Length"] == headers["Content-Length"] == str(len(body))
        assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", headers["X-Amzn-Trace-Id"])
        assert re.fullmatch(r"[\w+/-]{15}=", headers["x-amz-apigw-id"])
        assert abs(parsedate_to_datetime(headers["x-amzn-Remapped-Date"]).timestamp() - float(time[1])) < 60
        error = send(emulator, "GET", "/greengrass/v2/coreDevices?maxResults=0", Authorization="AWS4")[2].decode()
        assert error == json_of_java(json.loads(error))
        assert error.startswith('{\n  "message" : "1 validation error')


def json_of_java(value: Any, indent: str = "\n") -> str:
    """JSON as Jackson prints it, which is what was observed."""
    if isinstance(value, dict) and value:
        inner = indent + "  "
        entries = (f"{inner}{json.dumps(name)} : {json_of_java(item, inner)}" for name, item in value.items())
        return "{" + ",".join(entries) + indent + "}"
    if isinstance(value, list) and value:
        return "[ " + ", ".join(json_of_java(item, indent) for item in value) + " ]"
    if isinstance(value, float):
        # Double.toString: the shortest digits, one before the point
        digits = repr(value).replace(".", "").rstrip("0")
        return f"{digits[0]}.{digits[1:] or 0}E{len(str(int(value))) - 1}"
    return {"{}": "{ }", "[]": "[ ]"}.get(text := json.dumps(value), text)


@pytest.mark.parametrize("style", ["compact", "observed"])
def test_clients_read_both_styles_alike(style: Any) -> None:
    with Emulator(region_name="eu-west-1", account_id="111122223333", wire_style=style) as emulator:
        emulator.register_core_devices(3, thing_groups=["line-4"])
        ours, theirs = emulator.client(), client_of(emulator)
        arn = publish(theirs, "io.acme.Pump")
        deploy(theirs, GROUP, "io.acme.Pump")
        name = {"coreDeviceThingName": "device-00001"}
        for method, params in [
            ("list_core_devices", {"maxResults": 2}),
            ("get_core_device", name),
            ("list_installed_components", name),
            ("list_effective_deployments", name),
            ("list_deployments", {}),
            ("describe_component", {"arn": arn}),
            ("get_component", {"arn": arn}),
            ("list_tags_for_resource", {"resourceArn": arn}),
        ]:
            answers = [getattr(client, method)(**params) for client in (ours, theirs)]
            for answer in answers:
                del answer["ResponseMetadata"]
                # which tells when it was made
                assert bool(answer.pop("nextToken", None)) == ("maxResults" in params)
            assert answers[0] == answers[1]
            assert None not in answers[0].values()


def test_what_is_no_style_is_told() -> None:
    with pytest.raises(ValueError, match='wire_style is "pretty": give compact or observed'):
        Emulator(wire_style="pretty")  # type: ignore[arg-type]


def test_no_content(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("pump-1")
    status, headers, body = send(emulator, "DELETE", "/greengrass/v2/coreDevices/pump-1", Authorization="AWS4")
    assert (status, body, headers["Content-Type"]) == (204, b"", None)


def test_requests_must_be_signed(emulator: Emulator) -> None:
    unsigned = client_of(emulator, signature_version=UNSIGNED)
    status, code, error = refused(unsigned.list_core_devices)
    assert (status, code) == (403, "MissingAuthenticationTokenException")
    assert error["Error"]["Message"] == "Missing Authentication Token"
    assert send(emulator, "GET", "/greengrass/v2/coreDevices?X-Amz-Signature=0")[0] == 200


def test_presigned_urls_are_served(emulator: Emulator, client: Any) -> None:
    url = client.generate_presigned_url("list_core_devices", Params={"maxResults": 5})
    assert json.loads(send(emulator, "GET", url.removeprefix(emulator.endpoint_url))[2]) == {"coreDevices": []}


def test_unknown_routes(emulator: Emulator) -> None:
    status, headers, body = send(emulator, "GET", "/greengrass/v3", Authorization="AWS4")
    assert (status, headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")
    assert json.loads(body) == {"message": "Missing Authentication Token"}


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"targetArn": 3}', b"\xff", b'{"components":' * 100_000])
def test_bodies_that_cannot_be_parsed(emulator: Emulator, body: bytes) -> None:
    status, _, answer = send(emulator, "POST", "/greengrass/v2/deployments", body, Authorization="AWS4")
    assert status == 400
    assert json.loads(answer)["reason"] == "CANNOT_PARSE"
    assert json.loads(answer)["message"].startswith("Could not parse request body into json: ")


def test_several_constraints_at_once(client: Any) -> None:
    params = {"targetArn": "arn:aws:iot:eu-west-1:111122223333:policy/x", "deploymentName": "n" * 257}
    _, code, error = refused(client.create_deployment, **params)
    assert code == "ValidationException"
    assert error["message"].startswith(
        "2 validation errors detected: Value 'arn:aws:iot:eu-west-1:111122223333:policy/x'"
    )
    pattern = "Member must satisfy regular expression pattern: arn:[^:]*:iot:[^:]*:[0-9]+:(thing|thinggroup)/.+"
    assert error["fields"][0] == {"name": "targetArn", "message": pattern}


def test_a_body_has_a_limit(emulator: Emulator) -> None:
    limit = 10 * 1024 * 1024
    for size, expected in ((limit, 400), (limit + 1, 413)):
        assert send(emulator, "POST", "/greengrass/v2/deployments", b" " * size, Authorization="AWS4")[0] == expected


HEAD = b" HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4\r\n"
READ = b"GET /greengrass/v2/coreDevices" + HEAD + b"Connection: close\r\n\r\n"


def test_requests_may_come_all_at_once(emulator: Emulator) -> None:
    emulator.register_core_device("pump-1")
    first = READ.replace(b"Connection: close\r\n", b"")
    second = first.replace(b"coreDevices", b"coreDevices/pump-1")
    answers = exchange(emulator, first, second, READ.replace(b"coreDevices", b"components"))
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3
    order = [answers.index(mark) for mark in (b'"coreDevices":', b'"coreVersion":', b'"components":')]
    assert order == sorted(order)


def test_an_old_client_is_answered_and_left(emulator: Emulator) -> None:
    answer = exchange(emulator, b"GET /greengrass/v2/coreDevices HTTP/1.0\r\nAuthorization: AWS4\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.endswith(b'\r\n\r\n{"coreDevices":[]}')


@pytest.mark.parametrize("method", [b"HEAD", b"OPTIONS"])
def test_other_methods_are_unknown_routes(emulator: Emulator, method: bytes) -> None:
    head, _, found = exchange(emulator, READ.replace(b"GET", method)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"\r\nx-amzn-errortype: MissingAuthenticationTokenException\r\n" in head
    assert found == (b"" if method == b"HEAD" else b'{"message":"Missing Authentication Token"}')


@pytest.mark.parametrize(
    ("path", "name"), [(b"%zz%", "%zz%"), (b"%FF", "\N{REPLACEMENT CHARACTER}"), (b"%00", "\0"), (b"a%2Fb+c", "a/b+c")]
)
def test_percent_encoding_that_is_broken_stands_for_itself(emulator: Emulator, path: bytes, name: str) -> None:
    answer = exchange(emulator, READ.replace(b"coreDevices", b"coreDevices/" + path))
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["resourceId"] == name


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 10\r\n\r\n{",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{",
    ],
)
def test_a_body_that_breaks_off_is_told(emulator: Emulator, rest: bytes) -> None:
    answer = exchange(emulator, b"POST /greengrass/v2/deployments" + HEAD + rest, breaks_off=True)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    found = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert found["reason"] == "CANNOT_PARSE"
    assert found["message"].startswith("Could not read request body: ")


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"hello\r\n\r\n"])
def test_what_is_no_request_harms_nobody(emulator: Emulator, sent: bytes) -> None:
    assert exchange(emulator, sent).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert exchange(emulator, READ).startswith(b"HTTP/1.1 200 OK\r\n")


MODELS = [json.loads((MODEL_FOLDER / f"{service}.json").read_text()) for service in ("greengrassv2", "iot")]
TEMPLATES = sorted(
    (operation["http"]["method"], operation["http"]["requestUri"])
    for model in MODELS
    for operation in model["operations"].values()
)
MEMBERS = sorted({name for model in MODELS for shape in model["shapes"].values() for name in shape.get("members", ())})
TEXTS = st.text(max_size=20) | st.sampled_from([ARN, f"{ARN}:versions:1.0.0", GROUP, THING, "pump-1", "-1", "1e400"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS) | TEXTS, inner, max_size=5),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def one_for_all() -> Iterator[Emulator]:
    with Emulator(region_name="eu-west-1", account_id="111122223333", check_signatures=False) as running:
        running.register_core_device("pump-1", ["line-4"])
        publish(client_of(running), "io.acme.Pump")
        yield running


@settings(max_examples=300, deadline=None)
@given(
    template=st.sampled_from(TEMPLATES),
    labels=st.lists(TEXTS, min_size=2, max_size=2),
    query=st.dictionaries(st.sampled_from(MEMBERS), TEXTS, max_size=3),
    body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20),
)
def test_no_request_is_a_surprise(
    one_for_all: Emulator, template: tuple[str, str], labels: list[str], query: dict[str, str], body: bytes
) -> None:
    method, uri = template
    for label in labels:
        uri = re.sub(r"\{[^}]*\}", lambda _, label=label: quote(label, safe=""), uri, count=1)
    status, headers, answer = send(one_for_all, method, f"{uri}?{urlencode(query)}", body, Authorization="AWS4")
    assert status < 500
    if status >= 400:
        # the service role's one error is older than the types of errors
        is_typed = uri != "/greengrass/servicerole" or status != 404
        assert bool(headers["x-amzn-ErrorType"]) is is_typed
        assert json.loads(answer)["message" if is_typed else "Message"]

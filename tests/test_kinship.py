"""Clients among botocore's: what tests and tracers do to `botocore.client.BaseClient` reaches ours too."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

import boto3
import botocore.client
import pytest

import fleetgrass
from support.answers import failure, reply
from support.server import RecordingServer

KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret", "region_name": "eu-west-1"}
PATCHED = "botocore.client.BaseClient._make_api_call"


@pytest.fixture
def client(server: RecordingServer) -> Any:
    return fleetgrass.client("greengrassv2", endpoint_url=server.url, **KEYS)


def run(code: str, *arguments: str) -> Any:
    """The JSON that a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_client_is_a_client_of_botocore(client: Any) -> None:
    assert isinstance(client, botocore.client.BaseClient)
    assert issubclass(client.__class__, type(client))
    assert client.__class__.__name__ == type(client).__name__ == "GreengrassV2"


def test_it_is_one_as_soon_as_botocore_is_there_and_does_not_bring_it() -> None:
    assert run(
        """
import json, sys, fleetgrass
client = fleetgrass.client("greengrassv2", region_name="eu-west-1")
before = "botocore" in sys.modules, client.__class__ is type(client)
import botocore.client
print(json.dumps([*before, isinstance(client, botocore.client.BaseClient)]))
"""
    ) == [False, True, True]


def test_a_patched_call(client: Any) -> None:
    with mock.patch(PATCHED, return_value={"components": []}) as patched:
        assert client.list_components(scope="PUBLIC") == {"components": []}
    patched.assert_called_once_with("ListComponents", {"scope": "PUBLIC"})


def test_a_patched_call_with_a_signature(client: Any) -> None:
    with mock.patch(PATCHED, autospec=True) as patched:
        client.list_components(scope="PUBLIC")
    patched.assert_called_once_with(client, "ListComponents", {"scope": "PUBLIC"})


def test_a_patch_that_goes_on_to_the_original(client: Any, server: RecordingServer) -> None:
    """As moto's documentation teaches: some operations are answered, the others go on."""
    original = botocore.client.BaseClient._make_api_call

    def patched(self: Any, operation_name: str, kwargs: Any) -> Any:
        if operation_name == "ListComponents":
            return {"components": ["patched"]}
        return original(self, operation_name, kwargs)

    server.script([reply({"coreDeviceThingName": "d"}), failure(404, "ResourceNotFoundException", "gone")])
    with mock.patch(PATCHED, new=patched):
        assert client.list_components()["components"] == ["patched"]
        assert client.get_core_device(coreDeviceThingName="d")["coreDeviceThingName"] == "d"
        with pytest.raises(client.exceptions.ResourceNotFoundException, match="gone"):
            client.get_core_device(coreDeviceThingName="d")
    assert [request.path for request in server.take()] == ["/greengrass/v2/coreDevices/d"] * 2


def test_patched_pages(client: Any) -> None:
    pages = [{"components": [1], "nextToken": "t"}, {"components": [2]}]
    with mock.patch(PATCHED, side_effect=pages):
        assert client.get_paginator("list_components").paginate().build_full_result() == {"components": [1, 2]}


def test_a_patched_method(client: Any, mocker: Any) -> None:
    """pytest-mock, and what it is made of."""
    patched = mocker.patch.object(client, "get_component", return_value={"recipe": b""})
    assert client.get_component(arn="a") == {"recipe": b""}
    patched.assert_called_once_with(arn="a")
    mocker.stopall()
    assert client.get_component is not patched
    spy = mocker.spy(client, "list_components")
    client.list_components(scope="PUBLIC")
    spy.assert_called_once_with(scope="PUBLIC")


def test_a_mock_of_a_client(client: Any) -> None:
    made = mock.create_autospec(client)
    made.list_components(scope="PUBLIC")
    made.list_components.assert_called_once_with(scope="PUBLIC")
    with pytest.raises(AttributeError):
        made.list_nothing()
    assert isinstance(mock.Mock(spec=client), botocore.client.BaseClient)


def test_handlers_of_a_session_hear_our_clients(server: RecordingServer) -> None:
    """Whether the session is boto3's, patched or lent, or ours: what was registered before the client was made."""
    arguments: dict[str, Any] = {"region_name": "eu-west-1", "endpoint_url": server.url}
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}

    def add(request: Any, **told: Any) -> None:
        request.headers["X-Added"] = told["event_name"]

    theirs = boto3.Session(**keys)
    theirs.events.register("before-sign.greengrassv2.*", add)
    ours = fleetgrass.Session(**keys)
    ours.events.register_last("before-sign.greengrassv2", add)
    with fleetgrass.patch_boto3():
        clients = [theirs.client("greengrassv2", **arguments)]
    clients.append(fleetgrass.Session.from_boto3(theirs).client("greengrassv2", **arguments))
    clients.append(ours.client("greengrassv2", **arguments))
    with fleetgrass.patch_boto3():
        patched = boto3.Session(**keys).client("greengrassv2", **arguments)
    quiet = fleetgrass.Session(**keys).client("greengrassv2", **arguments)
    for client in clients:
        server.script()
        client.list_components()
        assert [request.header("x-added") for request in server.take()] == ["before-sign.greengrassv2.ListComponents"]
    for client in (patched, quiet):
        assert client.meta._hooks is None, "a session that nobody listens to costs nothing"


INSIDE = [
    "_service_model",
    "_client_config",
    "_PY_TO_OP_NAME",
    "_endpoint",
    "_request_signer",
    "_convert_to_request_dict",
]


@pytest.mark.parametrize("name", INSIDE)
def test_what_others_find_inside(client: Any, name: str) -> None:
    assert hasattr(boto3.client("greengrassv2", **KEYS), name)
    assert getattr(client, name) is not None


def test_a_request_made_by_hand(client: Any) -> None:
    """As programs do that sign for themselves: `_convert_to_request_dict`, then the signer."""
    urls = []
    for made in (boto3.client("greengrassv2", **KEYS), client):
        model = made.meta.service_model.operation_model("GetComponent")
        request = made._convert_to_request_dict({"arn": "a"}, model, "https://example.com", {})
        urls.append(request["url"])
        signed = made._request_signer.generate_presigned_url(request, "GetComponent", 60)
        assert "X-Amz-Signature" in signed
        assert (made._request_signer.region_name, made._request_signer.signing_name) == ("eu-west-1", "greengrass")
    assert urls[0] == urls[1]


# Tracers patch botocore for the whole process, so each has a process of its own.

XRAY = """
import json, sys
module, url = sys.argv[1:]
from aws_xray_sdk.core import patch, xray_recorder
sent = []
class Emitter:
    ip, port = "127.0.0.1", 0
    def send_entity(self, entity):
        sent.append(json.loads(entity.serialize()))
    def set_daemon_address(self, address):
        pass
xray_recorder.configure(emitter=Emitter(), sampling=False, service="test")
patch(["botocore"])
made = __import__(module).client("greengrassv2", endpoint_url=url, region_name="eu-west-1",
                                 aws_access_key_id="a", aws_secret_access_key="b")
with xray_recorder.in_segment("s"):
    made.list_components(scope="PUBLIC")
    try:
        made.get_component(arn="a")
    except made.exceptions.ResourceNotFoundException:
        pass
print(json.dumps([{name: part.get(name) for name in ("name", "namespace", "aws", "http", "error")}
                  for part in sent[-1]["subsegments"]]))
"""
OPENTELEMETRY = """
import json, sys
module, url = sys.argv[1:]
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
BotocoreInstrumentor().instrument(tracer_provider=provider)
made = __import__(module).client("greengrassv2", endpoint_url=url, region_name="eu-west-1",
                                 aws_access_key_id="a", aws_secret_access_key="b")
made.list_components(scope="PUBLIC")
try:
    made.get_component(arn="a")
except made.exceptions.ResourceNotFoundException:
    pass
print(json.dumps([[span.name, dict(span.attributes), span.status.status_code.name]
                  for span in exporter.get_finished_spans()]))
"""
REQUEST_ID = [("x-amzn-requestid", "r")]


@pytest.mark.parametrize("tracer", [XRAY, OPENTELEMETRY], ids=["xray", "opentelemetry"])
def test_traced_calls(server: RecordingServer, tracer: str) -> None:
    """The spans are those of boto3's calls, and the header that continues the trace is on the wire."""
    traces, headers = [], []
    for module in ("boto3", "fleetgrass"):
        server.script([reply({}, headers=REQUEST_ID), failure(404, "ResourceNotFoundException", headers=REQUEST_ID)])
        traces.append(run(tracer, module, server.url))
        headers.append([len(request.header("x-amzn-trace-id") or "") for request in server.take()])
    assert traces[1] == traces[0]
    assert len(traces[1]) == 2
    assert headers[1] == headers[0]
    assert all(headers[1])


# A machine without botocore: handlers see objects of ours.

ALONE = """
import json, sys
class Absent:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] in ("boto3", "botocore"):
            raise ImportError(name)
sys.meta_path.insert(0, Absent())
import fleetgrass
made = fleetgrass.client("greengrassv2", endpoint_url=sys.argv[1], region_name="eu-west-1",
                         aws_access_key_id="a", aws_secret_access_key="b")
heard = []
for name in ("before-parameter-build", "before-call", "after-call", "after-call-error", "needs-retry"):
    made.meta.events.register(name, lambda event_name, **told: heard.append(event_name))
def add(request, **told):
    request.headers["X-Added"] = "yes"
made.meta.events.register("before-sign", add)
answer = made.create_deployment(targetArn="arn:t")
try:
    made.get_component(arn="a")
except made.exceptions.ResourceNotFoundException as error:
    heard.append(str(error))
url = made.generate_presigned_url("get_component", Params={"arn": "a"})
print(json.dumps([heard, answer["deploymentId"], url.partition("?")[0]]))
"""


def test_events_without_botocore(server: RecordingServer) -> None:
    server.script([reply({"deploymentId": "d"}, 201), failure(404, "ResourceNotFoundException", "gone")])
    heard, answer, url = run(ALONE, server.url)
    steps = ["before-parameter-build", "before-call", "needs-retry", "after-call"]
    of = [f"{step}.greengrassv2.{name}" for name in ("CreateDeployment", "GetComponent") for step in steps]
    gone = "An error occurred (ResourceNotFoundException) when calling the GetComponent operation: gone"
    assert heard == [*of, gone, "before-parameter-build.greengrassv2.GetComponent"]
    assert (answer, url) == ("d", f"{server.url}/greengrass/v2/components/a")
    requests = server.take()
    assert [request.header("x-added") for request in requests] == ["yes", "yes"]
    assert "x-added" in (requests[0].header("authorization") or "")
    assert b'"clientToken": "' in requests[0].body


@pytest.fixture(autouse=True)
def original() -> Iterator[None]:
    """Whatever a test put there is gone after it."""
    before = vars(botocore.client.BaseClient)["_make_api_call"]
    yield
    assert vars(botocore.client.BaseClient)["_make_api_call"] is before

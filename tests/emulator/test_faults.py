"""Faults on request: what each does on the wire, which calls it hits, and what clients make of it."""

import contextlib
import re
import time
from collections.abc import Callable
from itertools import chain
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError
from hypothesis import given, settings, strategies as st

from fleetgrass import faults
from fleetgrass.emulator import Emulator
from support.local_cloud import GROUP, client_of, deploy, exchange, publish, refused, send

READ = b"GET /greengrass/v2/coreDevices HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4\r\n\r\n"


def names(pages: Any) -> list[list[str]]:
    return [[device["coreDeviceThingName"] for device in page["coreDevices"]] for page in pages]


def read_all(client: Any, **params: Any) -> list[list[str]]:
    return names(client.get_paginator("list_core_devices").paginate(**params))


def flat(pages: list[list[str]]) -> list[str]:
    return list(chain.from_iterable(pages))


def outcomes(client: Any, calls: int) -> list[bool]:
    """Which calls of GetCoreDevice are answered."""

    def answered() -> bool:
        try:
            client.get_core_device(coreDeviceThingName="pump-1")
        except ClientError:
            return False
        return True

    return [answered() for _ in range(calls)]


def test_throttling_tells_when_to_come_back(emulator: Emulator, client: Any) -> None:
    with emulator.inject("throttle") as fault:
        status, code, error = refused(client.list_core_devices)
        assert (status, code, error["message"]) == (429, "ThrottlingException", "Rate exceeded")
        assert error["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
        assert error["serviceCode"] == "greengrass"
        assert fault.hits == 1
    client.list_core_devices()
    assert fault.hits == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("InternalServerException", 500),
        ("AccessDeniedException", 403),
        ("ConflictException", 409),
        ("ServiceQuotaExceededException", 402),
        ("TooManyRequestsException", 429),
        ("BadGatewayException", 502),
        ("ServiceUnavailableException", 503),
        ("GatewayTimeoutException", 504),
    ],
)
def test_errors_have_their_status_and_do_nothing(emulator: Emulator, client: Any, code: str, status: int) -> None:
    with emulator.inject("error", code, operations="CreateDeployment"):
        assert refused(client.create_deployment, targetArn=GROUP)[:2] == (status, code)
    assert client.list_deployments()["deployments"] == []


def test_every_code_of_the_model_can_be_had(emulator: Emulator, client: Any) -> None:
    for code in client.meta.service_model.error_shapes:
        with emulator.inject("error", code.name):
            status, got, error = refused(client.list_core_devices)
            assert (status, got) == (code.metadata["error"]["httpStatusCode"], code.name)
            assert all(error.get(member) for member in code.required_members)


def test_a_reset_connection_gives_no_byte_and_the_work_is_done(emulator: Emulator, client: Any) -> None:
    with emulator.inject("reset", operations=["CreateDeployment", "DeleteDeployment"]):
        with pytest.raises(ConnectionClosedError):
            client.create_deployment(targetArn=GROUP, clientToken="once")
        ours = emulator.client(config=Config(retries={"total_max_attempts": 1}))
        with ours, pytest.raises(ConnectionClosedError):
            ours.create_deployment(targetArn=GROUP, clientToken="once")
    made = client.create_deployment(targetArn=GROUP, clientToken="once")["deploymentId"]
    assert [row["deploymentId"] for row in client.list_deployments()["deployments"]] == [made]
    client.cancel_deployment(deploymentId=made)
    with emulator.inject("reset", operations="DeleteDeployment"), pytest.raises(ConnectionClosedError):
        client.delete_deployment(deploymentId=made)  # which has an answer without a body
    assert client.list_deployments()["deployments"] == []
    with emulator.inject("reset"), pytest.raises(ConnectionResetError):
        exchange(emulator, READ)


@pytest.mark.parametrize("kept", [0, 1, 100])
def test_a_truncated_answer_promises_more_than_comes(emulator: Emulator, kept: int) -> None:
    emulator.register_core_devices(10)
    whole = send(emulator, "GET", "/greengrass/v2/coreDevices", Authorization="AWS4")[2]
    with emulator.inject("truncate", kept):
        head, _, body = exchange(emulator, READ).partition(b"\r\n\r\n")
        assert f"content-length: {len(whole)}".encode() in head
        assert body == whole[:kept]
    with emulator.inject("truncate", len(whole)):
        assert send(emulator, "GET", "/greengrass/v2/coreDevices", Authorization="AWS4")[2] == whole


def test_our_client_reads_again_what_was_cut_off(emulator: Emulator) -> None:
    emulator.register_core_devices(10)
    with emulator.client(config=Config(retries={"total_max_attempts": 3})) as client:
        with emulator.inject("truncate", 40, times=1) as truncated, emulator.inject("reset", times=2) as reset:
            assert len(client.list_core_devices()["coreDevices"]) == 10
        assert (truncated.hits, reset.hits) == (1, 2)


def test_a_slow_body_takes_its_time_and_is_whole(emulator: Emulator, client: Any) -> None:
    emulator.register_core_devices(20)
    whole = client.list_core_devices()["coreDevices"]
    with emulator.inject("slow", 8000) as fault:
        begun = time.monotonic()
        assert client.list_core_devices()["coreDevices"] == whole
        size = len(exchange(emulator, READ.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))) - 200
        assert time.monotonic() - begun >= 2 * size / 8000 - 0.05
        assert fault.hits == 2


def test_latencies_add_up_and_hold_up_nobody_else(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("pump-1")
    with emulator.inject("latency", 0.1), emulator.inject("latency", (0.1, 0.2), operations="GetCoreDevice"):
        begun = time.monotonic()
        client.get_core_device(coreDeviceThingName="pump-1")
        assert 0.2 <= time.monotonic() - begun < 5
    begun = time.monotonic()
    with emulator.inject("latency", 60, operations="GetCoreDevice"):
        with pytest.raises(ReadTimeoutError):
            client_of(emulator, read_timeout=0.05).get_core_device(coreDeviceThingName="pump-1")
        client.list_core_devices()
    assert time.monotonic() - begun < 30


def test_the_same_seed_hits_the_same_calls() -> None:
    def hit(seed: int | None) -> tuple[int, list[bool]]:
        with Emulator(seed=seed) as emulator:
            emulator.register_core_device("pump-1")
            emulator.inject("throttle", operations="GetCoreDevice", rate=0.5)
            return emulator.seed, outcomes(client_of(emulator), 40)

    seed, first = hit(None)
    assert hit(seed) == (seed, first)
    assert hit(seed + 1)[1] != first
    assert 5 <= sum(first) <= 35


def test_chances_begin_anew_after_a_reset_and_without_faults() -> None:
    with Emulator(seed=1) as emulator:
        client = client_of(emulator)

        def hit() -> list[bool]:
            emulator.register_core_device("pump-1")
            return outcomes(client, 40)

        old = emulator.inject("throttle", rate=0.5)
        first = hit()
        assert hit() != first
        emulator.reset()
        assert hit() == first
        # what went before makes no difference
        emulator.inject("latency", (0, 0.001), rate=0.5)
        hit()
        emulator.clear_faults()
        emulator.reset()
        emulator.inject("throttle", rate=0.5)
        old.remove()
        assert hit() == first


def test_a_fault_ends_after_its_times_or_with_its_block_or_when_it_is_removed(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("pump-1")
    fault = emulator.inject("throttle", operations="GetCoreDevice", times=2)
    client.list_core_devices()
    assert outcomes(client, 4) == [False, False, True, True]
    assert fault.hits == 2
    fault = emulator.inject("throttle")
    assert outcomes(client, 1) == [False]
    fault.remove()
    fault.remove()
    assert outcomes(client, 1) == [True]
    emulator.inject("throttle")
    emulator.inject("error", "InternalServerException")
    assert outcomes(client, 1) == [False]
    emulator.clear_faults()
    assert outcomes(client, 1) == [True]


def test_empty_pages_lead_on(emulator: Emulator, client: Any) -> None:
    emulator.register_core_devices(5)
    whole = flat(read_all(client))
    with emulator.inject("empty-pages"):
        pages = read_all(client, PaginationConfig={"PageSize": 2})
        assert [len(page) for page in pages] == [0, 2, 0, 2, 0, 1]
        assert flat(pages) == whole
        assert refused(client.list_installed_components, coreDeviceThingName="none")[0] == 404


@settings(max_examples=15)
@given(size=st.integers(1, 12), rate=st.sampled_from([0.3, 1.0]), fault=st.sampled_from(["short-pages", "empty-pages"]))
def test_short_and_empty_pages_lose_nothing_and_repeat_nothing(size: int, rate: float, fault: str) -> None:
    with Emulator(seed=size) as emulator:
        emulator.register_core_devices(23)
        group = emulator.thing_group_arn("a")
        client = client_of(emulator)
        made = [deploy(client, group) for _ in range(9)][::-1]
        publish(client, "c", "1.0.0"), publish(client, "c", "1.0.1"), publish(client, "d", "1.0.0")
        emulator.inject(fault, rate=rate)
        pages = read_all(client, PaginationConfig={"PageSize": size})
        assert flat(pages) == [f"device-{number:05}" for number in range(1, 24)]
        assert all(len(page) <= size for page in pages)
        found = client.get_paginator("list_deployments").paginate(
            historyFilter="ALL", PaginationConfig={"PageSize": size}
        )
        assert [row["deploymentId"] for row in found.search("deployments")] == made
        arn = (
            client.list_components(maxResults=100)["components"]
            or client.list_components(nextToken=client.list_components()["nextToken"])["components"]
        )
        versions = client.get_paginator("list_component_versions").paginate(
            arn=arn[0]["arn"], PaginationConfig={"PageSize": 1}
        )
        assert list(versions.search("componentVersions[].componentVersion")) == ["1.0.1", "1.0.0"]


def test_short_pages_are_short(emulator: Emulator, client: Any) -> None:
    emulator.register_core_devices(100)
    with emulator.inject("short-pages"):
        pages = read_all(client, PaginationConfig={"PageSize": 20})
    assert len(pages) > 5
    assert flat(pages) == flat(read_all(client))


def until(told: Callable[[], bool]) -> float:
    """How many seconds it takes until something is told."""
    begun = time.monotonic()
    while not told():
        assert time.monotonic() - begun < 20
    return time.monotonic() - begun


def test_lists_lag_and_single_answers_do_not(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("pump-1")
    with emulator.inject("consistency-delay", 0.4):
        emulator.register_core_device("pump-2")
        made = deploy(client, GROUP)
        client.delete_core_device(coreDeviceThingName="pump-1")
        assert client.get_deployment(deploymentId=made)["deploymentId"] == made
        assert names([client.list_core_devices()]) == [["pump-1"]]
        assert client.list_deployments()["deployments"] == []
        assert until(lambda: names([client.list_core_devices()]) == [["pump-2"]]) > 0.2
        assert until(lambda: len(client.list_deployments()["deployments"]) == 1) < 1
        emulator.register_core_device("pump-3")
        assert names([client.list_core_devices()]) == [["pump-2"]]
    assert names([client.list_core_devices()]) == [["pump-2", "pump-3"]]


def test_the_quota_is_the_services() -> None:
    with Emulator(quota=True) as emulator:
        emulator.register_core_device("pump-1")
        client = client_of(emulator)
        publish(client, "a")
        status, code, error = refused(publish, client=client, name="b")
        assert (status, code) == (429, "ThrottlingException")
        assert error["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
        begun = time.monotonic()
        answered = sum(outcomes(client, 100))
        most = 30 + 30 * (time.monotonic() - begun)
        assert 29 <= answered <= most
        # boto3's own retries get through
        patient = boto3.client(
            "greengrassv2",
            endpoint_url=emulator.endpoint_url,
            region_name=emulator.region_name,
            config=Config(retries={"total_max_attempts": 10, "mode": "standard"}),
            **emulator.credentials,
        )
        for _ in range(5):
            patient.list_core_devices()


def test_without_a_quota_there_is_no_limit(emulator: Emulator, client: Any) -> None:
    for number in range(40):
        publish(client, f"component-{number}")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"fault": "thorttle"}, "'thorttle' is no fault: did you mean 'throttle'?"),
        ({"fault": "short_pages"}, "'short_pages' is no fault: did you mean 'short-pages'?"),
        ({"fault": "reset", "operations": "get_core_device"}, "did you mean 'GetCoreDevice'?"),
        ({"fault": "reset", "operations": ["GetCoreDevice", "ListCoreDevice"]}, "did you mean 'ListCoreDevices'?"),
        ({"fault": "reset", "operations": []}, "operations is empty"),
        ({"fault": "error", "value": "ThrottledException"}, "did you mean 'ThrottlingException'?"),
        ({"fault": "error"}, "None is no error code"),
        ({"fault": "reset", "value": 3}, "reset takes no value, not 3"),
        ({"fault": "empty-pages", "operations": "GetCoreDevice"}, "GetCoreDevice has no pages"),
        ({"fault": "latency"}, "latency is None: give seconds, at least 0"),
        ({"fault": "latency", "value": (2, 1)}, "give the least first"),
        ({"fault": "latency", "value": float("inf")}, "latency is inf: give seconds"),
        ({"fault": "truncate", "value": -1}, "truncate is -1: give a number of bytes"),
        ({"fault": "slow", "value": 0}, "slow is 0: give bytes a second"),
        ({"fault": "consistency-delay", "value": "soon"}, "consistency-delay is 'soon': give seconds"),
        ({"fault": "reset", "rate": 0}, "rate is 0: give a share"),
        ({"fault": "reset", "rate": 1.5}, "rate is 1.5: give a share"),
        ({"fault": "reset", "times": 0}, "times is 0: give at least 1"),
    ],
)
def test_what_is_no_fault_is_told(emulator: Emulator, client: Any, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        emulator.inject(**arguments)
    client.list_core_devices()


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("GetCoreDevice:0.1:throttle", {"fault": "throttle", "operations": ["GetCoreDevice"], "rate": 0.1}),
        ("*:3x:reset", {"fault": "reset", "times": 3}),
        (
            "GetCoreDevice,ListCoreDevices:1:latency=0.1-0.5",
            {"fault": "latency", "value": "0.1-0.5", "operations": ["GetCoreDevice", "ListCoreDevices"], "rate": 1.0},
        ),
        (
            "*:1:error=BadGatewayException",
            {"fault": "error", "value": "BadGatewayException", "rate": 1.0},
        ),
    ],
)
def test_faults_of_the_command_line(emulator: Emulator, text: str, arguments: dict[str, Any]) -> None:
    parsed = faults.parse(text)
    assert {name: value for name, value in parsed.items() if value is not None} == arguments
    emulator.inject(**parsed).remove()


#: Every fault as the command line has it.
TEXTS = (
    "latency=0.001",
    "latency=0-0.001",
    "throttle",
    "error=InternalServerException",
    "error=TooManyRequestsException",
    "reset",
    "truncate=3",
    "slow=100000",
    "short-pages",
    "empty-pages",
    "consistency-delay=0.5",
)


@pytest.mark.parametrize("text", TEXTS)
def test_every_fault_has_its_text(emulator: Emulator, client: Any, text: str) -> None:
    emulator.register_core_devices(3)
    fault = emulator.inject(**faults.parse(f"ListCoreDevices:1x:{text}"))
    with contextlib.suppress(BotoCoreError, ClientError):
        client.list_core_devices(maxResults=2)
    assert fault.hits == 1
    assert len(client.list_core_devices(maxResults=2)["coreDevices"]) == 2
    assert fault.hits == 1


def test_the_texts_are_of_all_faults() -> None:
    assert faults.__doc__
    assert {text.partition("=")[0] for text in TEXTS} == set(re.findall(r"^\| `([a-z-]+)` \|", faults.__doc__, re.M))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("throttle", "has not the form OPERATIONS:HOW_OFTEN:FAULT"),
        ("*:often:throttle", "'often'"),
        ("*:x:throttle", "'x'"),
    ],
)
def test_texts_that_are_no_fault(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        faults.parse(text)


def test_latencies_as_texts() -> None:
    read = [faults.check("latency", value, None, 1, None).value for value in ("0.5", "1e-3", "0-1", "0.1-0.25", 2)]
    assert read == [(0.5, 0.5), (0.001, 0.001), (0, 1), (0.1, 0.25), (2, 2)]


def test_a_stopped_emulator_has_no_faults() -> None:
    with Emulator() as emulator:
        fault = emulator.inject("throttle")
    with pytest.raises(RuntimeError, match="the emulator is stopped"):
        emulator.inject("throttle")
    fault.remove()

"""`client.map`: what single calls give, item by item, and no more of it at once than promised."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import ChainMap, OrderedDict, UserDict
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import boto3
import pytest

import fleetgrass
from fleetgrass.emulator import Emulator
from fleetgrass.many import Map
from support.answers import failure, reply
from support.server import RecordingServer
from support.silent import Silent

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
NAMES = [f"device-{number:05}" for number in range(1, 151)]

pytestmark = pytest.mark.timeout(60)


def client(url: str, **settings: Any) -> Any:
    config = fleetgrass.Config(**settings)
    return fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=url, config=config, **KEYS)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Any]:
    with Emulator(check_signatures=False) as emulator:
        emulator.register_core_devices(len(NAMES))
        yield client(emulator.endpoint_url)


def shown(answer: Any) -> Any:
    """An answer or error without what differs from call to call."""
    if isinstance(answer, Exception):
        return type(answer).__name__, str(answer)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def alone(call: Any, params: Any) -> Any:
    try:
        return shown(call(**params))
    except Exception as error:
        return shown(error)


ITEMS: list[Any] = [{"coreDeviceThingName": name} for name in NAMES]
ITEMS[3:3] = [{"coreDeviceThingName": "nobody"}, {"coreDeviceThingName": 7}, {}, {"unknown": "x"}]


@pytest.mark.parametrize("operation", ["get_core_device", "GetCoreDevice"])
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_each_item_ends_as_its_call_would(cloud: Any, operation: str, observed: bool) -> None:
    ours = client(cloud.meta.endpoint_url)
    heard: list[str] = []
    if observed:
        ours.meta.events.register("before-send", lambda **kwargs: heard.append("x"))
    want = [alone(cloud.get_core_device, item) for item in ITEMS]
    assert [shown(answer) for answer in ours.map(operation, iter(ITEMS), max_concurrency=8)] == want
    unordered = {at: shown(answer) for at, answer in ours.map(operation, ITEMS, max_concurrency=8, ordered=False)}
    assert [unordered[at] for at in range(len(ITEMS))] == want
    assert bool(heard) == observed


@pytest.mark.parametrize("options", [{"ordered": True}, {"ordered": False}, {"errors": "raise"}], ids=str)
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_the_input_may_give_one_dict_again_and_again(server: Any, observed: bool, options: Any) -> None:
    """Also values in it are those of the moment when it was given."""
    ours = client(server.url)
    if observed:
        ours.meta.events.register("before-send", lambda **kwargs: None)
    given: dict[str, Any] = {"targetArn": "", "components": {"a": {}}, "tags": {}}

    def items() -> Iterator[Any]:
        for number in range(20):
            given["targetArn"] = f"target-{number}"
            given["components"]["a"]["componentVersion"] = given["tags"]["number"] = str(number)
            yield given

    assert len(list(ours.map("create_deployment", items(), max_concurrency=8, **options))) == 20
    sent = [json.loads(request.body) for request in server.take()]
    told = [(each["targetArn"], each["components"]["a"]["componentVersion"], each["tags"]["number"]) for each in sent]
    assert sorted(told) == sorted((f"target-{number}", str(number), str(number)) for number in range(20))


class Broken(UserDict[str, Any]):
    def __iter__(self) -> Iterator[str]:
        raise LookupError("mine")


@pytest.mark.parametrize("paginate", [False, True])
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_items_may_be_any_mappings(cloud: Any, observed: bool, paginate: bool) -> None:
    """As those that boto3 takes by `**`."""
    ours = client(cloud.meta.endpoint_url)
    boto3s = boto3.client("greengrassv2", region_name="us-east-1", endpoint_url=cloud.meta.endpoint_url, **KEYS)
    if observed:
        ours.meta.events.register("before-send", lambda **kwargs: None)
    given = {"status": "HEALTHY", "maxResults": 60}
    kinds = [dict, UserDict, MappingProxyType, ChainMap, OrderedDict]
    items: list[Any] = [kind(given) for kind in kinds]
    one = boto3s.get_paginator("list_core_devices")
    want = [
        shown(one.paginate(**item).build_full_result() if paginate else boto3s.list_core_devices(**item))
        for item in items
    ]
    answers = list(
        ours.map("list_core_devices", [*items, Broken(given), 7, None, [("maxResults", 1)]], paginate=paginate)
    )
    assert [names(shown(answer)) for answer in answers[: len(kinds)]] == [names(answer) for answer in want]
    assert [type(answer).__name__ for answer in answers[len(kinds) :]] == ["LookupError", *["ParamValidationError"] * 3]
    assert items == [kind(given) for kind in kinds]


def names(answer: Any) -> list[str]:
    return [device["coreDeviceThingName"] for device in answer["coreDevices"]]


def test_pages_are_merged_as_the_paginator_does(cloud: Any) -> None:
    items: list[Any] = [{"maxResults": size} for size in (7, 100)] + [{"maxResults": "many"}, {"status": "HEALTHY"}]
    answers = list(cloud.map("list_core_devices", items, paginate=True))
    for item, answer in zip(items, answers, strict=True):
        assert shown(answer) == alone(cloud.get_paginator("list_core_devices").paginate(**item).build_full_result, {})
    assert len(answers[0]["coreDevices"]) == len(NAMES)
    assert "nextToken" not in items[0]
    with pytest.raises(fleetgrass.exceptions.OperationNotPageableError):
        cloud.map("get_core_device", [], paginate=True)


class Calls:
    """Calls that end when the test says so."""

    def __init__(self) -> None:
        self.submitted: list[tuple[int, Any]] = []
        self.ended: list[tuple[int, Any]] = []
        #: While somebody waits.
        self.later: list[tuple[int, Any]] = []

    def submit(self, number: int, _operation: str, params: Any, _paginated: bool) -> None:
        self.submitted.append((number, params.get("nextToken")))

    def take_ended(self) -> list[tuple[int, Any]]:
        ended, self.ended = self.ended, []
        return ended

    def take(self) -> list[tuple[int, Any]]:
        later, self.later = self.later, []
        return later

    def check_process(self) -> None: ...

    def cancel(self) -> None: ...


def test_a_page_is_asked_for_while_answers_of_other_items_are_read() -> None:
    calls = Calls()
    paged = Map(calls, client("http://127.0.0.1:1").list_core_devices, 3, True, False, True)  # type: ignore[arg-type]
    calls.later = [(0, {"coreDevices": ["a"]}), (1, {"coreDevices": ["b"]})]
    answers = paged.answers([{}, {}, {}])
    assert next(answers) == {"coreDevices": ["a"]}
    assert calls.submitted == [(0, None), (1, None), (2, None)]
    # the page comes while the reader has the first answer; the second one is there
    calls.ended = [(2, {"coreDevices": ["c"], "nextToken": "more"})]
    assert next(answers) == {"coreDevices": ["b"]}
    assert calls.submitted[3:] == [(2, "more")]
    calls.ended = [(2, {"coreDevices": ["d"]})]
    assert list(answers) == [{"coreDevices": ["c", "d"]}]


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_an_answer_that_is_there_does_not_wait_for_the_input(server: Any, ordered: bool, observed: bool) -> None:
    ours = client(server.url)
    if observed:
        ours.meta.events.register("before-send", lambda **kwargs: None)
    given = 0

    def items() -> Iterator[Any]:
        for number in range(20):
            server.wait_for_requests(number)
            assert given or number < 19
            yield {}

    for given, _ in enumerate(ours.map("list_components", items(), ordered=ordered), 1):  # noqa: B007 - counted
        pass
    assert given == 20


@pytest.mark.parametrize("params", [{"coreDeviceThingName": "a"}, "a", b"a", 7, None])
def test_what_is_no_iterable_of_dicts_is_told(cloud: Any, params: Any) -> None:
    with pytest.raises(TypeError, match="iterable"):
        next(cloud.map("get_core_device", params))


@pytest.mark.parametrize("paginate", [False, True])
def test_what_was_done_before_the_input_broke_is_told(cloud: Any, paginate: bool) -> None:
    def items() -> Iterator[Any]:
        yield from [{}] * 50
        raise LookupError("no more")

    answers = cloud.map("list_core_devices", items(), max_concurrency=4, paginate=paginate)
    assert len([next(answers) for _ in range(50)]) == 50
    with pytest.raises(LookupError, match="no more"):
        next(answers)


def test_an_error_that_will_be_raised_ends_the_reading(server: Any) -> None:
    """It is there while the answer before it is waited for."""
    read = []

    def items() -> Iterator[Any]:
        for number in range(1000):
            read.append(number)
            yield {"maxResults": "many" if number == 1 else 7}

    server.script([reply({"message": "later"}, 503, [("retry-after", "1")]), reply()])
    with pytest.raises(fleetgrass.exceptions.ParamValidationError) as raised:
        list(client(server.url).map("list_components", items(), errors="raise", max_concurrency=8))
    assert raised.value.item_index == 1
    assert read == [0, 1]


@pytest.mark.parametrize(("ordered", "ahead"), [(True, 48), (False, 6)])
def test_the_input_is_read_so_far_ahead_and_no_further(cloud: Any, ordered: bool, ahead: int) -> None:
    read = 0

    def items() -> Iterator[Any]:
        nonlocal read
        for read in range(1, 201):  # noqa: B007 - counted
            yield ITEMS[0]

    for taken, _ in enumerate(cloud.map("get_core_device", items(), max_concurrency=3, ordered=ordered), 1):
        assert read <= taken + ahead
    assert taken == read == 200


def test_an_error_that_is_raised_does_not_wait_for_the_budget(server: RecordingServer) -> None:
    """Nothing was sent of the calls that stand in its line."""
    server.script([failure(404, "ResourceNotFoundException")])
    slow = client(f"{server.url}/{uuid4()}", requests_per_second=1e-6)
    with pytest.raises(slow.exceptions.ResourceNotFoundException) as raised:
        list(slow.map("list_components", [{}] * 100, errors="raise", max_concurrency=8))
    assert raised.value.item_index < 8
    assert len(server.take()) == 1


def test_an_error_that_is_raised_names_its_item_after_all_calls_have_ended(cloud: Any) -> None:
    answers = cloud.map("get_core_device", ITEMS, errors="raise", max_concurrency=4)
    assert [next(answers)["coreDeviceThingName"] for _ in range(3)] == NAMES[:3]
    with pytest.raises(cloud.exceptions.ResourceNotFoundException) as raised:
        next(answers)
    assert raised.value.item_index == 3
    assert "item 3" in raised.value.__notes__[-1]


def test_an_error_of_the_input_is_its_readers(cloud: Any) -> None:
    def items() -> Iterator[Any]:
        yield ITEMS[0]
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        list(cloud.map("get_core_device", items()))


def test_arguments_that_make_no_sense(cloud: Any) -> None:
    with pytest.raises(fleetgrass.exceptions.UnknownClientMethodError):
        cloud.map("get_no_device", [])
    with pytest.raises(ValueError, match="max_concurrency is 0"):
        cloud.map("get_core_device", [], max_concurrency=0)
    with pytest.raises(ValueError, match="errors is 'ignore'"):
        cloud.map("get_core_device", [], errors="ignore")
    assert list(cloud.map("get_core_device", [])) == []


def test_faults_lose_double_and_move_nothing() -> None:
    """Answers are those of boto3 without faults, item by item; what was made, was made once."""
    with Emulator(check_signatures=False, seed=7) as emulator:
        emulator.register_core_devices(len(NAMES))
        retries = fleetgrass.Config(retries={"total_max_attempts": 10})
        url = emulator.endpoint_url
        ours = fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=url, config=retries, **KEYS)
        boto3s = boto3.client("greengrassv2", region_name="us-east-1", endpoint_url=url, **KEYS)
        # half of an error's body is an answer to both modules, and not tried again
        items = [item for item in ITEMS if item != {"coreDeviceThingName": "nobody"}]
        want = [alone(boto3s.get_core_device, item) for item in items]
        deployments = [{"targetArn": f"arn:aws:iot:us-east-1:123456789012:thing/{name}"} for name in NAMES[:60]]
        with (
            emulator.inject("error", "InternalServerException", rate=0.06) as refused,
            emulator.inject("reset", rate=0.06) as reset,
            emulator.inject("truncate", 20, rate=0.03),
        ):
            for _ in range(2):
                assert [shown(answer) for answer in ours.map("get_core_device", items)] == want
            made = list(ours.map("create_deployment", deployments, errors="raise"))
            assert refused.hits > 0
            assert reset.hits > 0
        assert len({answer["deploymentId"] for answer in made}) == 60
        there = boto3s.get_paginator("list_deployments").paginate(historyFilter="ALL").build_full_result()
        found = {deployment["targetArn"]: deployment["deploymentId"] for deployment in there["deployments"]}
        assert len(there["deployments"]) == 60
        for item, answer in zip(deployments, made, strict=True):
            assert found[item["targetArn"]] == answer["deploymentId"]


def test_pages_under_faults_lose_double_and_move_nothing() -> None:
    """Of `map`, `items` and full results, beside boto3's without faults."""
    with Emulator(check_signatures=False, seed=11) as emulator:
        emulator.register_core_devices(len(NAMES))
        retries = fleetgrass.Config(retries={"total_max_attempts": 10})
        url = emulator.endpoint_url
        ours = fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=url, config=retries, **KEYS)
        paginator = ours.get_paginator("list_core_devices")
        boto3s = boto3.client("greengrassv2", region_name="us-east-1", endpoint_url=url, **KEYS)
        want = shown(boto3s.get_paginator("list_core_devices").paginate().build_full_result())
        assert names(want) == NAMES
        items = [{"maxResults": size} for size in (3, 7, 20, 100)] * 3
        with (
            emulator.inject("error", "ServiceUnavailableException", rate=0.06) as refused,
            emulator.inject("reset", rate=0.06) as reset,
        ):
            assert [shown(answer) for answer in ours.map("list_core_devices", items, paginate=True)] == [want] * 12
            assert list(paginator.items(maxResults=5)) == want["coreDevices"]
            assert paginator.paginate(maxResults=5).build_full_result() == want
            assert refused.hits > 5
            assert reset.hits > 5


def test_a_slow_reader_holds_up_the_calls(server: Any) -> None:
    items = ({} for _ in range(1000))
    answers = client(server.url).map("list_components", items, max_concurrency=4, ordered=False)
    sent = 0
    for read, _ in zip(range(1, 101), answers, strict=False):
        sent += len(server.take())
        assert sent <= read + 8
    assert sum(1 for _ in answers) == 900


def test_one_slow_answer_does_not_hold_up_the_others(server: Any) -> None:
    """One of the first two calls gets no answer at once; the others go on, up to the bound."""
    server.script([reply({"message": "later"}, 503, [("retry-after", "1")]), reply()])
    answers = client(server.url).map("list_components", ({} for _ in range(100)), max_concurrency=2)
    next(answers), next(answers)
    assert len(server.take()) > 2 * 2 + 2
    answers.close()


def test_a_retried_call_keeps_its_token(server: Any) -> None:
    server.script([reply({"message": "later"}, 503), reply()])
    [answer] = client(server.url).map("create_deployment", [{"targetArn": "arn:aws:iot:us-east-1:1:thing/x"}])
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    first, second = [request.body for request in server.take()]
    assert first == second
    assert b"clientToken" in first


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_the_calls_under_way() -> None:
    with Silent() as server:
        killer = threading.Thread(target=lambda: (server.asked.wait(), os.kill(os.getpid(), signal.SIGINT)))
        killer.start()
        with pytest.raises(KeyboardInterrupt):
            list(client(server.url).map("list_components", [{}]))
        killer.join()
        assert server.ended.wait(10)


def test_leaving_the_loop_ends_the_calls_under_way() -> None:
    """The second item is refused at once, the first one is never answered."""
    with Silent() as server:
        answers = client(server.url).map("list_components", [{}, {"scope": 7}], ordered=False)
        assert next(answers)[0] == 1
        assert server.asked.wait(10)
        answers.close()
        assert server.ended.wait(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_cannot_go_on_with_a_map_but_starts_its_own(cloud: Any) -> None:
    answers = cloud.map("get_core_device", ITEMS, max_concurrency=2)
    next(answers)  # the next ones may be there already, or under way
    child = os.fork()
    if child == 0:
        status = 1
        try:
            next(answers)
        except RuntimeError as error:
            answers = cloud.map("get_core_device", ITEMS[:3])
            status = 0 if "fork" in str(error) and len(list(answers)) == 3 else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(answers)) == len(ITEMS) - 1


EXIT = """
import fleetgrass, sys
ours = fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=sys.argv[1],
                         aws_access_key_id="a", aws_secret_access_key="b")
answers = ours.map("list_components", [{}, {"scope": 7}], ordered=False)
next(answers)
"""


def test_the_interpreter_ends_with_calls_under_way() -> None:
    import subprocess

    with Silent() as server:
        ended = subprocess.run([sys.executable, "-c", EXIT, server.url], capture_output=True, timeout=30, check=False)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_memory_stays_flat_however_long_the_input(cloud: Any) -> None:
    import tracemalloc

    items = ({"maxResults": 3} if number % 9 else {"maxResults": "x"} for number in range(4000))
    answers = cloud.map("list_core_devices", items, max_concurrency=8)
    tracemalloc.start()
    try:
        for _ in range(1000):
            next(answers)
        before = tracemalloc.get_traced_memory()[0]
        assert sum(1 for _ in answers) == 3000
        assert tracemalloc.get_traced_memory()[0] < before + 100_000
    finally:
        tracemalloc.stop()

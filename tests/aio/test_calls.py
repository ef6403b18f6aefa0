"""Calls, paginators and waiters of `fleetgrass.aio` give what those of the sync client do, on asyncio and uvloop."""

from __future__ import annotations

import asyncio
import pickle
import threading
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

import fleetgrass
import fleetgrass.aio
from fleetgrass.config import Config
from fleetgrass.emulator import Emulator
from support.answers import (
    BROKEN_CHUNK,
    CLOSED,
    GARBAGE,
    HALF_BODY_THEN_SILENT,
    HALF_HEAD,
    SILENT,
    Answer,
    failure,
    plain,
    reply,
    truncated,
)
from support.interface import ARGUMENTS, ITEMS, NAMES, asked_of_boto3, awaited, shown
from support.loops import Run, observe, opened
from support.server import RecordingServer


def alone(call: Any, params: Any) -> Any:
    try:
        return shown(call(**params))
    except Exception as error:
        return shown(error)


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_each_call_ends_as_the_sync_one(cloud: Any, run: Run, observed: bool) -> None:
    async def work() -> list[Any]:
        async with opened(cloud.meta.endpoint_url) as client:
            heard = observe(client, observed)
            answers = await asyncio.gather(*(client.get_core_device(**item) for item in ITEMS), return_exceptions=True)
            assert bool(heard) == observed
            assert threading.main_thread().name not in heard
            return [shown(answer) for answer in answers]

    assert run(work()) == [alone(cloud.get_core_device, item) for item in ITEMS]


def test_handlers_that_are_coroutine_functions_are_awaited_in_the_loop(cloud: Any, run: Run) -> None:
    heard: list[str] = []

    async def choose(params: Any, **told: Any) -> Any:
        await asyncio.sleep(0)
        heard.append(threading.current_thread().name)
        return {"coreDeviceThingName": NAMES[int(params["number"])]}

    async def refuse(**told: Any) -> Any:
        raise LookupError("not now")

    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            client.meta.events.register("provide-client-params.greengrassv2.GetCoreDevice", choose)
            assert (await client.get_core_device(number=3))["coreDeviceThingName"] == NAMES[3]
            found = [each async for each in client.map("get_core_device", [{"number": 1}, {"number": 2}])]
            assert [each["coreDeviceThingName"] for each in found] == NAMES[1:3]
            assert NAMES[4] in await client.generate_presigned_url("get_core_device", {"number": 4})
            client.meta.events.register("before-send", refuse)
            with pytest.raises(LookupError, match="not now"):
                await client.get_core_device(number=3)

    run(work())
    assert heard == [threading.current_thread().name] * 5


def test_a_handler_in_the_loop_may_cause_events_itself(cloud: Any, run: Run) -> None:
    """Others cannot be awaited meanwhile: the loop would wait for itself."""
    answers: list[Any] = []

    async def answer(**told: Any) -> None: ...

    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:

            async def cause(**told: Any) -> None:
                answers.extend(response for _, response in client.meta.events.emit("mine", number=1))

            client.meta.events.register("mine", answer)
            client.meta.events.register("before-send", cause)
            await client.get_core_device(coreDeviceThingName=NAMES[0])
            assert [await each for each in answers] == [None]

    run(work())


def test_how_a_handler_ends_is_how_the_call_ends(cloud: Any, run: Run) -> None:
    async def cancelled(**told: Any) -> None:
        raise asyncio.CancelledError

    def exhausted(**told: Any) -> Any:
        return next(iter([]))

    async def work() -> None:
        for handler, outcome in ((cancelled, asyncio.CancelledError), (exhausted, RuntimeError)):
            async with opened(cloud.meta.endpoint_url) as client:
                client.meta.events.register("provide-client-params", handler)
                with pytest.raises(outcome):
                    await asyncio.wait_for(client.get_core_device(coreDeviceThingName=NAMES[0]), 10)

    run(work())


def test_handlers_that_call_and_wait_find_threads(cloud: Any, run: Run) -> None:
    """As many calls at once as there may be, each with a handler that needs a thread, and another call."""

    async def wait(**told: Any) -> Any:
        await asyncio.to_thread(lambda: None)
        async with opened(cloud.meta.endpoint_url) as other:
            other.meta.events.register("before-send", lambda **told: None)
            await other.get_core_device(coreDeviceThingName=NAMES[0])

    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            client.meta.events.register("before-send", wait)
            await asyncio.gather(*(client.get_core_device(coreDeviceThingName=NAMES[1]) for _ in range(100)))

    run(work())


def test_calls_wait_for_the_budget_whoever_listens(server: RecordingServer, run: Run) -> None:
    async def work() -> None:
        async with opened(f"{server.url}/{uuid4()}", requests_per_second=1e-6) as client:
            client.meta.events.register("before-send", lambda **told: None)
            await client.list_components()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.list_components(), 0.1)

    run(work())


FAULTS: dict[str, list[Answer]] = {
    "an error": [failure(404, "ResourceNotFoundException")],
    "throttled once": [failure(429, "ThrottlingException"), reply({"coreDevices": []})],
    "broken once": [reply({"message": "no"}, 503), reply({"coreDevices": []})],
    "always broken": [reply({"message": "no"}, 500)],
    "closed": [CLOSED],
    "silent": [SILENT],
    "silent in the body": [HALF_BODY_THEN_SILENT],
    "half a head": [HALF_HEAD],
    "garbage": [GARBAGE],
    "a broken chunk": [BROKEN_CHUNK],
    "truncated": [truncated(200, b"{}")],
    "no JSON": [plain(200, b"<html>")],
    "empty": [plain(200, b"")],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_end_as_in_the_sync_client(server: RecordingServer, run: Run, fault: str) -> None:
    settings: dict[str, Any] = {"read_timeout": 0.2, "retries": {"mode": "standard", "total_max_attempts": 2}}
    params = {"targetArn": "arn:aws:iot:us-east-1:123456789012:thing/x", "clientToken": "t" * 36}

    async def work() -> list[Any]:
        async with opened(server.url, **settings) as client:
            calls = [client.list_core_devices, client.create_deployment]
            ended = []
            for call, given in zip(calls, ({}, params), strict=True):
                server.script(FAULTS[fault])
                ended += await asyncio.gather(call(**given), return_exceptions=True)
                sent.append(len(server.take()))
            return [shown(answer) for answer in ended]

    sent: list[int] = []
    ours = run(work())
    sync = fleetgrass.client("greengrassv2", endpoint_url=server.url, config=Config(**settings), **ARGUMENTS)
    for at, (call, given) in enumerate([(sync.list_core_devices, {}), (sync.create_deployment, params)]):
        server.script(FAULTS[fault])
        assert ours[at] == alone(call, given)
        assert sent[at] == len(server.take())


def test_what_cannot_be_reached_ends_as_in_the_sync_client(run: Run) -> None:
    async def work(url: str) -> Any:
        async with opened(url, retries={"total_max_attempts": 1}, connect_timeout=1) as client:
            [ended] = await asyncio.gather(client.list_core_devices(), return_exceptions=True)
            return shown(ended)

    for url in ("http://127.0.0.1:1", "http://nobody.invalid", "https://127.0.0.1:1"):
        sync = fleetgrass.client(
            "greengrassv2", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}), **ARGUMENTS
        )
        assert run(work(url)) == alone(sync.list_core_devices, {})


def test_the_interface_gives_what_boto3_gives(cloud: Any, run: Run) -> None:
    url = cloud.meta.endpoint_url
    assert run(awaited(fleetgrass.aio.get_session(), url)) == asked_of_boto3(url)


def test_paginators_read_what_the_sync_ones_read(cloud: Any, run: Run) -> None:
    settings = {"PageSize": 40, "MaxItems": 90}

    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            paginator, sync = (each.get_paginator("list_core_devices") for each in (client, cloud))
            pages, theirs = paginator.paginate(PaginationConfig=settings), sync.paginate(PaginationConfig=settings)
            assert [shown(page) async for page in pages] == [shown(page) for page in theirs]
            assert pages.resume_token is not None
            assert await paginator.paginate(maxResults=7).build_full_result() == (
                sync.paginate(maxResults=7).build_full_result()
            )
            names = "coreDevices[].coreDeviceThingName"
            assert [name async for name in paginator.paginate().search(names)] == NAMES
            [items] = paginator.paginate().result_key_iters()
            assert [item["coreDeviceThingName"] async for item in items] == NAMES
            assert [item["coreDeviceThingName"] async for item in paginator.items(maxResults=40)] == NAMES
            some = [item async for item in paginator.items(PaginationConfig=settings)]
            assert [item["coreDeviceThingName"] for item in some] == NAMES[:90]
            with pytest.raises(TypeError):
                iter(pages)
            with pytest.raises(fleetgrass.exceptions.OperationNotPageableError):
                client.get_paginator("get_core_device")

    run(work())


def test_pages_under_faults_lose_double_and_move_nothing(run: Run) -> None:
    """They are those of the sync client without faults."""

    async def work(url: str) -> None:
        async with opened(url, retries={"total_max_attempts": 10}) as client:
            paginator = client.get_paginator("list_core_devices")
            assert [item async for item in paginator.items(maxResults=5)] == want["coreDevices"]
            pages = [page async for page in paginator.paginate(maxResults=15)]
            assert [item for page in pages for item in page["coreDevices"]] == want["coreDevices"]
            assert await paginator.paginate(maxResults=6).build_full_result() == want
            mapped = client.map("list_core_devices", [{"maxResults": size} for size in (5, 9, 20, 100)], paginate=True)
            assert [shown(answer) async for answer in mapped] == [want] * 4

    with Emulator(check_signatures=False, seed=5) as emulator:
        emulator.register_core_devices(len(NAMES))
        url = emulator.endpoint_url
        sync = fleetgrass.client("greengrassv2", endpoint_url=url, **ARGUMENTS).get_paginator("list_core_devices")
        want = sync.paginate().build_full_result()
        assert [device["coreDeviceThingName"] for device in want["coreDevices"]] == NAMES
        with (
            emulator.inject("error", "ServiceUnavailableException", rate=0.06) as refused,
            emulator.inject("reset", rate=0.06) as reset,
        ):
            run(work(url))
            assert refused.hits > 3
            assert reset.hits > 3


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
@pytest.mark.parametrize("limit", [150, 90, 80])
def test_a_full_result_asks_for_the_next_page_meanwhile_and_for_no_other(
    server: RecordingServer, run: Run, limit: int, observed: bool
) -> None:
    lists = [[{"coreDeviceThingName": name} for name in NAMES[at : at + 40]] for at in range(0, 160, 40)]
    count = -(-limit // 40)
    read: list[Any] = []

    async def work() -> None:
        server.script(reply({"coreDevices": page, "nextToken": f"t{at}"}) for at, page in enumerate(lists))
        async with opened(server.url) as client:
            observe(client, observed)
            pages = client.get_paginator("list_core_devices").paginate(PaginationConfig={"MaxItems": limit})

            def add(page: Any, result: Any) -> None:
                read.append(page)
                server.wait_for_requests(min(len(read) + 1, count))
                type(pages)._add(pages, page, result)

            pages._add = add
            whole = await pages.build_full_result()
            assert [device["coreDeviceThingName"] for device in whole["coreDevices"]] == NAMES[:limit]
            # another page could be there
            assert (len(server.take()), len(read), "NextToken" in whole) == (count, count, True)

    run(work())


@pytest.mark.parametrize("good", [0, 1], ids=["first page", "second page"])
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_readers_of_items_hear_of_what_is_no_exception(cloud: Any, run: Run, error: BaseException, good: int) -> None:
    class Provider:
        method = "explicit"
        asked = 0

        def get_frozen_credentials(self) -> Any:
            self.asked += 1
            if self.asked > good:
                raise error
            return fleetgrass.credentials.ReadOnlyCredentials("AKID", "secret", None)

    async def work() -> None:
        session = fleetgrass.aio.Session(region_name="us-east-1")
        session._lookup._credentials = Provider()
        async with session.client("greengrassv2", endpoint_url=cloud.meta.endpoint_url) as client:
            read: list[str] = []

            async def read_all() -> None:
                async for item in client.get_paginator("list_core_devices").items(maxResults=10):
                    read.append(item["coreDeviceThingName"])

            with pytest.raises(type(error)):
                await read_all()
            assert read == NAMES[: 10 * good]

    run(work())


def test_a_source_that_fails_is_asked_once_for_those_who_wait(cloud: Any, run: Run) -> None:
    """Those included that have no place yet when it fails."""
    all_are_there = threading.Event()

    class Provider:
        method = "explicit"
        asked = 0

        def get_frozen_credentials(self) -> Any:
            self.asked += 1
            all_are_there.wait(30)
            raise OSError("down")

    async def work() -> None:
        session, provider = fleetgrass.aio.Session(region_name="us-east-1"), Provider()
        session._lookup._credentials = provider
        config = Config(max_pool_connections=3)
        async with session.client("greengrassv2", endpoint_url=cloud.meta.endpoint_url, config=config) as client:
            calls = [asyncio.ensure_future(client.list_core_devices()) for _ in range(50)]
            await asyncio.sleep(0)
            all_are_there.set()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert [str(error) for error in ended] == ["down"] * 50
            # For the first to come; for those who wait meanwhile; for who gets a place while that is asked. One for
            # each three that have a place would be 17.
            assert provider.asked <= 3

    run(work())


def test_waiters_wait_and_fail(server: RecordingServer, run: Run) -> None:
    async def work() -> None:
        async with opened(server.url) as client:
            waiter = client.get_waiter("core_device_healthy")
            server.script([reply({"status": "UNHEALTHY"}), reply({"status": "HEALTHY"})])
            await waiter.wait(coreDeviceThingName="d", WaiterConfig={"Delay": 0})
            assert len(server.take()) == 2
            server.script([reply({"status": "UNHEALTHY"})])
            with pytest.raises(fleetgrass.exceptions.WaiterError, match="Max attempts exceeded"):
                await waiter.wait(coreDeviceThingName="d", WaiterConfig={"Delay": 0, "MaxAttempts": 2})
            server.script([failure(404, "ResourceNotFoundException")])
            with pytest.raises(fleetgrass.exceptions.WaiterError, match="ResourceNotFoundException"):
                await waiter.wait(coreDeviceThingName="d")

    run(work())


def test_credentials_that_are_asked_for_are_asked_in_threads(cloud: Any, run: Run) -> None:
    asked: list[str] = []

    class Provider:
        method = "explicit"

        def get_frozen_credentials(self) -> Any:
            asked.append(threading.current_thread().name)
            return fleetgrass.credentials.ReadOnlyCredentials("AKID", "secret", None)

    async def work() -> None:
        session = fleetgrass.aio.Session(region_name="us-east-1")
        session._lookup._credentials = Provider()
        async with session.client("greengrassv2", endpoint_url=cloud.meta.endpoint_url) as client:
            assert all(await asyncio.gather(*(client.list_core_devices() for _ in range(20))))
            [failed] = [each async for each in client.map("get_core_device", [{"coreDeviceThingName": "nobody"}])]
            assert isinstance(failed, client.exceptions.ResourceNotFoundException)

    run(work())
    assert 2 <= len(asked) <= 21  # calls that wait together are answered together
    assert threading.main_thread().name not in asked


@pytest.mark.timeout(30)
def test_credentials_that_raise_stop_iteration_end_their_calls_and_no_others(cloud: Any, run: Run) -> None:
    """It is no exception of a future. A call that waits with them has its answer."""
    asked: list[int] = []

    class Provider:
        method = "explicit"

        def get_frozen_credentials(self) -> Any:
            asked.append(1)
            if len(asked) == 1:
                raise StopIteration("no more")
            return fleetgrass.credentials.ReadOnlyCredentials("AKID", "secret", None)

    async def work() -> None:
        session = fleetgrass.aio.Session(region_name="us-east-1")
        session._lookup._credentials = Provider()
        async with session.client("greengrassv2", endpoint_url=cloud.meta.endpoint_url) as client:
            calls = [client.list_core_devices(maxResults=1) for _ in range(8)]
            ended = await asyncio.gather(*calls, return_exceptions=True)
            failed = [answer for answer in ended if isinstance(answer, BaseException)]
            assert failed
            for error in failed:
                assert isinstance(error, RuntimeError)
                assert str(error) == "the call raised StopIteration"
                assert isinstance(error.__cause__, StopIteration)
            assert all(answer["coreDevices"] for answer in ended if not isinstance(answer, BaseException))

    run(work())


def test_errors_of_the_way_in(cloud: Any) -> None:
    async def work() -> None:
        session = fleetgrass.aio.get_session()
        with pytest.raises(fleetgrass.exceptions.NoRegionError):
            await session.create_client("greengrassv2").__aenter__()
        async with opened(cloud.meta.endpoint_url) as client:
            with pytest.raises(TypeError, match="keyword arguments"):
                client.get_core_device("x")
            with pytest.raises(TypeError, match="async with"):
                client.__enter__()
            with pytest.raises(pickle.PicklingError, match="Session"):
                pickle.dumps(client)
            with pytest.raises(fleetgrass.exceptions.UnknownClientMethodError):
                client.map("get_no_device", [])
            with pytest.raises(fleetgrass.exceptions.OperationNotPageableError):
                client.map("get_core_device", [], paginate=True)

    asyncio.run(work())


class WatchesNothing(asyncio.SelectorEventLoop):
    """As asyncio's other loop on Windows is."""

    def add_reader(self, *args: Any) -> None:
        raise NotImplementedError  # what asyncio says there


@pytest.mark.parametrize("missing", ["the loop", "the system"])
def test_where_nothing_watches_descriptors_is_told(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def call() -> None:
        async with fleetgrass.aio.client("greengrassv2", endpoint_url="http://127.0.0.1:1", **ARGUMENTS) as client:
            await client.list_core_devices()

    if missing == "the system":
        # No descriptor can be asked for, elsewhere than on Unix.
        monkeypatch.setattr("fleetgrass.aio.door._core", SimpleNamespace(Many=lambda *args: object()))
    loop = asyncio.new_event_loop() if missing == "the system" else WatchesNothing()
    told = "does not run on" if missing == "the system" else "WatchesNothing cannot watch descriptors"
    try:
        with pytest.raises(RuntimeError, match=told):
            loop.run_until_complete(call())
    finally:
        loop.close()

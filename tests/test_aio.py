"""`fleetgrass.aio`: what the sync client gives, awaited, on asyncio and uvloop, and nothing left behind."""

from __future__ import annotations

import asyncio
import itertools
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from inspect import CORO_CLOSED, getcoroutinestate
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

import fleetgrass
import fleetgrass.aio
from fleetgrass.aio.threads import Waits
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
from support.processes import fork, statuses, used
from support.server import RecordingServer
from support.silent import Silent

pytestmark = pytest.mark.timeout(60)

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def new_uvloop() -> asyncio.AbstractEventLoop:
    return pytest.importorskip("uvloop").new_event_loop()  # type: ignore[no-any-return]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """What `asyncio.run` does, on either loop, in debug mode."""
    new_loop = new_uvloop if request.param == "uvloop" else asyncio.new_event_loop

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        loop = new_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 60
        try:
            return loop.run_until_complete(work)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    return run


@pytest.fixture(scope="module")
def cloud() -> Iterator[Any]:
    with Emulator(check_signatures=False) as emulator:
        emulator.register_core_devices(len(NAMES))
        yield fleetgrass.client("greengrassv2", endpoint_url=emulator.endpoint_url, **ARGUMENTS)


def opened(url: str, **options: Any) -> Any:
    return fleetgrass.aio.client("greengrassv2", endpoint_url=url, config=Config(**options), **ARGUMENTS)


def alone(call: Any, params: Any) -> Any:
    try:
        return shown(call(**params))
    except Exception as error:
        return shown(error)


def observe(client: Any, observed: bool) -> list[str]:
    heard: list[str] = []
    if observed:
        client.meta.events.register("before-send", lambda **told: heard.append(threading.current_thread().name))
    return heard


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


def test_no_handler_begins_for_a_call_that_nobody_wants_any_more(run: Run) -> None:
    begun = []

    async def handler() -> None:
        begun.append(True)

    async def work() -> None:
        waits, coroutine = Waits(asyncio.get_running_loop()), handler()
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.to_thread(waits, coroutine)
        assert begun == []
        assert getcoroutinestate(coroutine) == CORO_CLOSED  # Python warns of those that are left open

    run(work())


@pytest.mark.parametrize("kind", ["plain", "observed", "awaited"])
def test_a_loop_ends_with_calls_that_were_cancelled(server: RecordingServer, run: Run, kind: str) -> None:
    """They are not waited for, and what a handler was still at is not sent."""
    server.script([SILENT])
    ended: list[str] = []
    begun = threading.Event()

    async def never(**told: Any) -> Any:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def work() -> None:
        async with opened(server.url, read_timeout=600) as client:
            if kind != "plain":
                client.meta.events.register("before-send", never if kind == "awaited" else lambda **told: None)
            call = asyncio.ensure_future(client.list_components())
            if kind == "awaited":
                await asyncio.to_thread(begun.wait)
            else:
                await asyncio.to_thread(server.wait_for_requests, 1)
            call.cancel()
            await asyncio.wait([call])
            assert call.cancelled()

    run(work())
    assert (ended, len(server.take())) == ((["cancelled"], 0) if kind == "awaited" else ([], 1))


def test_calls_that_are_cancelled_together_let_none_of_them_begin(server: RecordingServer, run: Run) -> None:
    server.script([SILENT])

    async def work() -> None:
        async with opened(server.url, max_pool_connections=4) as client:
            calls = [asyncio.ensure_future(client.list_components()) for _ in range(200)]
            await asyncio.to_thread(server.wait_for_requests, 4)
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
            server.script([reply({"components": []})])
            assert (await client.list_components())["components"] == []

    run(work())
    assert len(server.take()) == 1


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


async def later(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
@pytest.mark.parametrize("source", [iter, later])
def test_map_gives_what_the_sync_one_gives(cloud: Any, run: Run, observed: bool, source: Any) -> None:
    want = [shown(answer) for answer in cloud.map("get_core_device", ITEMS)]

    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            observe(client, observed)
            answers = client.map("get_core_device", source(ITEMS), max_concurrency=8)
            assert [shown(answer) async for answer in answers] == want
            answers = client.map("GetCoreDevice", source(ITEMS), max_concurrency=8, ordered=False)
            unordered = {at: shown(answer) async for at, answer in answers}
            assert [unordered[at] for at in range(len(ITEMS))] == want
            answers = client.map("list_core_devices", source([{"maxResults": 7}, {"maxResults": "x"}]), paginate=True)
            paged = [shown(answer) async for answer in answers]
            assert paged == [
                shown(each) for each in cloud.map("list_core_devices", [{}, {"maxResults": "x"}], paginate=True)
            ]
            answers = client.map("get_core_device", source(ITEMS), errors="raise", max_concurrency=4)
            with pytest.raises(client.exceptions.ResourceNotFoundException) as raised:
                async for _ in answers:
                    pass
            assert raised.value.item_index == 3

    run(work())


def test_a_slow_source_holds_up_no_answer(cloud: Any, run: Run) -> None:
    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            seen = asyncio.Event()

            async def items() -> AsyncIterator[Any]:
                yield ITEMS[0]
                await seen.wait()
                yield ITEMS[1]

            names = []
            async for answer in client.map("get_core_device", items()):
                names.append(answer["coreDeviceThingName"])
                seen.set()
            assert names == NAMES[:2]

    run(work())


def test_a_source_is_read_in_one_task_and_breaks_after_its_answers(cloud: Any, run: Run) -> None:
    mark: ContextVar[int] = ContextVar("mark", default=0)

    async def items() -> AsyncIterator[Any]:
        token, task = mark.set(1), asyncio.current_task()
        for item in ITEMS[:3]:
            yield item
            assert (mark.get(), asyncio.current_task()) == (1, task)
        mark.reset(token)
        raise LookupError("no more")

    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            answers = client.map("get_core_device", items())
            assert [(await answers.__anext__())["coreDeviceThingName"] for _ in range(3)] == NAMES[:3]
            with pytest.raises(LookupError, match="no more"):
                await answers.__anext__()

    run(work())


def test_items_that_cannot_be_sent_leave_the_loop_its_turn(cloud: Any, run: Run) -> None:
    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            ran = asyncio.Event()
            asyncio.get_running_loop().call_soon(ran.set)
            async for _ in client.map("get_core_device", itertools.repeat({"unknown": 1})):
                if ran.is_set():
                    break

    run(work())


def test_the_input_is_read_at_most_twice_the_concurrency_ahead(cloud: Any, run: Run) -> None:
    async def work(source: Any) -> None:
        read = taken = 0

        def items() -> Iterator[Any]:
            nonlocal read
            for read in range(1, 101):  # noqa: B007 - counted
                yield ITEMS[0]

        async with opened(cloud.meta.endpoint_url) as client:
            given = items() if source is iter else later_of(items())
            async for _ in client.map("get_core_device", given, max_concurrency=3, ordered=False):
                taken += 1
                assert read <= taken + 7
        assert taken == read == 100

    run(work(iter))
    run(work(later))


async def later_of(items: Iterator[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def test_cancelling_the_task_ends_the_call_and_its_connection(run: Run) -> None:
    async def work(server: Silent, call: Callable[[Any], Coroutine[Any, Any, Any]]) -> None:
        async with opened(server.url) as client:
            task = asyncio.ensure_future(call(client))
            await asyncio.to_thread(server.asked.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.ended.wait, 10)

    async def mapped(client: Any) -> None:
        async for _ in client.map("list_components", [{}]):
            pass

    for call in (lambda client: client.list_components(), mapped):
        with Silent() as server:
            run(work(server, call))


def test_a_timeout_ends_the_call(run: Run) -> None:
    async def work() -> None:
        with Silent() as server:
            async with opened(server.url) as client:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(client.list_components(), 0.05)
                assert await asyncio.to_thread(server.ended.wait, 10)

    run(work())


def test_leaving_the_loop_over_a_map_ends_its_calls(run: Run) -> None:
    async def work() -> None:
        with Silent() as server:
            async with opened(server.url) as client:
                answers = client.map("list_components", [{}, {"scope": 7}], ordered=False)
                assert (await anext(answers))[0] == 1
                await asyncio.to_thread(server.asked.wait, 10)
                await answers.aclose()
                assert await asyncio.to_thread(server.ended.wait, 10)

    run(work())


def test_closing_the_client_ends_its_calls_and_leaves_it_usable(server: RecordingServer, run: Run) -> None:
    async def work() -> None:
        server.script([SILENT, reply()])
        async with opened(server.url) as client:
            call = asyncio.ensure_future(client.list_components())
            while not server.take():
                await asyncio.sleep(0)
            await client.close()
            with pytest.raises(RuntimeError, match="closed"):
                await call
            await client.list_components()

    run(work())


def test_a_loop_that_is_closed_during_calls_leaves_nothing_behind(run: Run) -> None:
    with Silent() as server:

        async def work() -> None:
            client = await opened(server.url).__aenter__()
            calls.append(asyncio.ensure_future(client.list_components()))
            await asyncio.to_thread(server.asked.wait, 10)
            calls[0].cancel()

        calls: list[Any] = []
        run(work())
        assert server.ended.wait(10)


def test_no_more_calls_are_under_way_than_connections_may_be(run: Run) -> None:
    with Gate() as gate:

        async def work() -> None:
            async with opened(gate.url, max_pool_connections=5) as client:
                calls = [asyncio.ensure_future(client.list_core_devices()) for _ in range(40)]
                await asyncio.to_thread(gate.full.wait, 10)
                calls[38].cancel()
                calls[39].cancel()
                gate.open.set()
                ended = await asyncio.gather(*calls, return_exceptions=True)
                assert sum(isinstance(answer, dict) for answer in ended) == 38

        run(work())
        assert gate.most == 5


class Gate:
    """A server whose answers wait until it is opened, and which counts the requests that wait at the same time."""

    def __init__(self, full: int = 5) -> None:
        self.full, self.open = threading.Event(), threading.Event()
        self.most = 0
        self._waiting, self._full = 0, full
        self._lock = threading.Lock()

    def __enter__(self) -> Gate:
        import socket

        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.open.set()
        self._listener.close()

    def _accept(self) -> None:
        try:
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()
        except OSError:
            pass

    def _serve(self, connection: Any) -> None:
        with connection:
            while connection.recv(65536):
                with self._lock:
                    self._waiting += 1
                    self.most = max(self.most, self._waiting)
                    if self._waiting == self._full:
                        self.full.set()
                self.open.wait(30)
                with self._lock:
                    self._waiting -= 1
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                except OSError:
                    return


def test_a_thousand_calls_in_flight(run: Run) -> None:
    with Gate(1000) as gate:

        async def work() -> None:
            async with opened(gate.url, max_pool_connections=1000) as client:
                calls = [asyncio.ensure_future(client.list_core_devices()) for _ in range(1000)]
                assert await asyncio.to_thread(gate.full.wait, 30)
                gate.open.set()
                assert all(await asyncio.gather(*calls))

        run(work())
        assert gate.most == 1000


def test_several_loops_in_several_threads_share_a_client(cloud: Any) -> None:
    clients: list[Any] = []

    async def work() -> list[Any]:
        calls = [clients[0].get_core_device(coreDeviceThingName=name) for name in NAMES]
        return [answer["coreDeviceThingName"] for answer in await asyncio.gather(*calls)]

    async def open_one() -> None:
        clients.append(await opened(cloud.meta.endpoint_url).__aenter__())

    asyncio.run(open_one())
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # loops end and begin in all threads at the same time
    try:
        with ThreadPoolExecutor(4) as pool:
            for names in pool.map(lambda _: asyncio.run(work()), range(40)):
                assert names == NAMES
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_of_a_fork_goes_on_with_the_client_in_a_loop_of_its_own(server: RecordingServer) -> None:
    server.script([reply({"coreDevices": []})])

    async def call(client: Any) -> None:
        await asyncio.gather(*(client.list_core_devices() for _ in range(20)))
        [answer] = [answer async for answer in client.map("list_core_devices", [{}])]
        assert answer["coreDevices"] == []

    async def work() -> None:
        async with opened(server.url) as client:
            await call(client)
            children = [fork(lambda: asyncio.new_event_loop().run_until_complete(call(client))) for _ in range(5)]
            await call(client)
            assert await asyncio.to_thread(statuses, children) == {0}
            await call(client)

    asyncio.run(work())


EXIT = """
import asyncio, fleetgrass.aio, sys
async def work():
    client = await fleetgrass.aio.client("greengrassv2", region_name="us-east-1", endpoint_url=sys.argv[1],
                                         aws_access_key_id="a", aws_secret_access_key="b").__aenter__()
    call = asyncio.ensure_future(client.list_components())
    answers = client.map("list_components", [{}, {"scope": 7}], ordered=False)
    await anext(answers)
    if sys.argv[2] == "raise":
        raise SystemExit(3)
    sys.exit(call.cancel() - 1)
asyncio.run(work())
"""


@pytest.mark.parametrize(("how", "status"), [("raise", 3), ("cancel", 0)])
def test_the_interpreter_ends_with_calls_under_way(how: str, status: int) -> None:
    with Silent() as server:
        command = [sys.executable, "-W", "error", "-c", EXIT, server.url, how]
        ended = subprocess.run(command, capture_output=True, timeout=30, check=False)
        assert (ended.returncode, ended.stdout, ended.stderr) == (status, b"", b"")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_clients_and_loops_that_come_and_go_leave_nothing(cloud: Any, run: Run) -> None:
    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            await asyncio.gather(*(client.list_core_devices() for _ in range(20)))
            assert [each async for each in client.map("list_core_devices", [{}] * 20)]

    for _ in range(3):
        run(work())
    before = used()[:2]
    for _ in range(20):
        run(work())
    assert used()[:2] == before


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


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_clients_that_are_dropped_in_a_loop_leave_nothing(cloud: Any, run: Run) -> None:
    async def call() -> int:
        client = await opened(cloud.meta.endpoint_url).__aenter__()
        await client.list_core_devices()
        del client
        descriptors = used()[1]  # which collects the garbage
        await asyncio.sleep(0)
        return descriptors

    async def work() -> None:
        for _ in range(3):
            await call()
        before = await call()
        for _ in range(20):
            await call()
        assert await call() == before

    run(work())


class Bye(BaseException):
    """No Exception."""


@pytest.mark.parametrize("paginate", [False, True])
@pytest.mark.parametrize("errors", ["return", "raise"])
def test_what_is_no_exception_is_always_raised(cloud: Any, run: Run, errors: Any, paginate: bool) -> None:
    class Provider:
        method = "explicit"

        def get_frozen_credentials(self) -> Any:
            raise Bye("bye")

    def session_of(module: Any) -> Any:
        session = module.Session(region_name="us-east-1")
        session._lookup._credentials = Provider()
        return session

    url, options = cloud.meta.endpoint_url, {"errors": errors, "paginate": paginate}

    async def work() -> None:
        async with session_of(fleetgrass.aio).client("greengrassv2", endpoint_url=url) as client:
            with pytest.raises(Bye):
                await client.list_core_devices()
            with pytest.raises(Bye):
                [each async for each in client.map("list_core_devices", [{}], **options)]

    run(work())
    with pytest.raises(Bye) as raised:
        list(session_of(fleetgrass).client("greengrassv2", endpoint_url=url).map("list_core_devices", [{}], **options))
    assert raised.value.item_index == 0  # type: ignore[attr-defined]


def test_errors_of_the_way_in(cloud: Any) -> None:
    async def work() -> None:
        session = fleetgrass.aio.get_session()
        with pytest.raises(fleetgrass.exceptions.UnknownServiceError, match="s3"):
            await session.client("s3").__aenter__()
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
        raise NotImplementedError


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

"""Calls that are cancelled, and loops, clients, forks and interpreters that come and go, leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import operator
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from inspect import CORO_CLOSED, getcoroutinestate
from typing import Any

import pytest

from fleetgrass.aio.threads import Waits
from support.answers import SILENT, reply
from support.interface import NAMES
from support.interrupts import until
from support.loops import Run, opened
from support.processes import fork, statuses, used
from support.server import RecordingServer
from support.silent import Silent


async def nothing() -> None:
    """What a handler might have to wait for."""


@pytest.mark.parametrize("is_first", [True, False], ids=["the first", "a later one"])
def test_no_handler_begins_for_a_call_that_nobody_wants_any_more(run: Run, is_first: bool) -> None:
    async def work() -> None:
        waits, coroutine = Waits(asyncio.get_running_loop()), nothing()
        if not is_first:
            await asyncio.to_thread(waits, nothing())
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.to_thread(waits, coroutine)
        assert getcoroutinestate(coroutine) == CORO_CLOSED  # Python warns of those that are left open

    run(work())


def test_a_handler_that_its_loop_did_not_begin_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, handed = asyncio.new_event_loop(), threading.Event()

    def hand(callback: Callable[..., Any], *args: Any, **context: Any) -> None:
        loop.call_soon(callback, *args, **context)
        handed.set()

    monkeypatch.setattr(loop, "call_soon_threadsafe", hand)
    waits, coroutine = Waits(loop), nothing()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(waits, coroutine)
        assert handed.wait(10)
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            waiting.result(10)
    assert not loop.is_closed()
    assert getcoroutinestate(coroutine) == CORO_CLOSED
    loop.close()


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


@pytest.mark.parametrize("answer", [SILENT, reply({}, 503)], ids=["silent", "failing"])
def test_an_observed_call_that_is_cancelled_sends_nothing_more(server: RecordingServer, run: Run, answer: Any) -> None:
    server.script([answer, reply({"components": []})])
    threads: list[threading.Thread] = []

    async def work() -> None:
        async with opened(server.url, read_timeout=600) as client:
            client.meta.events.register("before-send", lambda **told: threads.append(threading.current_thread()))
            call = asyncio.ensure_future(client.list_components())
            await asyncio.to_thread(server.wait_for_requests, 1)
            call.cancel()
            await asyncio.wait([call])
            assert call.cancelled()

    run(work())
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert len(server.take()) == 1


def test_a_call_that_was_cancelled_in_its_handler_is_not_sent(server: RecordingServer, run: Run) -> None:
    begun, go_on = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def handler(**told: Any) -> None:
        threads.append(threading.current_thread())
        begun.set()
        assert go_on.wait(10)

    async def work() -> None:
        async with opened(server.url) as client:
            client.meta.events.register("before-send", handler)
            call = asyncio.ensure_future(client.list_components())
            await asyncio.to_thread(begun.wait, 10)
            call.cancel()
            await asyncio.wait([call])
            go_on.set()

    run(work())
    threads[0].join(10)
    assert not threads[0].is_alive()
    assert server.take() == []


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


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("read", "how"),
    [
        *(("items", how) for how in ("left", "closed", "cancelled", "timeout", "loop")),
        *((read, how) for read in ("full", "pages", "map") for how in ("cancelled", "timeout")),
    ],
)
def test_pages_that_nobody_wants_any_more_leave_no_warning_and_no_call(
    server: RecordingServer, run: Run, how: str, read: str
) -> None:
    """The page that is under way is never answered."""
    said: list[Any] = []
    server.script([reply({"coreDevices": [{"coreDeviceThingName": "a"}, {}], "nextToken": "t"}), SILENT])

    def reading(client: Any) -> Any:
        paginator = client.get_paginator("list_core_devices")
        if read == "map":
            return client.map("list_core_devices", [{}], paginate=True)
        return paginator.items() if read == "items" else paginator.paginate().__aiter__()

    async def read_all(client: Any) -> None:
        if read == "full":
            await client.get_paginator("list_core_devices").paginate().build_full_result()
        async for _ in reading(client):
            pass

    async def leave(client: Any) -> None:
        if how in ("left", "closed", "loop"):
            items = reading(client)
            async for _ in items:
                break
            await asyncio.to_thread(server.wait_for_requests, 2)
            if how == "closed":
                await items.aclose()
            if how == "loop":
                kept.append(items)
            return
        task = asyncio.ensure_future(read_all(client))
        await asyncio.to_thread(server.wait_for_requests, 2)
        if how == "cancelled":
            task.cancel()
        with pytest.raises(asyncio.CancelledError if how == "cancelled" else asyncio.TimeoutError):
            await asyncio.wait_for(task, None if how == "cancelled" else 0.01)

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
        client = await opened(server.url, read_timeout=600).__aenter__()
        await leave(client)
        gc.collect()
        if how != "loop":
            await asyncio.to_thread(server.wait_until_closed)
            await client.close()

    kept: list[Any] = []
    run(work())
    server.wait_until_closed()
    kept.clear()
    gc.collect()
    assert said == []
    assert len(server.take()) == 2


def test_a_timeout_ends_the_call(run: Run) -> None:
    async def work() -> None:
        with Silent() as server:
            async with opened(server.url) as client:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(client.list_components(), 0.05)
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_of_a_fork_goes_on_with_its_parents_loop_between_two_runs(server: RecordingServer) -> None:
    """As asyncio lets it. The parent waits meanwhile: the loop's descriptor is the same."""
    server.script([reply({"coreDevices": []})])
    clients: list[Any] = []

    async def call() -> None:
        client = clients[0] if clients else await opened(server.url).__aenter__()
        clients[:] = [client]
        for _ in range(2):
            calls = asyncio.gather(*(client.list_core_devices() for _ in range(5)))
            assert len(await asyncio.wait_for(calls, 10)) == 5
        assert [answer["coreDevices"] async for answer in client.map("list_core_devices", [{}])] == [[]]

    async def close() -> None:
        await clients[0].close()
        await clients[0].list_core_devices()
        await clients[0].close()

    def work() -> None:
        loop.run_until_complete(call())
        assert statuses([fork(lambda: loop.run_until_complete(call()))]) == {0}  # a child of the child
        loop.run_until_complete(call())
        loop.run_until_complete(close())

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(call())
        assert statuses([fork(work)]) == {0}
        loop.run_until_complete(call())
        loop.run_until_complete(close())
    finally:
        loop.close()


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
    until(
        lambda: all(map(operator.le, used()[:2], before))
    )  # the server's ends are in this process too, and close later


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
        after = [await call() for _ in range(40)]
        assert min(after[20:]) <= before  # the server's ends are in this process too, and close later

    run(work())

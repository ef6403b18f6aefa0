"""`client.map` in a loop gives what the sync one does, from sources of either kind."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

import fleetgrass
import fleetgrass.aio
from support.interface import ITEMS, NAMES, shown
from support.loops import Run, observe, opened
from support.silent import Silent


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


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
@pytest.mark.parametrize("kind", [iter, later])
def test_the_input_may_give_one_dict_again_and_again(cloud: Any, run: Run, observed: bool, kind: Any) -> None:
    def items() -> Iterator[Any]:
        item: dict[str, Any] = {}
        for name in NAMES[:20]:
            item["coreDeviceThingName"] = name
            yield item

    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            observe(client, observed)
            for ordered in (True, False):
                given = items() if kind is iter else later_of(items())
                answers = client.map("get_core_device", given, max_concurrency=8, ordered=ordered)
                found = [answer if ordered else answer[1] async for answer in answers]
                assert sorted(answer["coreDeviceThingName"] for answer in found) == NAMES[:20]
            pages = client.map("list_core_devices", [{"maxResults": 60}, {"maxResults": 40}], paginate=True)
            assert [len(answer["coreDevices"]) async for answer in pages] == [150, 150]

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


class Bye(BaseException):
    """No Exception."""


class Raises:
    """A source whose method raises, after its first item where it has one, or which awaits what was cancelled."""

    def __init__(self, where: str, error: BaseException) -> None:
        self._where, self._error, self._read = where, error, 0

    def __aiter__(self) -> Any:
        if self._where == "__aiter__":
            raise self._error
        return self

    def __anext__(self) -> Any:
        self._read += 1
        if self._read == 1:
            return self._first()
        if self._where == "__anext__":
            raise self._error
        return self._later()

    async def _first(self) -> Any:
        return {"coreDeviceThingName": NAMES[0]}

    async def _later(self) -> Any:
        if isinstance(self._error, asyncio.CancelledError):
            task = asyncio.ensure_future(asyncio.Event().wait())
            task.cancel()
            await task
        raise self._error


ERRORS = [asyncio.CancelledError(), GeneratorExit("x"), Bye("x"), SystemExit(3), KeyboardInterrupt(), LookupError("x")]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
@pytest.mark.parametrize("where", ["__aiter__", "__anext__", "later"])
@pytest.mark.parametrize("error", [*ERRORS, StopIteration("x")], ids=lambda error: type(error).__name__)
def test_a_source_that_breaks_is_heard_of_as_in_an_async_for(
    cloud: Any, run: Run, error: BaseException, where: str, observed: bool
) -> None:
    async def heard_of(source: Any) -> type[BaseException]:
        try:
            async for _ in source:
                pass
        except BaseException as raised:
            return type(raised)
        return StopAsyncIteration

    async def in_a_coroutine(source: Any) -> None:
        async for _ in source:
            pass

    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            observe(client, observed)
            if isinstance(error, StopIteration):  # which leaves no coroutine as it is
                with pytest.raises(RuntimeError, match="raised StopIteration"):
                    await in_a_coroutine(Raises(where, error))
                with pytest.raises(RuntimeError, match="raised StopIteration"):
                    await in_a_coroutine(client.map("get_core_device", Raises(where, error)))
            else:
                want = await heard_of(Raises(where, error))
                assert want is type(error)
                assert await heard_of(client.map("get_core_device", Raises(where, error))) is want

    run(work())


def test_a_source_whose_task_is_cancelled_between_two_items_ends_the_map(cloud: Any, run: Run) -> None:
    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            answers = client.map("get_core_device", later(ITEMS), max_concurrency=1)
            await anext(answers)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            with pytest.raises(asyncio.CancelledError):
                async for _ in answers:
                    pass

    run(work())


def test_the_task_of_a_source_is_cancelled_when_the_map_is_left(cloud: Any, run: Run) -> None:
    async def work() -> None:
        async with opened(cloud.meta.endpoint_url) as client:
            answers = client.map("get_core_device", later(ITEMS), max_concurrency=1)
            await anext(answers)
            [reader] = asyncio.all_tasks() - {asyncio.current_task()}
            await answers.aclose()
            assert reader.cancelled()

    run(work())


def test_a_source_that_broke_after_the_map_was_left_is_not_told_of(cloud: Any, run: Run) -> None:
    async def items() -> AsyncIterator[Any]:
        yield ITEMS[0]
        raise LookupError("nobody reads on")

    async def work() -> None:
        said: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
        async with opened(cloud.meta.endpoint_url) as client:
            answers = client.map("get_core_device", items())
            await anext(answers)
            await asyncio.sleep(0)
            await answers.aclose()
            del answers
            gc.collect()
        assert said == []

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


@pytest.mark.parametrize("source", [iter, later_of])
@pytest.mark.parametrize("ordered", [False, True])
def test_memory_stays_flat_however_long_the_input(cloud: Any, source: Any, ordered: bool) -> None:
    """Counted in blocks of Python's memory, of which an answer is some 25."""
    most = 0

    async def work() -> None:
        nonlocal most
        items = ({"maxResults": 1} if number % 9 else {"maxResults": "x"} for number in range(20_000))
        async with opened(cloud.meta.endpoint_url) as client:
            answers = client.map("list_core_devices", source(items), max_concurrency=8, ordered=ordered)
            for _ in range(1000):
                await anext(answers)
            gc.collect()
            before = sys.getallocatedblocks()
            read = 1000
            async for _ in answers:
                read += 1
                if read % 500 == 0:
                    most = max(most, sys.getallocatedblocks() - before)
            assert read == 20_000

    asyncio.run(work())
    assert most < 16 * 8 * 40


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
                [each async for each in client.get_paginator("list_core_devices").items()]
            with pytest.raises(Bye):
                [each async for each in client.map("list_core_devices", [{}], **options)]

    run(work())
    with pytest.raises(Bye) as raised:
        list(session_of(fleetgrass).client("greengrassv2", endpoint_url=url).map("list_core_devices", [{}], **options))
    assert raised.value.item_index == 0  # type: ignore[attr-defined]

"""Paginators whose pages are awaited: settings, resume tokens and errors are the sync ones'."""

from __future__ import annotations

from asyncio import ensure_future, sleep
from contextlib import aclosing, suppress

from fleetgrass import paginate
from fleetgrass.user_agent import PAGINATED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncGenerator, AsyncIterator
    from typing import Any


class PageIterator(paginate.PageIterator):
    """An asynchronous iterable of pages, each the answer to one call."""

    async def __aiter__(self) -> AsyncIterator[Any]:
        steps = self._steps()
        for params in steps:
            yield steps.send(await self._call(params))

    __iter__: None = None  # type: ignore[assignment]

    async def _items(self) -> AsyncIterator[Any]:  # type: ignore[override]
        async with aclosing(self._pages_ahead()) as pages:
            async for page in pages:
                for item in page.get(self._result_key) or []:
                    yield item

    async def _pages_ahead(self) -> AsyncGenerator[Any, None]:  # type: ignore[override]
        """Pages, of which each but the first is asked for before the one before it is given."""
        steps = self._steps()
        ahead: Future[tuple[Any, BaseException | None]] | None = None
        failed: Exception | None = None
        answer = await self._call(next(steps))
        try:
            while True:
                page = steps.send(answer)
                try:
                    for params in steps:
                        ahead = ensure_future(self._outcome(params))
                        break
                except Exception as error:
                    failed = error  # after this page
                await sleep(0)  # in which its task sends the request
                yield page
                if failed is not None:
                    raise failed
                if ahead is None:
                    return
                (answer, raised), ahead = await ahead, None
                if raised is not None:
                    raise raised
        finally:
            if ahead is not None:
                ahead.cancel()

    async def _outcome(self, params: dict[str, Any]) -> tuple[Any, BaseException | None]:
        """What a call returns or raises, for a task: its own `SystemExit` would end the loop, and be nobody's."""
        try:
            return await self._call(params), None
        except BaseException as error:
            return None, error

    async def _call(self, params: dict[str, Any]) -> Any:
        marked = PAGINATED.set(True)
        try:
            return await self._method(**params)
        finally:
            with suppress(ValueError):  # the loop is gone, and garbage is collected in another context
                PAGINATED.reset(marked)

    async def build_full_result(self) -> dict[str, Any]:  # type: ignore[override]
        """The items of all pages in one dict; `NextToken` is the resume token where items are left.

        Each page but the first is asked for while the one before is put there.
        """
        result: dict[str, Any] = {}
        async with aclosing(self._pages_ahead()) as pages:
            async for page in pages:
                self._add(page, result)
        if self.resume_token is not None:
            result["NextToken"] = self.resume_token
        return result

    async def search(self, expression: str) -> AsyncIterator[Any]:  # type: ignore[override]
        """What a JMESPath expression finds on each page; lists are given item by item."""
        import jmespath

        compiled = jmespath.compile(expression)
        async for page in self:
            found = compiled.search(page)
            for item in found if isinstance(found, list) else [found]:
                yield item

    def result_key_iters(self) -> list[ResultKeyIterator]:  # type: ignore[override]
        """One asynchronous iterator of items for each result key."""
        return [ResultKeyIterator(self, key) for key in self.result_keys]


class ResultKeyIterator:
    """The items of all pages under `result_key`, a compiled JMESPath expression."""

    def __init__(self, pages: PageIterator, result_key: Any) -> None:
        self._pages = pages
        self.result_key = result_key

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for page in self._pages:
            for item in self.result_key.search(page) or []:
                yield item


class Paginator(paginate.Paginator):
    """Reads all pages of an operation."""

    PAGE_ITERATOR_CLS = PageIterator

    if TYPE_CHECKING:

        def paginate(self, **kwargs: Any) -> PageIterator: ...
        def items(self, **kwargs: Any) -> AsyncIterator[Any]: ...  # type: ignore[override]

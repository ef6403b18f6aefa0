"""Paginators: botocore's, with the same settings, resume tokens, errors and traps.

`Paginator.items` is ours. It and `build_full_result` ask for a page while the one before is being read, once they know
that there is one. All else asks for a page when it is wanted, since one that nobody reads costs budget all the same.

One trap is worth knowing: a `PageIterator` remembers the last token that it sent, so iterating over it a second time
starts at the last page. Call `paginate` again instead.
"""

from __future__ import annotations

from fleetgrass.user_agent import PAGINATED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import Any

    from fleetgrass import _core
    from fleetgrass.many import OneByOne

OFFSET = "boto_truncate_amount"


class PageIterator:
    """An iterable of pages, each the answer to one call."""

    def __init__(
        self,
        method: Callable[..., Any],
        keys: tuple[str, str, str, str],
        params: dict[str, Any],
        *,
        max_items: int | None,
        page_size: int | None,
        starting_token: str | None,
    ) -> None:
        self._method = method
        self._input_token, self._output_token, self._limit_key, self._result_key = keys
        self._params = params
        self._max_items = max_items
        self._page_size = page_size
        self._starting_token = starting_token
        self._resume_token: str | None = None

    @property
    def result_keys(self) -> list[Any]:
        """The members that hold the items, as compiled JMESPath expressions."""
        import jmespath

        return [jmespath.compile(self._result_key)]

    @property
    def non_aggregate_part(self) -> dict[str, Any]:
        """Members that are the same on every page. No operation of this service has any."""
        return {}

    @property
    def resume_token(self) -> str | None:
        """What to pass as `StartingToken` to go on, or None where nothing is left."""
        return self._resume_token

    @resume_token.setter
    def resume_token(self, value: dict[str, Any]) -> None:
        known = {self._input_token}
        if not isinstance(value, dict) or value.keys() - {OFFSET} != known:
            raise ValueError(f"Bad starting token: {value}")
        self._resume_token = encode_token(value)

    def __iter__(self) -> Iterator[Any]:
        steps = self._steps()
        for params in steps:
            yield steps.send(self._call(params))

    def _steps(self) -> Generator[Any, Any, None]:
        """In turns, the parameters of a call, whose answer is to be sent in, and the page that it makes."""
        params = self._params
        token: dict[str, Any] = {self._input_token: None}
        offset = 0
        if self._starting_token is not None:
            token, offset = decode_token(self._starting_token, self._input_token)
            self._put_token(token)
        if self._page_size is not None:
            params[self._limit_key] = self._page_size
        read = 0
        previous: dict[str, Any] | None = None
        first = True
        while True:
            page = yield params
            if first and self._starting_token is not None:
                items = page.get(self._result_key)
                page[self._result_key] = items[offset:] if isinstance(items, (list, str)) else None
            elif not first:
                offset = 0
            first = False
            items = page.get(self._result_key) or []
            if self._max_items is not None and (over := read + len(items) - self._max_items) > 0:
                kept = len(items) - over
                page[self._result_key] = items[:kept]
                token[OFFSET] = kept + offset
                self.resume_token = token
                yield page
                return
            yield page
            read += len(items)
            token = {self._input_token: page.get(self._output_token) or None}
            if token[self._input_token] is None:
                return
            if read == self._max_items:
                self.resume_token = token
                return
            if token == previous:
                from fleetgrass import exceptions

                raise exceptions.PaginationError(message=f"The same next token was received twice: {token}")
            self._put_token(token)
            previous = token

    def _items(self) -> Iterator[Any]:
        for page in self._pages_ahead(waits=True):
            yield from page.get(self._result_key) or []

    def _pages_ahead(self, *, waits: bool) -> Iterator[Any]:
        """Pages, of which each but the first is asked for before the one before it is given.

        `waits`: the first one waits for the budget as the others do. Otherwise it is a plain call, which costs less:
        there may be no others.
        """
        steps, ahead = self._steps(), Ahead(self._calls_ahead)
        failed: Exception | None = None
        try:
            if waits:
                ahead.ask(next(steps))
                answer = ahead.answer()
            else:
                answer = self._call(next(steps))
            while True:
                page = steps.send(answer)
                asked = False
                try:
                    for params in steps:
                        ahead.ask(params)
                        asked = True
                        break
                except Exception as error:
                    failed = error  # after this page
                yield page
                if failed is not None:
                    raise failed
                if not asked:
                    return
                answer = ahead.answer()
        finally:
            ahead.close()

    def _calls_ahead(self) -> tuple[_core.Many | OneByOne, str]:
        """What makes a call while somebody does something else, and the call's name there."""
        from fleetgrass.many import OneByOne
        from fleetgrass.operations import Operation

        operation = getattr(self._method, "__func__", None)
        if isinstance(operation, Operation):
            return self._method.__self__._calls(1), operation.api_name  # type: ignore[attr-defined]
        return OneByOne(lambda _, params: self._method(**params)), ""

    def _call(self, params: dict[str, Any]) -> Any:
        marked = PAGINATED.set(True)
        try:
            return self._method(**params)
        finally:
            PAGINATED.reset(marked)

    def _put_token(self, token: dict[str, Any]) -> None:
        for name, value in token.items():
            if value is None or value == "None":
                self._params.pop(name, None)
            else:
                self._params[name] = value

    def build_full_result(self) -> dict[str, Any]:
        """The items of all pages in one dict; `NextToken` is the resume token where items are left.

        Each page but the first is asked for while the one before is put there, and waits for the budget.
        """
        result: dict[str, Any] = {}
        for page in self._pages_ahead(waits=False):
            self._add(page, result)
        if self.resume_token is not None:
            result["NextToken"] = self.resume_token
        return result

    def _add(self, page: dict[str, Any], result: dict[str, Any]) -> None:
        items = page.get(self._result_key)
        if items is None:
            return
        if self._result_key not in result:
            result[self._result_key] = items
        elif isinstance(items, list):
            result[self._result_key].extend(items)
        elif isinstance(items, (int, float, str)):
            result[self._result_key] = result[self._result_key] + items

    def search(self, expression: str) -> Iterator[Any]:
        """What a JMESPath expression finds on each page; lists are given item by item."""
        import jmespath

        compiled = jmespath.compile(expression)
        for page in self:
            found = compiled.search(page)
            if isinstance(found, list):
                yield from found
            else:
                yield found

    def result_key_iters(self) -> list[ResultKeyIterator]:
        """One iterator of items for each result key."""
        return [ResultKeyIterator(self, key) for key in self.result_keys]


class Ahead:
    """A call that is under way while somebody does something else. What makes it is made for the first one."""

    def __init__(self, calls: Callable[[], tuple[_core.Many | OneByOne, str]]) -> None:
        self._make_calls = calls
        self._calls: _core.Many | OneByOne | None = None
        self._name = ""

    def ask(self, params: dict[str, Any]) -> None:
        if self._calls is None:
            self._calls, self._name = self._make_calls()
        self._calls.submit(0, self._name, params, True)

    def answer(self) -> Any:
        """Waits for what the call returns or raises."""
        assert self._calls is not None
        [(_, answer)] = self._calls.take()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        if self._calls is not None:
            self._calls.cancel()


class ResultKeyIterator:
    """The items of all pages under `result_key`, a compiled JMESPath expression."""

    def __init__(self, pages: PageIterator, result_key: Any) -> None:
        self._pages = iter(pages)
        self.result_key = result_key

    def __iter__(self) -> Iterator[Any]:
        for page in self._pages:
            yield from self.result_key.search(page) or []


class Paginator:
    """Reads all pages of an operation."""

    PAGE_ITERATOR_CLS = PageIterator

    def __init__(self, method: Callable[..., Any], keys: tuple[str, str, str, str]) -> None:
        self._method = method
        self._keys = keys

    @property
    def result_keys(self) -> list[Any]:
        """The members that hold the items, as compiled JMESPath expressions."""
        import jmespath

        return [jmespath.compile(self._keys[3])]

    def paginate(self, **kwargs: Any) -> PageIterator:
        """The pages of a call with these parameters; nothing is sent before the first page is read.

        Args:
            PaginationConfig: a dict of `MaxItems` (stop after so many items), `PageSize` (ask for so many a page) and
                `StartingToken` (go on where the `NextToken` or `resume_token` of an earlier reading points).
        """
        settings = kwargs.pop("PaginationConfig", {})
        max_items, page_size = settings.get("MaxItems"), settings.get("PageSize")
        return self.PAGE_ITERATOR_CLS(
            self._method,
            self._keys,
            kwargs,
            max_items=None if max_items is None else int(max_items),
            page_size=None if page_size is None else int(page_size),
            starting_token=settings.get("StartingToken"),
        )

    def items(self, **kwargs: Any) -> Iterator[Any]:
        """The items of all pages of a call with these parameters, which are `paginate`'s.

        Each page but the first is asked for while the items of the one before are being read; all wait for the budget.
        """
        return self.paginate(**kwargs)._items()


def encode_token(token: dict[str, Any]) -> str:
    """A resume token: base64 of JSON, as botocore writes it."""
    from binascii import b2a_base64
    from json import dumps

    return b2a_base64(dumps(token).encode(), newline=False).decode()


def decode_token(token: str, input_token: str) -> tuple[dict[str, Any], int]:
    """The parameter that a token holds, and how many items of its page were read already.

    A token that is none of ours is the service's own, with or without the old ending `___<items read>`.
    """
    from binascii import a2b_base64
    from json import loads

    try:
        decoded = loads(a2b_base64(token.encode()).decode())
        if isinstance(decoded, list):
            raise ValueError("a list is no token")
        return decoded, decoded.pop(OFFSET, 0)
    except ValueError:
        return _decode_old_token(token, input_token)


def _decode_old_token(token: str, input_token: str) -> tuple[dict[str, Any], int]:
    parts = token.split("___")
    offset = 0
    if len(parts) == 2:
        try:
            offset = int(parts[1])
        except ValueError:
            parts = [token]
        else:
            parts.pop()
    if len(parts) > 1:
        raise ValueError(f"Bad starting token: {token}")
    return {input_token: None if parts[0] == "None" else parts[0]}, offset

"""`client.map`: one operation for many parameters, many calls at once.

The calls run in the core's threads (`_core.Many`); here, in the caller's thread, the parameters are read and answers
put in order. Calls that are under way and answers that nobody has read are at most twice `max_concurrency`, so the
memory does not grow with the input. While somebody listens to a client's events, or its `_make_api_call` was replaced,
the calls go that way one after another, in the caller's thread: handlers need not be safe for threads.
"""

from __future__ import annotations

from fleetgrass import _core, exceptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import Any

    from fleetgrass.operations import Operation

#: The result key, and the parameter and the member that hold the token of the next page.
Keys = tuple[str, str, str]


class OneByOne:
    """What `_core.Many` does, by calls of `call` in the thread that takes the answers."""

    def __init__(self, call: Callable[[str, Any], Any]) -> None:
        self._call = call
        self._waiting: list[tuple[int, str, Any, bool]] = []

    def submit(self, number: int, operation: str, params: Any, paginated: bool) -> None:
        self._waiting.append((number, operation, params, paginated))

    def check_process(self) -> None:
        """Whichever process goes on makes the calls."""

    def take(self) -> list[tuple[int, Any]]:
        from fleetgrass.user_agent import PAGINATED

        number, operation, params, paginated = self._waiting.pop(0)
        marked = PAGINATED.set(paginated)
        try:
            return [(number, self._call(operation, params))]
        except Exception as error:
            return [(number, error)]
        finally:
            PAGINATED.reset(marked)

    def withdraw(self) -> int:
        withdrawn = len(self._waiting)
        self._waiting.clear()
        return withdrawn

    def cancel(self) -> None:
        self._waiting.clear()


class Pages:
    """The answer of one item, page by page."""

    def __init__(self, keys: Keys, params: Any) -> None:
        self._result_key, self._input_token, self._output_token = keys
        self.params: Any = dict(params) if isinstance(params, dict) else params
        self.result: dict[str, Any] = {}
        self._previous: Any = None

    def add(self, page: dict[str, Any]) -> bool:
        """Whether there are more, and then `params` are those of the next. `PaginationError`: a token came twice."""
        items = page.get(self._result_key)
        if items is not None:
            self.result.setdefault(self._result_key, []).extend(items)
        token = page.get(self._output_token) or None
        if token is None:
            return False
        if token == self._previous:
            message = f"The same next token was received twice: { {self._input_token: token} }"
            raise exceptions.PaginationError(message=message)
        self.params[self._input_token] = self._previous = token
        return True


class Map:
    """One run of `client.map`."""

    def __init__(
        self, many: _core.Many | OneByOne, operation: Operation, params: Iterable[Any], bound: int, paginate: bool
    ) -> None:
        self._many = many
        self._operation = operation.api_name
        self._params: Iterator[tuple[int, Any]] = enumerate(params)
        self._bound = bound
        self._keys: Keys | None = None
        if paginate:
            if operation.paginator is None:
                raise exceptions.OperationNotPageableError(operation_name=operation.__name__)
            input_token, output_token, _, result_key = operation.paginator
            self._keys = result_key, input_token, output_token
        self._pages: dict[int, Pages] = {}
        self._under_way = 0
        self._unread: dict[int, Any] = {}
        self._all_read = False

    def answers(self, ordered: bool, raises: bool) -> Generator[Any, None, None]:
        due = 0
        try:
            while True:
                self._fill()
                while self._unread and (not ordered or due in self._unread):
                    number = due if ordered else next(iter(self._unread))
                    answer = self._unread.pop(number)
                    if raises and isinstance(answer, Exception):
                        self._finish()
                        raise _noted(answer, number)
                    yield answer if ordered else (number, answer)
                    due += 1
                    self._fill()
                if not self._under_way:
                    return
                self._take()
        finally:
            self._many.cancel()

    def _fill(self) -> None:
        """Reads parameters and submits calls while there is room."""
        self._many.check_process()  # no item's error, so not left to `submit`
        while not self._all_read and self._under_way + len(self._unread) < self._bound:
            try:
                number, params = next(self._params)
            except StopIteration:
                self._all_read = True
                return
            if self._keys:
                self._pages[number] = Pages(self._keys, params)
                params = self._pages[number].params
            self._submit(number, params)

    def _submit(self, number: int, params: Any) -> None:
        try:
            self._many.submit(number, self._operation, params, self._keys is not None)
        except Exception as error:
            # Without the traceback, which would hold this frame, which holds the error.
            self._unread[number] = error.with_traceback(None)
            self._pages.pop(number, None)
        else:
            self._under_way += 1

    def _take(self) -> None:
        """Waits for answers; items that have more pages go on."""
        for number, answer in self._many.take():
            self._under_way -= 1
            pages = self._pages.get(number)
            if pages is not None and not isinstance(answer, Exception):
                try:
                    if pages.add(answer):
                        self._submit(number, pages.params)
                        continue
                    answer = pages.result
                except exceptions.PaginationError as error:
                    answer = error.with_traceback(None)
            self._pages.pop(number, None)
            self._unread[number] = answer

    def _finish(self) -> None:
        """Waits until the calls that have begun are over; begins none."""
        self._under_way -= self._many.withdraw()
        while self._under_way > 0:
            self._under_way -= len(self._many.take())


def _noted(error: Exception, number: int) -> Exception:
    """Says which item failed: a note (PEP 678) and `item_index`. Python 3.10 has the notes without `add_note`."""
    error.item_index = number  # type: ignore[attr-defined]
    notes = [*getattr(error, "__notes__", []), f"item {number} of the parameters of map"]
    error.__notes__ = notes
    return error

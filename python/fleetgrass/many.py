"""`client.map`: one operation for many parameters, many calls at once.

The calls run in the core's reactor (`_core.Many`); here, in the caller's thread, the parameters are read and answers
put in order. Calls that are under way and answers that nobody has read are at most twice `max_concurrency`, or 16 times
where answers wait for one before them, so the memory does not grow with the input. While somebody listens to a client's
events, or its `_make_api_call` was replaced, the calls go that way one after another, in the caller's thread: handlers
need not be safe for threads, and a Stubber's answers keep their order. Then nothing is read ahead, and all pages of an
item are turned before the next one is read.
"""

from __future__ import annotations

from contextvars import ContextVar

from fleetgrass import _core, exceptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import Any

    from fleetgrass.operations import Operation


#: The result key, and the parameter and the member that hold the token of the next page.
Keys = tuple[str, str, str]

#: How far the input is read ahead, as multiples of the calls at once: as a rule, and where one slow answer holds up
#: others that are there.
NEAR, FAR = 2, 16

#: Whether the call that is being made waits for the budget, which others only debit.
PATIENT: ContextVar[bool] = ContextVar("PATIENT", default=False)


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
        marked, patient = PAGINATED.get(), PATIENT.get()
        try:  # also of a Ctrl-C as they are set
            PAGINATED.set(paginated)
            PATIENT.set(True)
            return [(number, self._call(operation, params))]
        except Exception as error:
            return [(number, error)]
        finally:
            PAGINATED.set(marked)
            PATIENT.set(patient)

    def take_ended(self) -> list[tuple[int, Any]]:
        """The next call is made at once."""
        return self.take() if self._waiting else []

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
        self._previous = token
        if token == "None":  # as botocore's paginators understand it
            self.params.pop(self._input_token, None)
        else:
            self.params[self._input_token] = token
        return True


class Map:
    """One run of `client.map`: what is under way, and what nobody has read yet. `fleetgrass.aio` runs it as well."""

    def __init__(
        self,
        many: _core.Many | OneByOne,
        operation: Operation,
        concurrency: int,
        ordered: bool,
        raises: bool,
        paginate: bool,
    ) -> None:
        self._many = many
        self._operation = operation.api_name
        self._ordered, self._raises = ordered, raises
        self._near, self._far = NEAR * concurrency, FAR * concurrency
        if isinstance(many, OneByOne):
            # Its calls read their parameters when they are made, and the input may give one dict again and again.
            self._near = self._far = 1
        self._keys: Keys | None = None
        if paginate:
            if operation.paginator is None:
                raise exceptions.OperationNotPageableError(operation_name=operation.__name__)
            input_token, output_token, _, result_key = operation.paginator
            self._keys = result_key, input_token, output_token
        self._pages: dict[int, Pages] = {}
        self._unread: dict[int, Any] = {}
        self._read = self._due = 0
        #: An answer is there with which the run will end: no more items are read.
        self._fails = False
        self.under_way: int = 0

    def answers(self, params: Iterable[Any]) -> Generator[Any, None, None]:
        items: Iterator[Any] | None = items_of(params)
        failed: Exception | None = None
        try:
            while True:
                # In turns, an item is read and an answer given: reading may take a while, and so may the reader.
                if items is not None and self.has_room:
                    try:
                        self.begin(next(items))
                    except StopIteration:
                        items = None
                    except Exception as error:
                        items, failed = None, error  # after the answers to the items before it
                self.ended(self._many.take_ended())
                due = self.due()
                if due is not None:
                    if self.is_raised(due[1]):
                        self.withdraw()
                        while self.under_way > 0:
                            self.ended(self._many.take(), goes_on=False)
                        raise noted(due[1], due[0])
                    yield due[1] if self._ordered else due
                elif items is None or not self.has_room:
                    if not self.under_way:
                        break
                    self.ended(self._many.take())
            if failed is not None:
                raise failed
        finally:
            self._many.cancel()

    @property
    def has_room(self) -> bool:
        """Whether another item may be read. An answer that others are waiting behind must not stop the calls."""
        if self._fails:
            return False
        held_up = self._ordered and self._due not in self._unread
        unread = len(self._unread)
        return self.under_way < self._near and self.under_way + unread < (self._far if held_up else self._near)

    def begin(self, params: Any) -> None:
        """Submits the next item."""
        number, self._read = self._read, self._read + 1
        if not isinstance(params, dict):
            try:
                params = as_dict(params)
            except Exception as error:
                self._keep(number, error.with_traceback(None))
                return
        if self._keys:
            self._pages[number] = Pages(self._keys, params)
            params = self._pages[number].params
        self._submit(number, params)

    def due(self) -> tuple[int, Any] | None:
        """The answer that may be given now, with its item's number; it counts as read."""
        self._many.check_process()  # no item's error, so not left to `submit`
        number = self._due if self._ordered else next(iter(self._unread), -1)
        if number not in self._unread:
            return None
        self._due += 1
        return number, self._unread.pop(number)

    def ended(self, answers: list[tuple[int, Any]], *, goes_on: bool = True) -> None:
        """Calls have ended; items that have more pages go on."""
        self.under_way -= len(answers)
        for number, answer in answers if goes_on else ():
            pages = self._pages.get(number)
            if pages is not None and not isinstance(answer, BaseException):
                try:
                    if pages.add(answer):
                        self._submit(number, pages.params)
                        continue
                    answer = pages.result
                except exceptions.PaginationError as error:
                    answer = error.with_traceback(None)
            self._pages.pop(number, None)
            self._keep(number, answer)

    def is_raised(self, answer: Any) -> bool:
        """Whether the run ends with it. What is no `Exception`, like `SystemExit`, is nobody's answer."""
        return isinstance(answer, BaseException) and (self._raises or not isinstance(answer, Exception))

    def _keep(self, number: int, answer: Any) -> None:
        self._unread[number] = answer
        self._fails = self._fails or self.is_raised(answer)

    def withdraw(self) -> None:
        """Takes back what has not begun."""
        self.under_way -= self._many.withdraw()

    def _submit(self, number: int, params: Any) -> None:
        try:
            self._many.submit(number, self._operation, params, self._keys is not None)
        except Exception as error:
            # Without the traceback, which would hold this frame, which holds the error.
            self._keep(number, error.with_traceback(None))
            self._pages.pop(number, None)
        else:
            self.under_way += 1


def as_dict(params: Any) -> Any:
    """Any mapping, as `**` takes it. What is none is left to the validation."""
    from collections.abc import Mapping

    return dict(params) if isinstance(params, Mapping) else params


def items_of(params: Any) -> Iterator[Any]:
    """`TypeError`: that is no iterable of dicts."""
    if isinstance(params, (dict, str, bytes)):
        raise TypeError(f"params is {params!r}: it has to be an iterable of dicts, one for each call, such as a list")
    return iter(params)


def noted(error: BaseException, number: int) -> BaseException:
    """Says which item failed: a note (PEP 678) and `item_index`. Python 3.10 has the notes without `add_note`."""
    error.item_index = number  # type: ignore[attr-defined]
    notes = [*getattr(error, "__notes__", []), f"item {number} of the parameters of map"]
    error.__notes__ = notes
    return error

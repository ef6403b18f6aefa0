"""The events of a client: who listens to which step of a call.

`client.meta.events` is an `Events`. Names are dotted, as in `before-send.greengrassv2.GetComponent`; a handler hears
every event that its own name is the beginning of, and `*` in its name stands for any one part. Handlers get keyword
arguments, `event_name` among them. What is emitted when, and what a handler's answer changes, is in `hooks`.

The rules are botocore's: deeper names before shallower ones, wildcards before literal names, and within a name those
of `register_first`, `register` and `register_last`.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    Handler = Callable[..., Any]

    class Waits(Protocol):
        """Each raises when nobody wants the call any more."""

        def __call__(self, answer: Any) -> Any:
            """What a handler gives that has to be awaited."""

        def check(self) -> None: ...


FIRST, MIDDLE, LAST = range(3)

#: How a call of a loop waits, in the thread that makes it. Only `fleetgrass.aio` has loops.
WAITS: ContextVar[Waits | None] = ContextVar("WAITS", default=None)

#: botocore's texts for a unique id that is counted now and was not before, or the other way round.
COUNTED = {
    ("register", True): "Initial registration of  unique id {} was specified to use a counter. "
    "Subsequent register calls to unique id must specify use of a counter as well.",
    ("register", False): "Initial registration of unique id {} was specified to not use a counter. "
    "Subsequent register calls to unique id must specify not to use a counter as well.",
    ("unregister", True): "Initial registration of unique id {} was specified to use a counter. "
    "Subsequent unregister calls to unique id must specify use of a counter as well.",
    ("unregister", False): "Initial registration of unique id {} was specified to not use a counter. "
    "Subsequent unregister calls to unique id must specify not to use a counter as well.",
}


class Events:
    """The handlers of one client. Other clients do not hear them."""

    def __init__(self) -> None:
        self._sections: dict[str, tuple[list[Handler], list[Handler], list[Handler]]] = {}
        self._by_id: dict[Any, tuple[Handler, int | None]] = {}
        self._heard_by: dict[str, list[Handler]] = {}
        self._own: dict[str, list[Handler]] = {}
        #: Whether handlers have come or gone since `begin`. Calls that nobody observes emit nothing.
        self.observed: bool = False

    def begin(self) -> None:
        """The handlers of the client itself are all there; what comes now is from outside."""
        self._own = self._all()
        self.observed = False

    def register(
        self, event_name: str, handler: Handler, unique_id: Any = None, unique_id_uses_count: bool = False
    ) -> None:
        """Let `handler` hear the events whose names begin with `event_name`.

        Args:
            event_name: Dotted; `*` stands for any one part.
            handler: Called with keyword arguments; must accept any (`**kwargs`).
            unique_id: A second registration under the same id does nothing.
            unique_id_uses_count: Registrations under the id are counted, and the handler is gone when as many were
                taken back.
        Raises:
            ValueError: The handler cannot be called so, or the id was used in the other way before.
        """
        self._register(event_name, handler, unique_id, unique_id_uses_count, MIDDLE)

    def register_first(
        self, event_name: str, handler: Handler, unique_id: Any = None, unique_id_uses_count: bool = False
    ) -> None:
        """As `register`, before all that `register` added under the same name."""
        self._register(event_name, handler, unique_id, unique_id_uses_count, FIRST)

    def register_last(
        self, event_name: str, handler: Handler, unique_id: Any = None, unique_id_uses_count: bool = False
    ) -> None:
        """As `register`, after all that `register` added under the same name."""
        self._register(event_name, handler, unique_id, unique_id_uses_count, LAST)

    def _register(self, event_name: str, handler: Handler, unique_id: Any, counted: bool, section: int) -> None:
        _check(handler)
        if unique_id is not None:
            if unique_id in self._by_id:
                known, count = self._by_id[unique_id]
                if counted != (count is not None):
                    raise ValueError(COUNTED["register", counted].format(unique_id))
                self._by_id[unique_id] = known, None if count is None else count + 1
                return
            self._by_id[unique_id] = handler, 1 if counted else None
        self._sections.setdefault(event_name, ([], [], []))[section].append(handler)
        self._changed()

    def unregister(
        self,
        event_name: str,
        handler: Handler | None = None,
        unique_id: Any = None,
        unique_id_uses_count: bool = False,
    ) -> None:
        """Take a handler back, the one under `unique_id` if that is given. Nothing happens where there is none."""
        if unique_id is not None:
            if unique_id not in self._by_id:
                return
            handler, count = self._by_id[unique_id]
            if unique_id_uses_count != (count is not None):
                raise ValueError(COUNTED["unregister", unique_id_uses_count].format(unique_id))
            if count is not None and count > 1:
                self._by_id[unique_id] = handler, count - 1
                return
            del self._by_id[unique_id]
        for section in self._sections.get(event_name, ()):
            if handler in section:
                section.remove(handler)
                break
        self._changed()

    def registered(self) -> list[tuple[str, Handler]]:
        """Who listens to which name."""
        return [(name, handler) for name, handlers in self._all().items() for handler in handlers]

    def join(self, other: Events) -> None:
        """Let who listens to `other` listen here too, under the same ids."""
        for name, sections in list(other._sections.items()):
            for mine, theirs in zip(self._sections.setdefault(name, ([], [], [])), sections, strict=True):
                mine += theirs
        self._by_id.update(other._by_id)
        self._changed()

    def emit(self, event_name: str, **kwargs: Any) -> list[tuple[Handler, Any]]:
        """Call who hears the event; each handler with its answer."""
        handlers = self.handlers(event_name)
        if handlers:
            kwargs["event_name"] = event_name
        return [(handler, _call(handler, kwargs)) for handler in handlers]

    def emit_until_response(self, event_name: str, **kwargs: Any) -> tuple[Handler | None, Any]:
        """Call who hears the event until one answers; the last one called with its answer, or twice None."""
        called: tuple[Handler | None, Any] = None, None
        kwargs["event_name"] = event_name
        for handler in self.handlers(event_name):
            called = handler, _call(handler, kwargs)
            if called[1] is not None:
                break
        return called

    def _changed(self) -> None:
        self._heard_by = {}
        self.observed = self._all() != self._own

    def _all(self) -> dict[str, list[Handler]]:
        handlers = {
            name: [handler for section in of_it for handler in section] for name, of_it in list(self._sections.items())
        }
        return {name: found for name, found in handlers.items() if found}

    def handlers(self, event_name: str) -> list[Handler]:
        """Who hears the event, in the order in which they are called."""
        heard_by = self._heard_by
        known = heard_by.get(event_name)
        if known is None:
            parts = event_name.split(".")
            # Other threads may register meanwhile: copies, and a cache that no longer counts when they have.
            names = [name for name in list(self._sections) if _begins(name.split("."), parts)]
            # As a tree is walked, literal parts before wildcards; whoever is reached last is called first.
            names.sort(key=lambda name: [part == "*" for part in name.split(".")], reverse=True)
            known = [handler for name in names for section in self._sections[name] for handler in section]
            heard_by[event_name] = known
        return known


def answer(responses: list[tuple[Any, Any]], default: Any = None) -> Any:
    """The first answer of `emit` that is not None."""
    return next((response for _, response in responses if response is not None), default)


def _call(handler: Handler, kwargs: dict[str, Any]) -> Any:
    response = handler(**kwargs)
    waits = WAITS.get()
    return waits(response) if waits is not None and hasattr(response, "__await__") else response


def _begins(pattern: list[str], parts: list[str]) -> bool:
    return len(pattern) <= len(parts) and all(want in ("*", part) for want, part in zip(pattern, parts, strict=False))


def _check(handler: Any) -> None:
    from inspect import getfullargspec

    if not callable(handler):
        raise ValueError(f"Event handler {handler} must be callable.")
    try:
        accepts_any = getfullargspec(handler).varkw
    except TypeError:  # no Python function, so nobody knows
        return
    if not accepts_any:
        raise ValueError(f"Event handler {handler} must accept keyword arguments (**kwargs)")

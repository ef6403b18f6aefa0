"""boto3 with our client in it: `patch_boto3()` for programs that cannot change their `import boto3`.

    with fleetgrass.patch_boto3():
        boto3.client("greengrassv2")  # ours; every other service is boto3's

It replaces one method, `boto3.session.Session.client`, through which `boto3.client` and all sessions go: those that are
made already, and those of subclasses. A client gets its own session's credentials, Region and config (`inherited`
says what a session lends). Clients that exist keep what they are, when it is put in as when it is taken out.

`FLEETGRASS_PATCH=0` (or `false`, `no`, `off`) in the environment makes `patch_boto3()` do nothing.
"""

from __future__ import annotations

import os
from functools import partial, wraps
from inspect import signature

from fleetgrass.process import Lock
from fleetgrass.session import SERVICE, Session, missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

OFF = ("0", "false", "no", "off")
ARGUMENTS = tuple(signature(Session.client).parameters)[2:]  # without self and the service
SECTIONS = ("first", "middle", "last")

_lock = Lock()
#: The patches that are wanted. Our method sends greengrassv2 to boto3 again when there are none.
_wanted: set[Patch] = set()
#: What each method of ours replaced.
_replaced: dict[Callable[..., Any], Callable[..., Any]] = {}


class Patch:
    """What `patch_boto3()` gives: a `with` block takes this patch back at its end, and may be entered again."""

    def __enter__(self) -> Patch:
        if os.environ.get("FLEETGRASS_PATCH", "").strip().lower() in OFF:
            return self
        session_class = _session_class()
        with _lock:
            if session_class.__dict__["client"] not in _replaced:
                session_class.client = _method(session_class.__dict__["client"])
            _wanted.add(self)
        return self

    def __exit__(self, *raised: object) -> None:
        with _lock:
            _wanted.discard(self)
            if not _wanted:
                _take_out()


def patch_boto3() -> Patch:
    """Let boto3's sessions make our clients of greengrassv2, from now on or for a `with` block.

    A call with arguments that we do not know is boto3's. Blocks may be nested and overlap between threads: the patch
    stays until the last one ends, and until `unpatch_boto3()` where `patch_boto3()` was called without a block.

    Another program's method that was put on ours later is called first and stays where it is. Ours cannot be taken out
    from under it, so it then passes every call on to boto3; a new `patch_boto3()` goes on top.

    Raises:
        ModuleNotFoundError: boto3 is not installed.
    """
    return Patch().__enter__()


def unpatch_boto3() -> None:
    """Take every patch back, however many there are. Where there is none, nothing happens."""
    with _lock:
        _wanted.clear()
        _take_out()


def _session_class() -> Any:
    try:
        from boto3.session import Session as Boto3Session
    except ImportError:
        raise missing("patch_boto3() finds no boto3 to patch.") from None
    return Boto3Session


def _method(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def client(self: Any, service_name: str, *args: Any, **kwargs: Any) -> Any:
        known = len(args) <= len(ARGUMENTS) and kwargs.keys() <= set(ARGUMENTS)
        if service_name != SERVICE or not known or not _wanted:
            return original(self, service_name, *args, **kwargs)
        return Session.from_boto3(self).client(service_name, *args, **kwargs)

    _replaced[client] = original
    return client


def _take_out() -> None:
    """Put back what was there, unless somebody else's method is there now."""
    if not _replaced:
        return
    session_class = _session_class()
    original = _replaced.pop(session_class.__dict__["client"], None)
    if original is not None:
        session_class.client = original


def user_handlers(botocore_session: Any) -> list[tuple[str, Callable[..., Any], str]]:
    """The event handlers that a program registered with a botocore session: event name, handler, section.

    The section is "first", "middle" or "last"; handlers of one event and section are in the order of their
    registration. What botocore itself registers for every session is left out, and so is what boto3 and moto do.
    An emitter of a program's own, which cannot be read, lists none.
    """
    from botocore.handlers import BUILTIN_HANDLERS

    emitter = botocore_session.get_component("event_emitter")
    # botocore registers some of its handlers for events of a newer name than the list has.
    newest = getattr(emitter, "_alias_event_name", str)
    builtin = {(newest(name), id(handler)) for name, handler, *_ in BUILTIN_HANDLERS}
    trie = getattr(getattr(emitter, "_emitter", emitter), "_handlers", None)
    if trie is None:
        return []
    return [
        (name, handler, section)
        for name, section, handler in _handlers(trie._root, ())
        if (name, id(handler)) not in builtin and _package(handler) not in ("boto3", "moto")
    ]


def _handlers(node: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    for section, handlers in zip(SECTIONS, node["values"] or (), strict=False):
        for handler in handlers:
            yield ".".join(path), section, handler
    for part, child in node["children"].items():
        yield from _handlers(child, (*path, part))


def _package(handler: Any) -> str:
    """The top package that a handler is from: of a partial its function's, of a callable object its class's."""
    while isinstance(handler, partial):
        handler = handler.func
    return str(getattr(handler, "__module__", None) or "").partition(".")[0]

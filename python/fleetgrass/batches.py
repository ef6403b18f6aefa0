"""What batches have in common: many requests at once, and an account of every item.

`Result` is what the functions of `client_devices` and `tags` give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Failure", "Result"]

#: Calls at once of clients that have no `map`, which are boto3's: as many as their connections.
THREADS = 10
#: How many failures the text of a `Result` tells.
SHOWN = 3


class Failure(NamedTuple):
    """Why an item failed: an error's code (an exception's name where the service said nothing), and its text."""

    code: str
    message: str


class Result(NamedTuple):
    """What became of every item, each once and in the order given."""

    done: list[str]
    failed: dict[str, Failure]

    def __repr__(self) -> str:
        text = f"<{len(self.done)} done, {len(self.failed)} failed"
        for item, failure in list(self.failed.items())[:SHOWN]:
            text += f"; {item}: {failure.code}: {failure.message}"
        return f"{text}; ...>" if len(self.failed) > SHOWN else f"{text}>"


def distinct(items: Iterable[str], name: str) -> list[str]:
    """The items without those that come again. `TypeError`: this is no iterable of texts."""
    is_text = isinstance(items, (str, bytes))
    if is_text or not (hasattr(type(items), "__iter__") or hasattr(type(items), "__getitem__")):
        given = f"the text {items!r}" if is_text else repr(items)
        raise TypeError(f"{name} is {given}: it has to be an iterable of texts, such as a list")
    found: dict[str, None] = {}
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise TypeError(f"{name}[{index}] is {item!r}: it has to be a str")
        found[item] = None
    return list(found)


def answers(client: Any, operation: str, requests: Sequence[dict[str, Any]]) -> Iterator[Any]:
    """An answer or exception for each request, in order, many at a time. `operation` is a method's name."""
    if hasattr(client, "map"):
        answers = client.map(operation, requests)
        if hasattr(answers, "__aiter__"):
            raise TypeError(
                f"{client!r} is a client of fleetgrass.aio, whose answers have to be awaited: give one of "
                "fleetgrass.client or boto3 (in a loop, by asyncio.to_thread), or await client.map"
            )
        yield from answers
        return
    from concurrent.futures import ThreadPoolExecutor

    method = getattr(client, operation)

    def call(request: dict[str, Any]) -> Any:
        try:
            return method(**request)
        except Exception as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(call, requests)


def failure(error: Exception) -> Failure:
    """What an exception of a call says."""
    told = (getattr(error, "response", None) or {}).get("Error", {})  # an error of the connection has one that is None
    return Failure(told.get("Code") or type(error).__name__, told.get("Message") or str(error))


def account(items: list[str], failed: dict[str, Failure]) -> Result:
    """All items, those that failed and those that are done, in the order of `items`."""
    return Result(
        [item for item in items if item not in failed], {item: failed[item] for item in items if item in failed}
    )

"""Random paginator cases: sequences of pages as a service might send them, walked as a program might.

Every walk returns what a program can see of it: the pages or items, the error that ended them, the resume token.
"""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from support.answers import Answer, reply
from support.cases import Case, Setup, numbered
from support.model import operations, paginators
from support.outcome import Outcome
from support.values import Values

TOKENS = ("t1", "t2", "t3", "ünï", "a/b+c=", "None", "same", "same", "same")
ENDS: tuple[dict[str, Any], ...] = ({}, {}, {}, {"nextToken": None}, {"nextToken": ""}, {"nextToken": "last"})


def paged(method: str) -> Iterator[Case]:
    return numbered("pages", method, _case, among=len(paginators()) * 2)


def _case(name: str, method: str) -> Case:
    random = Random(name)
    params = Values(random).members(operations()[method].input_shape)
    if random.random() < 0.8:
        params.pop("maxResults", None)
        params.pop("nextToken", None)
    if random.random() < 0.8:
        params["PaginationConfig"] = _config(random)
    walks: list[tuple[Callable[[Any, Any], Any], str | None]]
    walks = [(_pages, None), (_pages, None), (_full, None), (_search, _expression(random, method)), (_twice, None)]
    walk, extra = random.choice(walks)
    case = Case(name, method, params, Setup(), _answers(random, *_names(method)))
    return replace(case, act=lambda client: walk(client.get_paginator(method).paginate(**params), extra))


def _names(method: str) -> tuple[str, str]:
    """The result key, and a member of its items."""
    key = paginators()[method]
    members = operations()[method].output_shape.members[key].member.members
    return key, next(name for name, shape in members.items() if shape.type_name == "string" and not shape.enum)


def _answers(random: Random, key: str, item: str) -> list[Answer]:
    total = 0
    pages: list[Answer] = []
    count = random.choice((1, 1, 2, 3, 4))
    for number in range(count):
        size = random.choice((0, 1, 2, 3))
        page: dict[str, Any] = {key: [{item: f"item-{total + i}"} for i in range(size)]}
        total += size
        if random.random() < 0.06:
            page = random.choice(({}, {key: None}))
        page |= random.choice(ENDS) if number == count - 1 else {"nextToken": random.choice(TOKENS)}
        pages.append(reply(page))
    return pages


def _config(random: Random) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if random.random() < 0.6:
        made["MaxItems"] = random.choice((0, 1, 2, 3, 4, 5, 100, "2", 2.7, None, -1, True, "x"))
    if random.random() < 0.4:
        made["PageSize"] = random.choice((1, 2, 100, "2", 2.7, None, 0, -1, "x"))
    if random.random() < 0.5:
        made["StartingToken"] = _start(random)
    return made


def _start(random: Random) -> Any:
    coded = random.choice((
        {"nextToken": "t1"}, {"nextToken": "t1", "boto_truncate_amount": 1}, {"nextToken": None,
        "boto_truncate_amount": 2},
        {"boto_truncate_amount": 1}, {"foreign": "x"}, {"nextToken": "t1", "boto_truncate_amount": "1"}, {}, [1],
        "text", 5,
        {"nextToken": {"a": 1}}, {"nextToken": "t1", "boto_truncate_amount": 99},
    ))  # fmt: skip
    plain = random.choice(
        (
            "t1",
            "abc___2",
            "None___1",
            "abc___x",
            "a___b___c",
            "1234",
            "",
            "not base64!",
            "ünï",
            None,
            "None",
            "a___1___2",
        )
    )
    return base64.b64encode(json.dumps(coded).encode()).decode() if random.random() < 0.6 else plain


def _expression(random: Random, method: str) -> str:
    key, item = _names(method)
    return random.choice((
        key, f"{key}[].{item}", f"{key}[?{item}=='item-1']", f"{key}[][{item}]", f"{key}[0]", f"length({key})",
        "nextToken", "nothing", "[",
    ))  # fmt: skip


def _collect(items: Any) -> tuple[list[Any], Outcome]:
    """Everything an iterator gives until its end or its error."""
    got: list[Any] = []
    try:
        for item in items:
            got.append(item)
    except Exception as error:
        return got, Outcome(error=error)
    return got, Outcome()


def _pages(pages: Any, _: Any) -> Any:
    return _collect(pages), pages.resume_token, [key.expression for key in pages.result_keys], pages.non_aggregate_part


def _full(pages: Any, _: Any) -> Any:
    return pages.build_full_result(), pages.resume_token


def _search(pages: Any, expression: str) -> Any:
    return _collect(pages.search(expression)), pages.resume_token


def _twice(pages: Any, _: Any) -> Any:
    """The second walk of one iterator starts where the first has left it."""
    return _collect(pages), _collect(pages), pages.resume_token

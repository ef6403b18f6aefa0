"""Arguments and settings of somebody who means harm: nothing is injected, nothing crashes, botocore's outcome."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config

from support.cases import Case, Setup
from support.compare import KEY, Difference, Pair, Side
from support.deviations import Ledger
from support.model import operations
from support.outcome import capture
from support.server import RecordingServer, Request
from support.values import least

DEEP = 100_000
TEXTS = {
    "a header": "a\r\nx-injected: 1",
    "a request": "a HTTP/1.1\r\nhost: b\r\n\r\nGET /injected HTTP/1.1\r\nhost: b\r\n\r\n",
    "line feed": "a\nx-injected: 1",
    "path": "../../injected",
    "encoded path": "%2e%2e/..%2finjected",
    "dots": "..",
    "query and fragment": "a?injected=1&b#c",
    "NUL": "a\0b",
    "JSON": '", "injected": "',
    "long": "a" * 100_000,
}


def planted(shape: Any, text: str) -> Iterator[tuple[str, Any]]:
    """Every place in a shape where a text can stand, and a value with `text` there and nothing odd elsewhere."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            for place, value in planted(member, text):
                yield f".{name}{place}", {**least(shape), name: value}
    elif shape.type_name == "list":
        yield from ((f"[]{place}", [value]) for place, value in planted(shape.member, text))
    elif shape.type_name == "map":
        yield "{}", {text: least(shape.value)}
        yield from ((f"{{}}{place}", {"a": value}) for place, value in planted(shape.value, text))
    elif shape.type_name in ("string", "blob"):
        yield "", text if shape.type_name == "string" else text.encode()


TAKING = [name for name, each in operations().items() if each.input_shape and each.input_shape.members]


@pytest.mark.parametrize("kind", TEXTS)
def test_text_in_every_argument(pair: Pair, ledger: Ledger, kind: str) -> None:
    places = [
        Case(f"{kind} in {method}{place}", method, params)
        for method in TAKING
        for place, params in planted(operations()[method].input_shape, TEXTS[kind])
    ]
    assert {place.method for place in places} == set(TAKING)
    check(map(pair.observe, places), ledger)


LINES = "a\r\nx-injected: 1"
SETTINGS: dict[str, dict[str, Any]] = {
    "region": {"region_name": LINES},
    "path of the endpoint": {"endpoint_url": "{url}/" + LINES},
    "host of the endpoint": {"endpoint_url": "http://" + LINES},
    "NUL in the endpoint": {"endpoint_url": "{url}/a\0b"},
    "dots in the endpoint": {"endpoint_url": "{url}/../b"},
    "access key": {"aws_access_key_id": LINES},
    "secret": {"aws_secret_access_key": LINES},
    "token": {"aws_session_token": LINES},
    "1 MB of token": {"aws_session_token": "a" * 1_000_000},
    "user_agent": {"config": {"user_agent": LINES}},
    "user_agent_extra": {"config": {"user_agent_extra": LINES}},
    "user_agent_appid": {"config": {"user_agent_appid": LINES}},
    "1 MB of user_agent": {"config": {"user_agent": "a" * 1_000_000}},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_text_in_every_setting(server: RecordingServer, theirs: Side, ours: Side, name: str) -> None:
    """The same class, or the same target; the texts have the User-Agent in them, or would have a secret."""

    def seen(side: Side) -> tuple[str, list[str]]:
        keys = {"aws_access_key_id": KEY.id, "aws_secret_access_key": KEY.secret, "endpoint_url": server.url}
        options: dict[str, Any] = {"region_name": KEY.region, **keys, **SETTINGS[name]}
        options["endpoint_url"] = options["endpoint_url"].replace("{url}", server.url)
        options["config"] = Config(retries={"total_max_attempts": 1}, **options.get("config", {}))
        outcome = capture(lambda: side.client("greengrassv2", **options).list_components())
        requests = server.take()
        for request in requests:
            assert_intact(request)
        return outcome.kind, [request.target for request in requests]

    assert seen(theirs) == seen(ours)


def nested(make: Callable[[Any], Any]) -> Any:
    value: Any = "a"
    for _ in range(DEEP):
        value = make(value)
    return value


@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize("make", [lambda value: [value], lambda value: {"a": value}], ids=["lists", "dicts"])
def test_deep_value_in_every_argument(pair: Pair, ledger: Ledger, make: Callable[[Any], Any], validate: bool) -> None:
    """A depth that no stack has room for."""
    deep = nested(make)
    cases = [
        Case(f"deep {name}", method, {**least(operations()[method].input_shape), name: deep}, Setup(validate=validate))
        for method in TAKING
        for name in operations()[method].input_shape.members
    ]
    check(map(pair.observe, cases), ledger)


def check(found: Iterator[Difference], ledger: Ledger) -> None:
    unmeant = []
    for each in found:
        if each.lines and not ledger.excuses(each):
            unmeant.append(each)
        assert len(each.ours.requests) <= 1
        for request in each.ours.requests:
            assert_intact(request)
    shown = "\n\n".join(str(each)[:3000] for each in unmeant[:3])
    assert not unmeant, f"{len(unmeant)} differ; the first:\n\n{shown}"


def assert_intact(request: Request) -> None:
    """One request, of the path that the operation has, and of the headers that a client sends."""
    assert request.header("x-injected") is None
    assert re.fullmatch(r"[!-~]+", request.target)
    assert "injected=" not in request.target

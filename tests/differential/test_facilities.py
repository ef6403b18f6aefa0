"""What a client offers beside its operations: names, texts of errors, meta, exceptions, paginators, attributes."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from differential.alike import assert_alike
from support.answers import failure, reply
from support.bodies import CODES
from support.cases import Case, Setup
from support.compare import Pair
from support.deviations import Ledger
from support.model import operations, paginators, service
from support.outcome import capture, differences

NAMES = [*operations(), "ListComponents", "nope", "", "meta"]
CONFIG = (
    "region_name", "signature_version", "user_agent_extra", "user_agent_appid", "connect_timeout", "read_timeout",
    "parameter_validation", "max_pool_connections", "proxies", "proxies_config", "s3", "retries", "client_cert",
    "inject_host_prefix", "endpoint_discovery_enabled", "use_dualstack_endpoint", "use_fips_endpoint",
    "ignore_configured_endpoint_urls", "defaults_mode", "tcp_keepalive", "request_min_compression_size_bytes",
    "disable_request_compression", "client_context_params", "sigv4a_signing_region_set", "request_checksum_calculation",
    "response_checksum_validation", "account_id_endpoint_mode", "auth_scheme_preference",
)  # fmt: skip


def _swap(client: Any) -> Any:
    client.list_components = lambda **given: given
    client.anything = 1
    return client.list_components(a=1), client.anything


def _exceptions(client: Any) -> Any:
    container = client.exceptions
    kinds = {shape.name: getattr(container, shape.name) for shape in service().error_shapes}
    return (
        container is client.exceptions,
        type(container).__name__,
        {
            name: (kind.__name__, kind.__module__, [base.__name__ for base in kind.__mro__])
            for name, kind in kinds.items()
        },
        [container.from_code(code).__name__ for code in (*CODES, None, 5)],
    )


def _no_such_exception(client: Any) -> Any:
    try:
        client.exceptions.Nope  # noqa: B018
    except AttributeError as error:
        return str(error).partition("object has no attribute")[2]


def _call_after_close(client: Any) -> Any:
    return client.list_components(), client.close(), client.list_components(), client.close()


# Texts that a program may look for. Each is compared in full, Python's own words included.
TEXTS: dict[str, Callable[[Any], Any]] = {
    "class name": lambda client: type(client).__name__,
    "unknown attribute": lambda client: client.foo,
    "CamelCase attribute": lambda client: client.ListComponents,
    "positional argument": lambda client: client.list_components("x"),
    "positional argument of an operation with members": lambda client: client.get_component("arn"),
    "unknown waiter": lambda client: client.get_waiter("nope"),
    "empty waiter": lambda client: client.get_waiter(""),
    "set attributes": _swap,
    "equality": lambda client: (client == client, client != client, hash(client) == hash(client)),
    "names of methods": lambda client: [getattr(client, name).__name__ for name in operations()],
    "docs of methods": lambda client: [bool(str(getattr(client, name).__doc__)) for name in operations()],
    "same method": lambda client: client.list_components == client.list_components,
    "meta": lambda client: (client.meta.region_name, client.meta.endpoint_url, client.meta.partition),
    "mapping": lambda client: client.meta.method_to_api_mapping,
    "config": lambda client: {name: getattr(client.meta.config, name) for name in CONFIG},
    "service model": lambda client: [
        getattr(client.meta.service_model, name)
        for name in (
            "service_name", "endpoint_prefix", "signing_name", "service_id", "api_version", "protocol",
            "signature_version", "operation_names", "shape_names",
        )
    ],
    "meta cannot be set": lambda client: setattr(client.meta, "region_name", "x"),
    "exceptions": _exceptions,
    "no such exception": _no_such_exception,
    "close": lambda client: client.close(),
    "call after close": _call_after_close,
    "paginator class": lambda client: [type(client.get_paginator(name)).__name__ for name in paginators()],
    "result keys": lambda client: [key.expression for key in client.get_paginator("list_components").result_keys],
    "positional paginate": lambda client: client.get_paginator("list_components").paginate("x") and None,
    "pages are no iterator": lambda client: hasattr(client.get_paginator("list_components").paginate(), "__next__"),
    "config of pages is no dict": lambda client: client.get_paginator("list_components").paginate(PaginationConfig=5),
}  # fmt: skip

# Native errors, whose words are Python's: class alone.
NATIVE = {"equality", "positional paginate", "config of pages is no dict", "meta cannot be set"}


@pytest.mark.parametrize("what", TEXTS)
def test_facilities(pair: Pair, ledger: Ledger, what: str) -> None:
    assert_alike(pair, ledger, [Case(what, "list_components", {}, act=TEXTS[what])], native_texts=what not in NATIVE)


@pytest.mark.parametrize("name", NAMES)
def test_what_can_be_paginated(pair: Pair, ledger: Ledger, name: str) -> None:
    acts = (lambda client: client.can_paginate(name), lambda client: client.get_paginator(name) and None)
    assert_alike(pair, ledger, [Case(name, "list_components", {}, act=act) for act in acts], native_texts=True)


def test_public_names_are_there(pair: Pair) -> None:
    """Everything public of botocore's client; ours may have more."""
    theirs, ours = (
        {name for name in dir(pair.client(side)) if not name.startswith("_")} for side in (pair.theirs, pair.ours)
    )
    assert theirs <= ours


PRIVATE = ("_make_api_call", "_service_model", "_client_config")


@pytest.mark.parametrize("name", PRIVATE)
def test_private_names_that_tools_use(pair: Pair, name: str) -> None:
    assert hasattr(pair.client(pair.ours), name)


def test_the_private_door_takes_calls(pair: Pair, ledger: Ledger) -> None:
    """Tracing tools wrap `_make_api_call`, so every call must go through it, with these arguments."""

    def direct(client: Any) -> Any:
        return client._make_api_call("ListComponents", {"maxResults": 1})

    def wrapped(client: Any) -> Any:
        seen = []
        client._make_api_call = lambda *given: seen.append(given)
        try:
            return client.list_components(maxResults=1), seen
        finally:
            del client._make_api_call

    assert_alike(pair, ledger, [Case("door", "list_components", {}, act=act) for act in (direct, wrapped)])


def _raised(client: Any) -> BaseException:
    with pytest.raises(client.exceptions.ConflictException) as caught:
        client.get_component(arn="a")
    return caught.value


COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", COPIES)
def test_copies_of_an_error(pair: Pair, ledger: Ledger, way: str) -> None:
    """A copied modelled error is a ClientError of the same response and text."""

    def act(client: Any) -> Any:
        raise COPIES[way](_raised(client))

    answers = [failure(409, "ConflictException")]
    assert_alike(pair, ledger, [Case(way, "get_component", {"arn": "a"}, answers=answers, act=act)])


def test_validation_error_can_be_pickled(pair: Pair, ledger: Ledger) -> None:
    def act(client: Any) -> Any:
        try:
            client.get_component()
        except Exception as error:
            raise pickle.loads(pickle.dumps(error)) from None

    assert_alike(pair, ledger, [Case("pickle", "get_component", {}, act=act)])


def test_arguments_are_left_alone(pair: Pair) -> None:
    """Neither the caller's dicts nor their lists change, whatever is generated or renamed."""
    params = {"targetArn": "t", "components": {"a": {"componentVersion": "1.0.0"}}, "tags": {}}
    before = copy.deepcopy(params)
    for side in (pair.theirs, pair.ours):
        pair.client(side).create_deployment(**params)
        assert params == before


def test_one_client_in_many_threads(pair: Pair) -> None:
    """A client may be shared: every thread has its own answer."""
    from concurrent.futures import ThreadPoolExecutor

    client = pair.client(pair.ours)
    pair.server.script([reply({"components": [{"arn": str(number)}]}) for number in range(200)])
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: client.list_components(), range(200)))
    assert sorted(int(answer["components"][0]["arn"]) for answer in answers) == list(range(200))
    assert len(pair.server.take()) == 200


ODD_OPTIONS = (
    {"region_name": "bad region"}, {"region_name": ""}, {"endpoint_url": "foo"}, {"endpoint_url": ""},
    {"endpoint_url": "http://"}, {"endpoint_url": "http://a b/"}, {"api_version": "2019-11-30"}, {"verify": ""},
    {"aws_secret_access_key": None}, {"aws_access_key_id": None}, {"region_name": None},
)  # fmt: skip


@pytest.mark.parametrize("options", ODD_OPTIONS, ids=repr)
def test_odd_options_of_a_client(pair: Pair, options: dict[str, Any]) -> None:
    """The same complaint when the client is made, or none."""
    good = {
        "region_name": "us-east-1", "endpoint_url": "http://127.0.0.1:1",
        "aws_access_key_id": "a", "aws_secret_access_key": "b",
    }  # fmt: skip
    theirs, ours = (
        capture(lambda side=side: side.client("greengrassv2", **{**good, **options}).meta.endpoint_url)
        for side in (pair.theirs, pair.ours)
    )
    assert not differences(theirs, ours)


def test_setup_reads_back(pair: Pair, ledger: Ledger) -> None:
    """`meta` of clients that were made in other ways."""
    setups = [Setup(suffix="/base/"), Setup(validate=False), Setup(mode="legacy", attempts=4), Setup(mode="adaptive")]
    act = TEXTS["config"]
    assert_alike(pair, ledger, [Case(str(setup), "list_components", {}, setup, act=act) for setup in setups])
    act = TEXTS["meta"]
    assert_alike(pair, ledger, [Case(str(setup), "list_components", {}, setup, act=act) for setup in setups])

"""The meant differences that no random case can meet: what botocore does and what we do, both shown.

Each test names its row of `tests/deviations.toml`.
"""

import copy
import inspect
import os
import pickle
from collections.abc import Callable
from datetime import datetime
from email.utils import formatdate
from time import perf_counter, time
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ParamValidationError

import fleetgrass
from support.answers import failure, reply, truncated
from support.cases import Case, Setup
from support.clients import boto3_side, fleetgrass_side
from support.compare import KEY, Pair, Side
from support.deviations import FIELDS, RECOGNISERS, Ledger
from support.outcome import capture

pytestmark = pytest.mark.deviation

TWICE = Setup(attempts=2)


def test_rows_are_whole(ledger: Ledger) -> None:
    """Every row has its fields, and every recogniser its row."""
    assert all(set(row) == FIELDS and all(row.values()) for row in ledger.rows.values())
    assert set(RECOGNISERS) <= set(ledger.rows)


def test_truncated_answers_of_reads_and_tokens_are_retried(pair: Pair, ledger: Ledger) -> None:
    ledger.use("truncated-answer")
    answers = [truncated(200, b'{"components": ['), reply()]
    for method, params in (("list_components", {}), ("create_deployment", {"targetArn": "t"})):
        theirs, ours = pair.run(Case("truncated", method, params, TWICE, answers))
        assert len(theirs.requests) == 1
        assert list(theirs.outcome.value) == ["ResponseMetadata"]
        assert len(ours.requests) == 2
        assert ours.outcome.value["ResponseMetadata"]["RetryAttempts"] == 1
    _, ours = pair.run(Case("truncated", "update_connectivity_info", CONNECTIVITY, TWICE, answers))
    assert len(ours.requests) == 1
    assert isinstance(ours.outcome.error, ConnectionClosedError)
    assert "200" in str(ours.outcome.error)


# A write without a token and with an output.
CONNECTIVITY = {"thingName": "core", "connectivityInfo": [{"id": "1"}]}


def test_keys_of_one_value_are_a_parameter_each(pair: Pair, ledger: Ledger) -> None:
    ledger.use("keys-of-one-value")
    params: dict[str, Any] = {"status": {1: "a"}, "runtime": {True: "b"}}
    theirs, ours = pair.run(Case("keys", "list_core_devices", params, Setup(validate=False)))
    assert [request.target.partition("?")[2] for request in theirs.requests] == ["1=b"]
    assert [request.target.partition("?")[2] for request in ours.requests] == ["1=a&True=b"]


def _elapsed(call: Callable[[], Any]) -> float:
    started = perf_counter()
    call()
    return perf_counter() - started


def test_retry_after_makes_the_wait_longer(pair: Pair, ledger: Ledger) -> None:
    ledger.use("retry-after-delay")
    clients = {side: pair.make(side, TWICE) for side in (pair.theirs, pair.ours)}
    waits = {}
    for side, client in clients.items():
        pair.server.script([failure(500, "Odd", headers=[("Retry-After", "1")]), reply()])
        waits[side] = _elapsed(client.list_components)
        assert len(pair.server.take()) == 2
    assert waits[pair.theirs] < 1 <= waits[pair.ours]


def test_clock_skew_is_corrected(pair: Pair, ledger: Ledger) -> None:
    ledger.use("clock-skew")
    skewed = failure(403, "RequestTimeTooSkewed", headers=[("Date", formatdate(time() + 3600, usegmt=True))])
    theirs, ours = pair.run(Case("skew", "list_components", {}, TWICE, [skewed, reply()]))
    assert (theirs.outcome.kind, len(theirs.requests)) == ("ClientError", 1)
    assert (ours.outcome.kind, len(ours.requests)) == ("value", 2)
    first, second = (
        datetime.strptime(request.header("x-amz-date") or "", "%Y%m%dT%H%M%SZ") for request in ours.requests
    )
    assert 3590 <= (second - first).total_seconds() <= 3610


def test_waiters(pair: Pair, ledger: Ledger) -> None:
    ledger.use("waiters")
    assert pair.client(pair.theirs).waiter_names == []
    names = pair.client(pair.ours).waiter_names
    assert len(names) == 3
    assert all(hasattr(pair.client(pair.ours).get_waiter(name), "wait") for name in names)


def test_notes(pair: Pair, ledger: Ledger) -> None:
    ledger.use("notes")
    theirs, ours = pair.run(Case("notes", "get_component", {"ARN": "a"}))
    assert str(ours.outcome.error) == str(theirs.outcome.error)
    assert not hasattr(theirs.outcome.error, "__notes__")
    assert getattr(ours.outcome.error, "__notes__", None) == ['Did you mean "arn" in place of "ARN" in input?']


def test_strict_validation(ours: Side, ledger: Ledger) -> None:
    ledger.use("strict-validation")
    with pytest.raises(TypeError, match="unexpected keyword argument 'strict_validation'"):
        Config(strict_validation=True)
    config = fleetgrass.Config(strict_validation=True)
    client = ours.client("greengrassv2", region_name="us-east-1", config=config)
    with pytest.raises(ParamValidationError, match="valid values: PRIVATE, PUBLIC"):
        client.list_components(scope="private")


def test_context_manager(pair: Pair, ledger: Ledger) -> None:
    ledger.use("context-manager")
    with pytest.raises((TypeError, AttributeError)):
        pair.client(pair.theirs).__enter__()
    with pair.make(pair.ours) as client:
        assert client.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_pickle(pair: Pair, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client is pickled and copied by its settings; it finds its credentials again, and the pickle holds none."""
    ledger.use("pickle")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret)
    options = {"region_name": KEY.region, "endpoint_url": pair.server.url}
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(pair.theirs.client("greengrassv2", **options))
    client = pair.ours.client("greengrassv2", **options)
    assert KEY.secret.encode() not in pickle.dumps(client)
    for other in (pickle.loads(pickle.dumps(client)), copy.copy(client)):
        assert other.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_config_retries_are_left_alone(pair: Pair, ledger: Ledger) -> None:
    ledger.use("config-retries")
    before = {"max_attempts": 3}
    changed = {}
    for side in (pair.theirs, pair.ours):
        config = Config(retries=dict(before))
        side.client("greengrassv2", region_name=KEY.region, config=config)
        changed[side] = config.retries
    assert changed[pair.theirs] != before
    assert changed[pair.ours] == before


def test_presign_params_are_left_alone(pair: Pair, ledger: Ledger) -> None:
    ledger.use("presign-params")
    left = {}
    for side in (pair.theirs, pair.ours):
        left[side] = {"targetArn": "t"}
        pair.client(side).generate_presigned_url("create_deployment", Params=left[side])
    assert "clientToken" in left[pair.theirs]
    assert left[pair.ours] == {"targetArn": "t"}


def _class(side: Side) -> Any:
    return side.client("greengrassv2", region_name=KEY.region).exceptions.ConflictException


def test_error_classes_are_one_set(theirs: Side, ours: Side, ledger: Ledger) -> None:
    ledger.use("one-set-of-errors")
    assert _class(theirs) is not _class(boto3_side("another session"))
    assert _class(ours) is _class(fleetgrass_side())


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_has_its_own_connection(pair: Pair, ledger: Ledger) -> None:
    """botocore's child talks over its parent's socket, where answers get mixed up."""
    ledger.use("fork")
    connections = {}
    for side in (pair.theirs, pair.ours):
        client = pair.client(side)
        pair.server.script()
        client.list_components()
        child = os.fork()
        if not child:
            status = capture(client.list_components).kind
            os._exit(0 if status == "value" else 1)
        assert os.waitpid(child, 0)[1] == 0
        client.list_components()
        connections[side] = [request.connection for request in pair.server.take()]
    parent, child, again = connections[pair.theirs]
    assert parent == child == again
    parent, child, again = connections[pair.ours]
    assert parent == again != child


def test_white_space_ends_no_header(pair: Pair, ledger: Ledger) -> None:
    ledger.use("header-white-space")
    theirs, ours = pair.run(Case("x", "list_components", {}, answers=[reply(headers=[("x-a", "b  ")])]))
    seen = [side.outcome.value["ResponseMetadata"]["HTTPHeaders"]["x-a"] for side in (theirs, ours)]
    assert seen == ["b  ", "b"]


def test_signatures(pair: Pair, ledger: Ledger) -> None:
    ledger.use("signatures")
    theirs, ours = (inspect.signature(pair.client(side).get_component) for side in (pair.theirs, pair.ours))
    assert list(theirs.parameters) == ["args", "kwargs"]
    assert set(ours.parameters) == {"arn", "recipeOutputFormat"}
    assert not pair.client(pair.theirs).get_component.__doc__[:1]
    assert pair.client(pair.ours).get_component.__doc__[:1]


def test_user_agent(pair: Pair, ledger: Ledger) -> None:
    ledger.use("user-agent")
    theirs, ours = pair.run(Case("user agent", "list_components", {}))
    first, second = (str(seen.requests[0].header("user-agent")) for seen in (theirs, ours))
    assert first.startswith("Boto3/")
    assert second.startswith("fleetgrass/")
    assert "lang/python#" in second


@pytest.mark.parametrize("value", ["\x00", "\x1f", "\x7f"])
def test_control_characters_are_no_header(pair: Pair, ledger: Ledger, value: str) -> None:
    ledger.use("header-control-characters")
    params = {"arn": "a", "artifactName": "b", "iotEndpointType": value}
    assert pair.client(pair.theirs).get_component_version_artifact(**params)
    with pytest.raises(HTTPClientError) as refused:
        pair.client(pair.ours).get_component_version_artifact(**params)
    assert str(refused.value).endswith(f"Invalid header value {value.encode()!r}")


def test_surrogates_are_no_header(pair: Pair, ledger: Ledger) -> None:
    ledger.use("header-control-characters")
    params = {"arn": "a", "artifactName": "b", "iotEndpointType": "\ud800"}
    with pytest.raises(AttributeError):
        pair.client(pair.theirs).get_component_version_artifact(**params)
    with pytest.raises(HTTPClientError, match="Invalid header value"):
        pair.client(pair.ours).get_component_version_artifact(**params)


def test_urls_have_a_length(pair: Pair, ledger: Ledger) -> None:
    ledger.use("long-urls")
    assert pair.client(pair.theirs).list_components(nextToken="x" * 65_600)
    assert pair.client(pair.ours).list_components(nextToken="x" * 65_000)
    with pytest.raises(HTTPClientError, match="Invalid URL"):
        pair.client(pair.ours).list_components(nextToken="x" * 65_600)


def test_presign_looks_for_no_token(pair: Pair, ledger: Ledger) -> None:
    ledger.use("presign-params-no-dict")
    with pytest.raises(TypeError):
        pair.client(pair.theirs).generate_presigned_url("create_deployment", Params=5)
    with pytest.raises(AttributeError):
        pair.client(pair.ours).generate_presigned_url("create_deployment", Params=5)

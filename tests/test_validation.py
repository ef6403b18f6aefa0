"""`Config(strict_validation=True)` and the notes of validation errors.

The emulator checks the same constraints as the service does, so it is the judge of strict validation: over random
parameters the client refuses before the network exactly what the local cloud refuses after it. The text of an error
is botocore's, noted or not.
"""

import json
import pickle
import re
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError, InvalidConfigError, ParamValidationError
from hypothesis import assume, given, settings, strategies as st

import fleetgrass
from facade import KEYS, made, options, outcome
from fleetgrass.emulator import Emulator
from support.model import operations

NOWHERE = {"region_name": "us-east-1", "endpoint_url": "http://127.0.0.1:1", **KEYS}

# Random parameters, from the model


def ends(shape: Any, largest: int) -> st.SearchStrategy[int]:
    """Numbers about the limits of `shape`, and between them, as far as `largest`."""
    least, most = int(shape.metadata.get("min", 0)), min(int(shape.metadata.get("max", largest)), largest)
    return st.sampled_from([least, least + 1, most - 1, most, most + 1]) | st.integers(least, most + 1)


LETTERS = st.characters(codec="utf-8")
LIKE = {
    shape: st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="utf-8", exclude_characters="\n\r"))
    for shape, pattern in {
        "ClientTokenString": "[a-zA-Z0-9-]{1,66}",
        "TargetARN": "arn:aws:iot:[a-z0-9-]{1,9}:[0-9]{1,12}:(thing|thinggroup)/.+",
        "ThingGroupARN": "arn:aws:iot:us-east-1:[0-9]{12}:thinggroup/.+",
        "ComponentARN": "arn:[^:]*:greengrass:us-east-1:(aws|[0-9]{12}):components:[^:]+",
        "ComponentVersionARN": "arn:[^:]*:greengrass:us-east-1:(aws|[0-9]+):components:[^:]+:versions:[^:]+",
        "GenericV2ARN": "arn:aws:greengrass:us-east-1:(aws|[0-9]+):(components|deployments|coreDevices):.*",
    }.items()
}


@st.composite
def text(draw: st.DrawFn, shape: Any) -> str:
    likely = []
    if shape.enum:
        likely += [st.sampled_from([*shape.enum, shape.enum[0].swapcase(), ""])]
    if shape.name in LIKE:
        likely += [LIKE[shape.name], LIKE[shape.name].map(lambda text: text + "\n"), st.just("x")]
    if draw(st.booleans()) and likely:
        return draw(st.one_of(likely))
    length = draw(ends(shape, 300))
    letters = draw(st.text(LETTERS, min_size=1, max_size=3))
    return (letters * (length // len(letters) + 1))[:length]


def values(shape: Any) -> st.SearchStrategy[Any]:
    """What botocore accepts for `shape`, near the limits that it does not check."""
    match shape.type_name:
        case "structure":
            members = {name: values(member) for name, member in shape.members.items()}
            required = {name: members.pop(name) for name in shape.required_members}
            return st.fixed_dictionaries(required, optional=members)
        case "map":
            most = 201 if shape.metadata.get("max") else 2
            return st.dictionaries(text(shape.key), values(shape.value), max_size=2) | st.integers(0, most).map(
                lambda size: {f"k{at}": "" for at in range(size)} if shape.value.type_name == "string" else {}
            )
        case "list":
            few = st.lists(values(shape.member), min_size=int(shape.metadata.get("min", 0)), max_size=2)
            return few | ends(shape, 201).map(lambda size: ["k"] * size) if shape.member.type_name == "string" else few
        case "string":
            return text(shape)
        case "integer" | "long":
            return ends(shape, 2**63 - 1) if "max" in shape.metadata else ends(shape, 100)
        case "double":
            return ends(shape, 101) | ends(shape, 101).map(lambda number: number + 0.5)
        case "boolean":
            return st.booleans()
        case "blob":
            return st.binary(max_size=20)
    raise AssertionError(shape)


#: Operations that the local cloud serves: with every kind of constraint, and in every part of a request.
METHODS = [
    "create_component_version", "create_deployment", "get_component", "list_components", "list_component_versions",
    "list_core_devices", "list_deployments", "list_installed_components", "list_tags_for_resource", "tag_resource",
    "untag_resource", "get_core_device",
]  # fmt: skip


def called(client: Any, method: str, params: dict[str, Any]) -> Exception | None:
    try:
        getattr(client, method)(**params)
    except (ClientError, ParamValidationError) as error:
        return error
    return None


def problems_of(error: Exception | None) -> int:
    """How many constraints of the model an outcome says are broken."""
    if isinstance(error, ParamValidationError):
        return len(re.findall(r"^Invalid (?:value|length) for parameter .*?, valid ", str(error), re.M | re.S))
    found = re.match(
        r"An error occurred \(ValidationException\).*?: (\d+) validation errors? detected", str(error), re.S
    )
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def clients() -> Iterator[tuple[Any, Any, Any]]:
    """botocore's and ours on one cloud: as it is, and strict."""
    with Emulator() as emulator:
        arguments = {"endpoint_url": emulator.endpoint_url, "region_name": "us-east-1", **emulator.credentials}
        once = botocore.config.Config(retries={"total_max_attempts": 1})
        yield (
            boto3.client("greengrassv2", config=once, **arguments),
            fleetgrass.client("greengrassv2", config=once, **arguments),
            fleetgrass.client("greengrassv2", config=fleetgrass.Config(strict_validation=True), **arguments),
        )


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=60)
@given(data=st.data())
def test_strict_refuses_exactly_what_the_service_refuses(clients: Any, method: str, data: st.DataObject) -> None:
    theirs, ours, strict = clients
    params = data.draw(values(operations()[method].input_shape))
    # An empty label of a path, or one of dots alone, leads to another operation.
    assume(not any(value in ("", ".", "..") for value in params.values() if isinstance(value, str)))
    standard = called(ours, method, params)
    refused = called(strict, method, params)
    if isinstance(standard, ParamValidationError):
        assert str(standard) == str(called(theirs, method, params))
        assert set(str(standard).splitlines()) <= set(str(refused).splitlines())
        return
    assert problems_of(refused) == problems_of(standard), (refused, standard)
    assert isinstance(refused, ParamValidationError) == bool(problems_of(standard)), (refused, standard)


def test_the_random_parameters_break_and_keep_constraints(clients: Any) -> None:
    """The test above would also pass on parameters that are all good."""
    met = set()

    @settings(max_examples=300, database=None)
    @given(
        st.sampled_from(METHODS).flatmap(
            lambda method: st.tuples(st.just(method), values(operations()[method].input_shape))
        )
    )
    def meet(drawn: tuple[str, dict[str, Any]]) -> None:
        refused = called(clients[2], *drawn)
        if isinstance(refused, ParamValidationError):
            met.update(re.findall(r", (valid [a-z ]+):", str(refused)))
        else:
            met.add("accepted")

    meet()
    limits = {"valid max length", "valid max value", "valid min length", "valid values", "valid pattern"}
    assert met >= {"accepted", *limits}


@pytest.mark.parametrize(
    ("method", "params", "line"),
    [
        (
            "list_components",
            {"scope": "X"},
            "Invalid value for parameter scope, value: X, valid values: PRIVATE, PUBLIC",
        ),
        (
            "list_components",
            {"maxResults": 101},
            "Invalid value for parameter maxResults, value: 101, valid max value: 100",
        ),
        (
            "create_component_version",
            {"clientToken": "a" * 70},
            "Invalid length for parameter clientToken, value: 70, valid max length: 64",
        ),
        (
            "create_component_version",
            {"clientToken": "a b"},
            "Invalid value for parameter clientToken, value: a b, valid pattern: ^[a-zA-Z0-9-]+$",
        ),
        (
            "create_component_version",
            {"tags": {}},
            "Invalid length for parameter tags, value: 0, valid min length: 1",
        ),
        (
            "create_component_version",
            {"tags": {"é" * 129: ""}},
            f"Invalid length for parameter tags (key: {'é' * 129}), value: 129, valid max length: 128",
        ),
        (
            "untag_resource",
            {"resourceArn": "arn:aws:greengrass:us-east-1:1:components:a", "tagKeys": ["a"] * 201},
            "Invalid length for parameter tagKeys, value: 201, valid max length: 200",
        ),
        (
            "list_components",
            {"scope": "\ud800"},
            "Invalid value for parameter scope, value: \ud800, valid values: PRIVATE, PUBLIC",
        ),
    ],
)  # fmt: skip
def test_the_words_of_strict_validation(method: str, params: dict[str, Any], line: str) -> None:
    strict = fleetgrass.client("greengrassv2", config=fleetgrass.Config(strict_validation=True), **NOWHERE)
    with pytest.raises(ParamValidationError) as raised:
        getattr(strict, method)(**params)
    assert str(raised.value) == f"Parameter validation failed:\n{line}"
    with pytest.raises(ParamValidationError):
        strict.generate_presigned_url(method, params)


# The option


def test_strict_validation_is_an_option_like_others() -> None:
    strict = fleetgrass.Config(strict_validation=True)
    with made():
        client = fleetgrass.client("greengrassv2", region_name="us-east-1", config=strict)
        assert client.meta.config.strict_validation is True
        assert client._core.options["parameter_validation"] == "strict"
    with made():
        assert options(region_name="us-east-1")["parameter_validation"] == "standard"
        plain = fleetgrass.client("greengrassv2", region_name="us-east-1", config=botocore.config.Config())
        assert plain.meta.config.strict_validation is False
    assert fleetgrass.Config().strict_validation is False
    assert fleetgrass.Config().merge(strict).strict_validation is True
    assert strict.merge(botocore.config.Config(read_timeout=3)).strict_validation is True
    assert not hasattr(fleetgrass.config.to_botocore(strict), "strict_validation")


@pytest.mark.parametrize(
    ("config", "profile", "words"),
    [
        ({"strict_validation": True, "parameter_validation": False}, None, "turned off"),
        ({"strict_validation": True}, "local", "turned off"),
        ({"strict_validation": "yes"}, None, "'yes'"),
    ],
)
def test_what_cannot_be_meant_is_refused(config: dict[str, Any], profile: str | None, words: str) -> None:
    with made(**({"AWS_PROFILE": profile} if profile else {})), pytest.raises(InvalidConfigError, match=words):
        options(region_name="us-east-1", config=fleetgrass.Config(**config))


# Notes


def folded(name: str) -> str:
    return name.replace("_", "").lower()


def structures(shape: Any, wrap: Any, place: str) -> Iterator[tuple[Any, Any, str]]:
    """Each structure below `shape`, how to give its members as the operation's, and its place."""
    match shape.type_name:
        case "structure":
            yield shape, wrap, place.removeprefix(".") or "input"
            for name, member in shape.members.items():
                yield from structures(member, lambda value, name=name: wrap({name: value}), f"{place}.{name}")
        case "list":
            yield from structures(shape.member, lambda value: wrap([value]), f"{place}[0]")
        case "map":
            yield from structures(shape.value, lambda value: wrap({"x": value}), f"{place}.x")


PLACES = [
    (method, *found)
    for method, operation in operations().items()
    if operation.input_shape is not None
    for found in structures(operation.input_shape, lambda value: value, "")
    if found[0].members
]
BAD_VALUE = object()  # of no type that a shape asks for


@st.composite
def near_misses(draw: st.DrawFn) -> tuple[str, dict[str, Any], str, str, str]:
    """A method and parameters in which one key is written wrong: the key, its wrong spelling and its place."""
    method, shape, wrap, place = draw(st.sampled_from(PLACES))
    key = draw(st.sampled_from([name for name in shape.members if len(name) > 2] or [None]))
    assume(key is not None)
    at = draw(st.integers(0, len(key) - 1))
    letter = draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz_-9"))
    wrong = draw(
        st.sampled_from(
            [
                key[:at] + key[at + 1 :],
                key[:at] + letter + key[at:],
                key[:at] + letter + key[at + 1 :],
                key[:at] + key[at : at + 2][::-1] + key[at + 2 :],
                re.sub("([A-Z])", r"_\1", key).lower(),
                key.upper(),
                key[0].upper() + key[1:],
            ]
        )
    )
    assume(wrong not in shape.members)
    elsewhere = {folded(name) for _, other, *_ in PLACES for name in other.members} - {folded(key)}
    assume(folded(wrong) not in elsewhere)
    return method, wrap({wrong: BAD_VALUE}), key, wrong, place


@pytest.fixture(scope="module")
def both() -> tuple[Any, Any]:
    return boto3.client("greengrassv2", **NOWHERE), fleetgrass.client("greengrassv2", **NOWHERE)


@settings(max_examples=600)
@given(miss=near_misses())
def test_a_near_miss_is_told_the_key(both: Any, miss: Any) -> None:
    method, params, key, wrong, place = miss
    theirs, ours = (called(client, method, params) for client in both)
    assert str(ours) == str(theirs)
    assert f'Did you mean "{key}" in place of "{wrong}" in {place}?' in ours.__notes__


#: A key, the place where it is written, and the place where it belongs.
MISPLACED = [
    (method, wrap, key, place, home)
    for method, shape, wrap, place in PLACES
    for other_method, other, _, home in PLACES
    if method == other_method and shape is not other
    for key in other.members
    if folded(key) not in {folded(name) for name in shape.members}
]


@settings(max_examples=300)
@given(st.sampled_from(MISPLACED))
def test_a_key_of_another_place_is_told_its_place(both: Any, misplaced: Any) -> None:
    method, wrap, key, place, home = misplaced
    theirs, ours = (called(client, method, wrap({key: BAD_VALUE})) for client in both)
    assert str(ours) == str(theirs)
    home = home.replace("[0]", "[...]").replace(".x", ".<key>")
    note = next(note for note in ours.__notes__ if note.startswith(f'"{key}" belongs in '))
    assert home in note.removesuffix(f", not in {place}.").split(" belongs in ")[1].split(" or ")


@pytest.mark.parametrize(
    ("method", "params", "note"),
    [
        ("list_components", {"maxResults": "5"}, "maxResults: int(...) makes a whole number of it."),
        ("list_components", {"nextToken": None}, "nextToken: leave it out where there is no value."),
        ("get_component", {"arn": b"a"}, "arn: .decode() makes a str of it."),
        ("untag_resource", {"resourceArn": "a", "tagKeys": {"a"}}, "tagKeys: list(...) makes a list of it."),
        (
            "untag_resource",
            {"resourceArn": "a", "tagKeys": "a"},
            "tagKeys: put it into a list, even where it is the only one.",
        ),
        ("create_component_version", {"inlineRecipe": {}}, "inlineRecipe: json.dumps(...) makes JSON of it."),
        ("tag_resource", {"resourceArn": "a", "tags": {"a": 1}}, "tags.a: str(...) makes a text of it."),
        (
            "create_deployment",
            {"targetArn": "a", "components": {"c": "1.0.0"}},
            'components.c: put it into a dict, as {"componentVersion": ...}.',
        ),
        ("get_core_device", {"thingName": "a"}, 'Did you mean "coreDeviceThingName" in place of "thingName" in input?'),
    ],
)
def test_evident_remedies_are_told(both: Any, method: str, params: dict[str, Any], note: str) -> None:
    theirs, ours = (called(client, method, params) for client in both)
    assert str(ours) == str(theirs)
    assert ours.__notes__ == [note]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("get_component", {"arn": None}),
        ("get_component", {}),
        ("list_components", {"colour": 1}),
        ("list_components", {"\ud800": 1}),
        ("list_components", {"maxResults": 0}),
        ("create_deployment", {"targetArn": "a", "target_arn": "b"}),
    ],
)
def test_no_note_where_nothing_is_near(both: Any, method: str, params: dict[str, Any]) -> None:
    theirs, ours = (called(client, method, params) for client in both)
    assert str(ours) == str(theirs)
    assert not hasattr(ours, "__notes__")


def test_notes_go_where_the_error_goes(both: Any) -> None:
    with pytest.raises(ParamValidationError) as raised:
        both[1].get_paginator("list_components").paginate(Scope="PRIVATE").build_full_result()
    note = 'Did you mean "scope" in place of "Scope" in input?'
    assert raised.value.__notes__ == [note]
    with pytest.raises(ParamValidationError) as raised:
        both[1].generate_presigned_url("list_components", {"Scope": "PRIVATE"})
    assert raised.value.__notes__ == [note]
    assert outcome(lambda: str(pickle.loads(pickle.dumps(raised.value)))) == str(raised.value)
    assert json.dumps(raised.value.kwargs)

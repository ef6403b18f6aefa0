"""Any Python object as any argument: nothing but what botocore does with it, and never a panic.

Hypothesis grows the objects and shrinks what it finds; the methods and members come from the model.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from differential.alike import assert_alike
from support import cases
from support.cases import Case, Setup
from support.compare import Pair
from support.deviations import Ledger
from support.model import operations
from support.values import WRONG, Fraction, Row, Table, Text, Whole

# For each method; the more random cases are asked for, the more of these.
EXAMPLES = max(20, cases.CASES // 29)

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.complex_numbers() | st.binary()
    | st.text(st.characters()) | st.text(st.characters(categories=["Cs", "Cc", "L"])) | st.binary().map(bytearray)
    | st.datetimes() | st.text().map(Text) | st.integers().map(Whole) | st.floats().map(Fraction)
    | st.sampled_from(WRONG).map(lambda make: make())
)  # fmt: skip
KEYS = st.text() | st.text().map(Text) | st.integers() | st.none() | st.booleans() | st.binary()
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.lists(inner, max_size=3).map(Row)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3).map(Table)
    ),
    max_leaves=8,
)


@st.composite
def nearly(draw: st.DrawFn, shape: Any, depth: int = 0) -> Any:
    """What the shape wants down to some place, and anything from there."""
    if depth > 6 or draw(st.integers(0, 5)) == 0:
        return draw(ANYTHING)
    kind = shape.type_name
    if kind == "structure":
        names = draw(st.lists(st.sampled_from(sorted(shape.members)), unique=True, max_size=4))
        names = list(dict.fromkeys([*shape.required_members, *names]))
        return {name: draw(nearly(shape.members[name], depth + 1)) for name in names}
    if kind == "list":
        return [draw(nearly(shape.member, depth + 1)) for _ in range(draw(st.integers(0, 2)))]
    if kind == "map":
        return {draw(st.text(max_size=3)): draw(nearly(shape.value, depth + 1)) for _ in range(draw(st.integers(0, 2)))}
    scalars = {"string": st.text(), "boolean": st.booleans(), "blob": st.binary(), "double": st.floats()}
    return draw(scalars.get(kind, st.integers()))


@pytest.mark.parametrize("method", [name for name, operation in operations().items() if operation.input_shape.members])
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=cases.SEED == "1",
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_any_object(pair: Pair, ledger: Ledger, method: str, data: st.DataObject) -> None:
    shape = operations()[method].input_shape
    chosen = data.draw(st.lists(st.sampled_from(sorted(shape.members)), unique=True))
    names = list(dict.fromkeys([*shape.required_members, *chosen]))
    params = {name: data.draw(nearly(shape.members[name])) for name in names}
    setup = Setup(validate=data.draw(st.sampled_from([True, True, False])))
    assert_alike(pair, ledger, [Case(repr(method), method, params, setup)])


LIMITS = (
    10**5000, -(10**5000), Decimal("1e400"), Decimal("sNaN"), Decimal("-Infinity"), "x" * 20_000, "\ud800" * 3,
    b"x" * 20_000, float("nan"), 5e-324,
)  # fmt: skip


def _nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize("value", [*LIMITS, _nested(50)], ids=lambda value: type(value).__name__)
def test_limits(pair: Pair, ledger: Ledger, value: Any) -> None:
    """Values at the ends of what Python has, in every kind of place."""
    lambda_of = {"lambdaArn": "a"}
    places: list[tuple[str, dict[str, Any]]] = [
        ("get_component", {"arn": value}),
        ("list_components", {"maxResults": value}),
        ("list_components", {"nextToken": value}),
        ("untag_resource", {"resourceArn": "a", "tagKeys": value}),
        ("untag_resource", {"resourceArn": "a", "tagKeys": [value]}),
        ("tag_resource", {"resourceArn": "a", "tags": {"k": value}}),
        ("tag_resource", {"resourceArn": "a", "tags": value}),
        ("create_component_version", {"inlineRecipe": value, "clientToken": "t"}),
        ("create_component_version", {"lambdaFunction": {**lambda_of, "componentName": value}, "clientToken": "t"}),
        ("get_component_version_artifact", {"arn": "a", "artifactName": "b", "iotEndpointType": value}),
        ("create_deployment", {"targetArn": "t", "clientToken": "t", "components": {"c": {
            "componentVersion": "1", "runWith": {"systemResourceLimits": {"memory": value, "cpus": value}}}}}),
    ]  # fmt: skip
    if isinstance(value, str) and not value.isascii():
        places = [(method, params) for method, params in places if "iotEndpointType" not in params]  # its own row
    setups = (Setup(), Setup(validate=False))
    assert_alike(pair, ledger, [Case(method, method, params, setup) for method, params in places for setup in setups])


class Hostile:
    """An object whose every question is answered with an exception of its own."""

    def __getattribute__(self, name: str) -> Any:
        raise LookupError(f"hostile {name}")


class HostileDict(dict):  # type: ignore[type-arg]
    """A dict that holds a good value and does not show it."""

    def __iter__(self) -> Any:
        raise LookupError("hostile iter")

    def __getitem__(self, key: Any) -> Any:
        raise LookupError("hostile getitem")


HOSTILE: dict[str, Callable[[], Any]] = {
    "object": Hostile,
    "dict": lambda: HostileDict(a="b"),
    "in a list": lambda: [Hostile()],
    "in a dict": lambda: {"k": Hostile()},
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_objects_raise_no_panic(pair: Pair, kind: str) -> None:
    """Which of such an object's questions is asked first is nobody's promise; an Exception must come, or an answer."""
    value = HOSTILE[kind]()
    calls = [("tag_resource", {"resourceArn": "a", "tags": value}), ("get_component", {"arn": value})]
    for method, params in calls:
        for setup in (Setup(), Setup(validate=False)):
            for observed in pair.run(Case("hostile", method, params, setup)):
                error = observed.outcome.error
                assert error is None or isinstance(error, Exception), f"{type(error)} escaped"


def test_recursive_values(pair: Pair) -> None:
    """A dict that holds itself ends in an Exception on both sides, not in a dead process."""
    loop: dict[str, Any] = {}
    loop["a"] = loop
    components = {"a": {"componentVersion": "1", "configurationUpdate": loop}}
    for params in ({"resourceArn": "a", "tags": loop}, {"resourceArn": "a", "tags": {"k": loop}}):
        for observed in pair.run(Case("loop", "tag_resource", params, Setup(validate=False))):
            assert isinstance(observed.outcome.error, Exception)
    for observed in pair.run(Case("loop", "create_deployment", {"targetArn": "t", "components": components})):
        assert isinstance(observed.outcome.error, Exception)

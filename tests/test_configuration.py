"""Configuration after a deployment: the device's own answers, and laws that hold for any."""

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from fleetgrass.resolve import InvalidInputError, merge_configuration

VECTORS = Path(__file__).parent / "vectors"

LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)


def configurations(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    """Of few keys, so that two of them meet; among them a position, an empty one and such as pointers escape."""
    key = st.sampled_from([*keys, "0", "", "~1", "/"])
    values = st.recursive(
        LEAVES | st.text(max_size=3) | st.lists(LEAVES, max_size=2),
        lambda below: st.dictionaries(key, below, max_size=4),
        max_leaves=12,
    )
    return st.dictionaries(key, values, max_size=4)


CONFIGURATIONS = configurations("a", "A", "b", "B")
TIMESTAMPS = st.integers(2, 5000)


def test_configuration_is_that_of_the_device() -> None:
    vectors = json.loads((VECTORS / "config_merge.json").read_text("utf-8"))["cases"]
    assert len(vectors) == 53
    told = {"id", "title", "tags", "source", "expected"}
    for case in vectors:
        merged = merge_configuration(**{name: value for name, value in case.items() if name not in told})
        # as texts, since the order of keys and the kind of numbers count
        assert json.dumps(merged) == json.dumps(case["expected"]), case


def leaves(configuration: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """By folded path; of two spellings the last. Objects are leaves only where they are empty."""
    found: dict[tuple[str, ...], Any] = {}
    for key, value in configuration.items():
        path = (key.lower(),)
        if isinstance(value, dict) and value:
            found |= {path + rest: leaf for rest, leaf in leaves(value).items()}
        else:
            found[path] = value
    return found


def as_text(configuration: dict[str, Any]) -> str:
    """Equal texts are equal values of equal types in equal order."""
    return json.dumps(configuration)


@given(CONFIGURATIONS, CONFIGURATIONS, TIMESTAMPS)
def test_to_reset_all_is_to_install(default: dict[str, Any], running: dict[str, Any], set_at: int) -> None:
    reset = merge_configuration(
        default=default,
        running=running,
        running_timestamps={"": set_at},
        deployment_timestamp=2000,
        reset=["/a", "", "/b"],
    )
    assert as_text(reset) == as_text(merge_configuration(default=default, deployment_timestamp=2000))


@given(CONFIGURATIONS, CONFIGURATIONS, CONFIGURATIONS)
def test_to_merge_twice_is_to_merge_once(
    default: dict[str, Any], running: dict[str, Any], merge: dict[str, Any]
) -> None:
    once = merge_configuration(default=default, running=running, deployment_timestamp=2000, merge=merge)
    twice = merge_configuration(default=default, running=once, deployment_timestamp=2000, merge=merge)
    assert leaves(twice) == leaves(once)


@given(configurations("a", "B"), configurations("A", "b"))
def test_what_is_newer_stays_and_what_is_older_goes(running: dict[str, Any], merge: dict[str, Any]) -> None:
    def merged(set_at: int) -> dict[tuple[str, ...], Any]:
        return leaves(
            merge_configuration(
                running=running, running_timestamps={"": set_at}, deployment_timestamp=2000, merge=merge
            )
        )

    asked = leaves(merge)
    kept = {path: value for path, value in leaves(running).items() if value != {}}
    for path, value in asked.items():
        if value != {}:
            assert merged(2000)[path] == value
    for path, value in merged(2001).items():
        if value != {}:
            assert value == (kept[path] if path in kept else asked[path])


def pointer(path: tuple[str, ...]) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


@given(CONFIGURATIONS, st.data())
def test_a_reset_removes_what_its_pointer_leads_to_and_no_more(running: dict[str, Any], data: st.DataObject) -> None:
    before = leaves(merge_configuration(running=running, deployment_timestamp=2000))
    path = data.draw(st.sampled_from([*before, ("nothing",)]))
    after = leaves(merge_configuration(running=running, deployment_timestamp=2000, reset=[pointer(path)]))
    gone = set() if "0" in path else {path}
    assert {path: value for path, value in after.items() if value != {}} == {
        path: value for path, value in before.items() if path not in gone and value != {}
    }


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"k": value}
    return value


@pytest.mark.parametrize(
    ("arguments", "kind", "told"),
    [
        ({"default": []}, "not_an_object", "default is a list"),
        ({"running": 1}, "not_an_object", "running is a number"),
        ({"merge": "{}"}, "not_an_object", "merge is a text"),
        ({"reset": ["a"]}, "invalid_pointer", '"a" in reset'),
        ({"running": {}, "running_timestamps": {"a": 1}}, "invalid_pointer", '"a" in running_timestamps'),
        ({"running": {}, "running_timestamps": {"/a": 1}}, "nothing_there", '"/a" in running_timestamps'),
        ({"reset": "/a"}, None, "reset is the text '/a'"),
        ({"deployment_timestamp": -1}, None, "deployment_timestamp is -1"),
        ({"deployment_timestamp": 1.5}, None, "deployment_timestamp is 1.5"),
        ({"running_timestamps": {"": 2**63}}, None, "running_timestamps[''] is 9223372036854775808"),
        ({"merge": {"a": [0, {"b": float("nan")}]}}, None, 'merge["a"][1]["b"] is nan: give a finite number'),
        ({"merge": {"a": 2**64}}, None, 'merge["a"] is 18446744073709551616: give an integer'),
        ({"merge": {"a": {1: 2}}}, None, 'merge["a"] has the key 1: keys are texts'),
        ({"merge": {"a": b""}}, None, "merge[\"a\"] is of <class 'bytes'>"),
        ({"merge": {"a": "\ud800"}}, None, 'merge["a"] has half of a surrogate pair'),
        ({"merge": deep(129)}, None, "lies deeper than 128 levels"),
        ({"merge": deep(100_000)}, None, "lies deeper than 128 levels"),
    ],
)
def test_bad_input_is_named_with_its_place(arguments: dict[str, Any], kind: str | None, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as raised:
        merge_configuration(**{"deployment_timestamp": 2000} | arguments)
    assert getattr(raised.value, "kind", None) == kind
    assert isinstance(raised.value, InvalidInputError) == (kind is not None)


def test_the_deepest_configuration_fits_a_small_stack() -> None:
    deepest, merged = deep(128), []
    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(
            target=lambda: merged.append(merge_configuration(merge=deepest, deployment_timestamp=2000))
        )
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert merged == [deepest]


def test_to_lite_devices_another_case_is_another_key() -> None:
    change: dict[str, Any] = {
        "default": {"Port": 80, "log": {"Level": "INFO"}},
        "running": {"Port": 9, "LOG": {"level": "DEBUG"}},
        "running_timestamps": {"/Port": 3000},
        "reset": ["/port", "/LOG/Level"],
        "merge": {"port": 2, "Port": 3},
        "deployment_timestamp": 2000,
    }
    assert merge_configuration(**change) == {"LOG": {"Level": "INFO"}, "Port": 3}
    assert merge_configuration(**change, engine="lite") == {
        "LOG": {"level": "DEBUG"},
        "Port": 9,
        "log": {"Level": "INFO"},
        "port": 2,
    }
    with pytest.raises(InvalidInputError, match="/port"):
        merge_configuration(**change | {"running_timestamps": {"/port": 3000}}, engine="lite")
    with pytest.raises(InvalidInputError, match='engine "heavy"'):
        merge_configuration(**change, engine="heavy")  # type: ignore[arg-type]

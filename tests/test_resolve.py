"""The parts of the resolver as functions, over the vectors that devices' own code made."""

import ctypes
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from fleetgrass import _core, resolve

VECTORS = Path(__file__).parent / "vectors"


def cases(name: str, key: str = "cases") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / name).read_text("utf-8"))[key]
    return found


def outcome(function: Any, *arguments: Any) -> tuple[Any, str | None]:
    """The value, or the kind of the error, as the vectors tell them."""
    try:
        return function(*arguments), None
    except resolve.InvalidInputError as error:
        return None, error.kind


def test_requirements_are_met_as_on_both_devices() -> None:
    vectors = cases("version_requirements.json")
    assert len(vectors) == 335
    for case in vectors:
        texts = case["requirement"], case["version"]
        assert outcome(resolve.satisfies, *texts) == (case["expected"], case.get("error")), case
        assert outcome(resolve.satisfies, *texts, "lite") == (case["lite"], None), case


def test_manifests_are_chosen_as_on_both_devices() -> None:
    vectors = cases("platform_match.json")
    assert len(vectors) == 58
    for case in vectors:
        chosen = outcome(resolve.select_manifest, case["manifests"], case["platform"], case["engine"])
        assert chosen == (case["expected_index"], case.get("error")), case


def test_requirements_without_alternatives_mean_in_one_text_what_each_means() -> None:
    """Which spares the walk from reading one text of them all, as devices do; prereleases are another matter."""
    texts = {case["requirement"] for case in cases("version_requirements.json") if not case.get("error")}
    texts = {_core.normalized(text) for text in texts}
    plain = sorted(text for text in texts if "||" not in text)
    assert len(plain) > 50
    assert [_core.normalized(text) for text in plain] == plain
    for one, other in itertools.product(plain, plain):
        for version in ("0.9.0", "1.0.0", "1.2.3", "2.0.0"):
            each = resolve.satisfies(one, version) and resolve.satisfies(other, version)
            assert resolve.satisfies(f"{one} {other}", version) == each, (one, other, version)


def test_steps_have_their_defaults() -> None:
    lifecycle = {"setenv": {"A": "1"}, "shutdown": "s.sh", "Run": {"Script": "r.sh", "Timeout": "5"}, "Other": 1}
    steps = resolve.lifecycle_steps(resolve.select_lifecycle(lifecycle, [{}], 0))
    assert (list(steps), steps["Setenv"]) == (["Setenv", "Shutdown", "Run"], {"A": "1"})
    assert (steps["Shutdown"]["Script"], steps["Shutdown"]["Timeout"], steps["Run"]["Timeout"]) == ("s.sh", 15, 5)


def test_lifecycles_are_selected_as_on_the_device() -> None:
    vectors = cases("platform_match.json", "lifecycle_cases")
    assert len(vectors) == 14
    for case in vectors:
        selected = resolve.select_lifecycle(case["lifecycle"], case["manifests"], case["manifest_index"])
        assert selected == case["expected_lifecycle"], case


# Texts of few characters, so that two of them differ late or not at all.
WORDS = st.text("01290.-ax", max_size=8)


@given(WORDS, WORDS)
def test_a_lite_device_compares_as_libc_does(version: str, bound: str) -> None:
    try:
        strverscmp = ctypes.CDLL(None).strverscmp
    except AttributeError:
        pytest.skip("this libc has no strverscmp")
    order = strverscmp(version.encode(), bound.encode())
    met = {sign: resolve.satisfies(sign + bound, version, "lite") for sign in ("<", "<=", "=", ">=", ">")}
    # an `=` at the start of the bound would be read as part of the sign; there is none in WORDS
    assert met == {"<": order < 0, "<=": order <= 0, "=": order == 0, ">=": order >= 0, ">": order > 0}


LINUX = {"os": "linux", "architecture": "amd64"}


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda: resolve.satisfies(">=1.0.0, <2.0.0", "1.0.0"),
            ['">=1.0.0, <2.0.0"', '"1.0.0,"', 'write such as "^1.0.0"'],
        ),
        (lambda: resolve.satisfies("^1", "1.0"), ['"1.0"', "three numbers", 'write such as "1.0.0"']),
        (lambda: resolve.satisfies("^1", "1.0.0", "npm"), ['engine "npm"', '"classic" or "lite"']),  # type: ignore[arg-type]
        (
            lambda: resolve.select_manifest([{"Platform": {"os": "x"}}, {"Platform": {"os": "/(/"}}], LINUX),
            ['Manifests[1].Platform["os"]', '"/(/"', "correct it"],
        ),
        (
            lambda: resolve.select_manifest([{"Platform": {"os": "/linux)|(?:windows/"}}], {"os": "linuxfoo"}),
            ['Manifests[0].Platform["os"]', '"/linux)|(?:windows/"', "correct it"],
        ),
        (
            lambda: resolve.select_manifest([{"Platform": {"os": "/(a|a)*(?=b)c/"}}], {"os": "a" * 60}),
            ['Manifests[0].Platform["os"]', "backtracking"],
        ),
        (
            lambda: resolve.select_manifest([{"Platform": {"os": "linux"}}, {}], LINUX, "lite"),
            ["Manifests[1].Platform", "missing", "runtime"],
        ),
        (
            lambda: resolve.select_manifest([{"Platform": "linux"}], LINUX),
            ["Manifests[0].Platform", '"linux"', "a map"],
        ),  # type: ignore[list-item]
        (lambda: resolve.select_manifest([{}], {"os": 1}), ["platform['os'] is 1", "texts"]),  # type: ignore[dict-item]
        (lambda: resolve.select_manifest([{}], "linux/amd64"), ["platform is 'linux/amd64'", "dict"]),  # type: ignore[arg-type]
        (lambda: resolve.select_manifest([{"Platform": {1, 2}}], LINUX), ["JSON", "set"]),
        (lambda: resolve.lifecycle_steps({"Run": {"Timeout": "1m"}}), ["Lifecycle", "Timeout", "1m", "whole seconds"]),
        (lambda: resolve.lifecycle_steps([]), ["lifecycle", "select_lifecycle"]),  # type: ignore[arg-type]
        (lambda: resolve.select_lifecycle({}, [{}], 1), ["index 1", "1 manifests", "select_manifest"]),
        (lambda: resolve.select_lifecycle({}, [{}], -1), ["index -1"]),
        (lambda: resolve.select_lifecycle({}, [{}], None), ["index None"]),  # type: ignore[arg-type]
        (lambda: resolve.select_lifecycle([], [{}], 0), ["Lifecycle", "an empty list", "a map"]),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_read_is_named_with_its_remedy(call: Any, told: list[str]) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the texts follow
        call()
    assert [part for part in told if part not in str(raised.value)] == []


def test_values_that_hold_themselves_are_refused() -> None:
    lifecycle: dict[str, Any] = {}
    lifecycle["Run"] = lifecycle
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"Run": deep}
    for value in (lifecycle, deep):
        with pytest.raises(ValueError, match="JSON"):
            resolve.select_lifecycle(value, [{}], 0)

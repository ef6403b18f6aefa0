"""The simulation as a function, over the vectors that the device's own resolver made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fleetgrass import resolve

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors" / "resolution.json").read_text("utf-8"))[
    "cases"
]
LINUX = {"os": "linux", "architecture": "amd64"}


def simulated(case: dict[str, Any]) -> resolve.Simulation:
    given = ("platform", "catalog", "device", "deployment", "other_groups", "cloud_policy")
    return resolve.simulate(**{name: case[name] for name in given if name in case})


def in_words_of_the_vectors(simulation: resolve.Simulation) -> dict[str, Any]:
    if simulation.error:
        assert simulation.result is None
        return {"error": {"kind": simulation.error.kind, **simulation.error.details}}
    orphans = {"orphans": simulation.orphans} if simulation.orphans else {}
    return {"result": simulation.result, "trace": simulation.trace, **orphans}


def test_there_are_all_vectors() -> None:
    assert len(CASES) == 87


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_simulation_ends_as_on_the_device(case: dict[str, Any]) -> None:
    simulation = simulated(case)
    assert in_words_of_the_vectors(simulation) == case["expect"], case["title"]
    assert simulation.order_sensitive == case["order_sensitive"], case["title"]


GROUP = {"target": "thinggroup/g", "components": [{"name": "A", "version": "1.0.0"}]}
CATALOG = {"A": {"1.0.0": {"deps": {"B": "^1.0.0"}}}, "B": {"1.0.0": {}, "1.1.0": {}}}


def test_a_catalogue_is_read_once_for_many_simulations() -> None:
    catalogue = resolve.Catalog(CATALOG)
    for _ in range(2):
        simulation = resolve.simulate(platform=LINUX, catalog=catalogue, deployment=GROUP)
        assert simulation.result == {"A": "1.0.0", "B": "1.1.0"}
    assert simulation.requirements == {"A": {"thinggroup/g": "=1.0.0"}, "B": {"A": ">=1.0.0 <2.0.0"}}
    assert repr(simulation) == "<Simulation result={'A': '1.0.0', 'B': '1.1.0'}>"


def test_a_deployment_replaces_what_its_group_had() -> None:
    others = {"thinggroup/g": {"B": "1.0.0"}}
    simulation = resolve.simulate(platform=LINUX, catalog=CATALOG, deployment=GROUP, other_groups=others)
    assert simulation.result == {"A": "1.0.0", "B": "1.1.0"}


def test_a_refusal_has_the_words_of_the_device() -> None:
    error = resolve.simulate(platform=LINUX, catalog={}, deployment=GROUP).error
    assert error is not None
    assert str(error).startswith("No local or cloud component version satisfies the requirements. ")
    assert str(error).endswith("Component A version constraints: thinggroup/g requires =1.0.0.")
    assert error.codes == ["NO_AVAILABLE_COMPONENT_VERSION", "COMPONENT_VERSION_REQUIREMENTS_NOT_MET"]
    assert repr(resolve.simulate(platform=LINUX, catalog={}, deployment=GROUP)) == (
        "<Simulation error='no_available_version'>"
    )


@pytest.mark.parametrize(
    ("requirement", "misread"),
    [("^1.0.0", []), ("1.0.0 || 2.0.0", ["B"])],
)
def test_alternatives_that_change_their_meaning_together_are_told(requirement: str, misread: list[str]) -> None:
    """`<1.5.0` and `1.0.0 || 2.0.0` become `<1.5.0 1.0.0 || 2.0.0`, which 2.0.0 meets."""
    simulation = resolve.simulate(
        platform=LINUX,
        catalog={
            "A": {"1.0.0": {"deps": {"B": "<1.5.0", "C": "*"}}},
            "B": {"1.0.0": {}, "2.0.0": {}},
            "C": {"1.0.0": {"deps": {"B": requirement}}},
        },
        device={"local_store": {"B": ["1.0.0", "2.0.0"]}},
        deployment=GROUP,
    )
    assert simulation.merged_alternatives == misread


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"catalog": []}, ["catalog is a list of 0: give a dict"]),
        ({"catalog": {"A": {"1.0": {}}}}, ['catalog["A"]["1.0"]', "three numbers", 'such as "1.0.0"']),
        (
            {"catalog": {"A": {"1.0.0": {"dep": {}}}}},
            ['catalog["A"]["1.0.0"]["dep"] is unknown', "the keys are deps, soft"],
        ),
        ({"catalog": {"A": {"1.0.0": {"deps": {"B": 1}}}}}, ['["deps"]["B"] is 1', 'such as "^1.0.0"']),
        ({"catalog": {"A": {"1.0.0": {"soft": ["B"]}}}}, ['["soft"][0] is "B": name one of deps']),
        (
            {"catalog": {"A": {"1.0.0": {"manifests": [{"Platform": "linux"}]}}}},
            ['catalog["A"]["1.0.0"]', "Manifests[0].Platform", '"linux"', "write a map"],
        ),
        ({"catalog": {"A": {"1.0.0": {"type": "nucleus"}}}}, ["ComponentType", '"nucleus"', "aws.greengrass.nucleus"]),
        ({"catalog": {"A b": {"1.0.0": {}}}}, ['catalog["A b"]["1.0.0"]', "ComponentName", "' '"]),
        ({"catalog": {1: {}}}, ["catalog has the key 1"]),
        ({"platform": {"os": 1}}, ['platform["os"] is 1', "text"]),
        ({"device": {"onlin": False}}, ['device["onlin"] is unknown', "online"]),
        ({"device": {"online": "no"}}, ['device["online"] is "no"', "True or False"]),
        ({"device": {"local_store": {"B": ["9.0.0"]}}}, ['device["local_store"]["B"][0] is "9.0.0"', "local_recipes"]),
        ({"device": {"nucleus": {"name": "N"}}}, ['device["nucleus"]["version"] is missing', 'such as "1.0.0"']),
        ({"device": {"active": {"A": "v1"}}}, ['device["active"]["A"]', '"v1"', 'such as "1.0.0"']),
        ({"deployment": {"target": "g", "components": []}}, ['deployment["target"]', '"g"', "thinggroup/<name>"]),
        (
            {"deployment": {"target": "thing/t", "components": [{"name": "A"}]}},
            ['["components"][0]["version"] is missing'],
        ),
        ({"other_groups": {"g": {}}}, ['other_groups["g"]', "LOCAL_DEPLOYMENT"]),
        ({"other_groups": {"thing/t": {"A": None}}}, ['other_groups["thing/t"]["A"] is missing']),
        ({"cloud_policy": "latest"}, ['cloud_policy is "latest"', '"highest" or "prefer_candidate"']),
        ({"engine": "heavy"}, ['engine "heavy"', '"classic" or "lite"']),
    ],
)
def test_what_cannot_be_read_is_named_with_its_remedy(wrong: dict[str, Any], told: list[str]) -> None:
    given = {"platform": LINUX, "catalog": CATALOG, "deployment": GROUP, **wrong}
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the texts follow
        resolve.simulate(**given)
    assert [part for part in told if part not in str(raised.value)] == []

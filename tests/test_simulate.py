"""The simulation as a function, over the vectors that the device's own resolver made."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

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


def test_a_cycle_below_the_roots_of_another_group_passes() -> None:
    catalog = {**CATALOG, "X": {"1.0.0": {"deps": {"Y": "*"}}}, "Y": {"1.0.0": {"deps": {"X": "*"}}}}
    given = {"platform": LINUX, "catalog": catalog, "deployment": GROUP}
    simulation = resolve.simulate(**given, other_groups={"thinggroup/h": {"X": "1.0.0"}})
    assert simulation.result == {"A": "1.0.0", "B": "1.1.0", "X": "1.0.0", "Y": "1.0.0"}
    given["deployment"] = {**GROUP, "components": [{"name": "X", "version": "1.0.0"}]}
    error = resolve.simulate(**given).error
    assert error
    assert error.kind == "circular_dependency"


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
        device={"online": False, "local_store": {"A": ["1.0.0"], "B": ["1.0.0", "2.0.0"], "C": ["1.0.0"]}},
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
        ({"device": {"builtin": ["Tele"]}}, ['device["builtin"][0] is "Tele"', "active"]),
        ({"cloud_policy": "latest"}, ['cloud_policy is "latest"', '"highest" or "prefer_candidate"']),
        ({"engine": "heavy"}, ['engine "heavy"', '"classic" or "lite"']),
    ],
)
def test_what_cannot_be_read_is_named_with_its_remedy(wrong: dict[str, Any], told: list[str]) -> None:
    given = {"platform": LINUX, "catalog": CATALOG, "deployment": GROUP, **wrong}
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the texts follow
        resolve.simulate(**given)
    assert [part for part in told if part not in str(raised.value)] == []


def test_services_of_the_nucleus_are_known_without_a_recipe() -> None:
    catalog = {"A": {"1.0.0": {"deps": {"DeploymentService": "*"}}}}
    device = {"active": {"DeploymentService": "0.0.0"}}
    given: dict[str, Any] = {"platform": LINUX, "catalog": catalog, "deployment": GROUP}
    error = resolve.simulate(**given, device=device).error
    assert error is not None
    assert error.kind == "local_recipe_unusable"
    for online, source in [(True, "cloud"), (False, "local-offline")]:
        builtin = {**device, "builtin": ["DeploymentService"], "online": online, "local_store": {"A": ["1.0.0"]}}
        simulation = resolve.simulate(**given, device=builtin)
        assert simulation.result == {"A": "1.0.0", "DeploymentService": "0.0.0"}
        fallback = "local-fallback" if online else source
        assert simulation.trace == [f"A@1.0.0({source})", f"DeploymentService@0.0.0({fallback})"]
    # its version counts all the same
    catalog["A"]["1.0.0"]["deps"] = {"DeploymentService": ">=1.0.0"}
    error = resolve.simulate(**given, device={**device, "builtin": ["DeploymentService"]}).error
    assert error is not None
    assert error.kind == "no_available_version"


# The walk of lite devices. Nobody has run their code for us; these are the rules of its source.

PI = {"os": "linux", "architecture": "aarch64", "runtime": "aws_nucleus_lite"}
FOR_LITE = [{"Platform": {"os": "linux", "runtime": "*"}}]


def lite(versions: dict[str, dict[str, dict[str, str]]]) -> dict[str, Any]:
    """A catalogue for lite devices: dependencies by name and version."""
    return {
        name: {version: {"deps": deps, "manifests": FOR_LITE} for version, deps in of.items()}
        for name, of in versions.items()
    }


def on_lite(catalog: dict[str, Any], **given: Any) -> resolve.Simulation:
    return resolve.simulate(**{"platform": PI, "catalog": catalog, "deployment": GROUP, "engine": "lite", **given})


def test_a_lite_device_takes_what_it_has_before_it_asks() -> None:
    catalog = lite(
        {
            "A": {"1.0.0": {"B": ">=1.0.0", "C": ">=1.0.0"}},
            "B": {"1.0.0": {}, "2.0.0": {}, "3.0.0": {}},
            "C": {"1.0.0": {}, "1.1.0": {}},
        }
    )
    device = {"local_store": {"B": ["1.0.0", "2.0.0"]}, "active": {"C": "1.0.0"}}
    simulation = on_lite(catalog, device=device)
    # the first in the folder, the running one, and the highest of the cloud
    assert simulation.trace == ["A@1.0.0(cloud)", "B@1.0.0(local)", "C@1.0.0(local)"]
    assert on_lite(catalog).result == {"A": "1.0.0", "B": "3.0.0", "C": "1.1.0"}
    assert not simulation.order_sensitive


def test_a_lite_device_asks_about_what_it_cannot_read() -> None:
    catalog = lite({"A": {"1.0.0": {"B": "^1.0.0"}}, "B": {"1.0.0": {}, "1.1.0": {}, "2.0.0": {}}})
    simulation = on_lite(catalog, device={"local_store": {"B": ["1.0.0"]}})
    assert simulation.trace == ["A@1.0.0(cloud)", "B@1.1.0(cloud)"]


def test_a_lite_device_does_not_take_a_version_back() -> None:
    catalog = lite(
        {
            "A": {"1.0.0": {"B": ">=1.0.0", "C": "1.0.0"}},
            "B": {"1.0.0": {}, "2.0.0": {}},
            "C": {"1.0.0": {"B": "<2.0.0"}},
        }
    )
    error = on_lite(catalog).error
    assert error
    assert (error.kind, error.details) == (
        "chosen_already",
        {"component": "B", "version": "2.0.0", "requirements": {"C": "<2.0.0"}},
    )
    # the other way round B is on the list, and not yet chosen, when C asks for it
    catalog["A"]["1.0.0"]["deps"] = {"C": "1.0.0", "B": ">=1.0.0"}
    simulation = on_lite(catalog)
    assert simulation.result == {"A": "1.0.0", "B": "1.0.0", "C": "1.0.0"}
    assert simulation.requirements["B"] == {"A": ">=1.0.0", "C": "<2.0.0"}


def test_a_lite_device_passes_over_cycles_and_some_components() -> None:
    skipped = dict.fromkeys(
        ("aws.greengrass.Nucleus", "aws.greengrass.TokenExchangeService", "aws.greengrass.Cli"), ">=2.0.0"
    )
    catalog = lite({"A": {"1.0.0": {"B": "1.0.0", **skipped}}, "B": {"1.0.0": {"A": "1.0.0"}}})
    assert on_lite(catalog).result == {"A": "1.0.0", "B": "1.0.0"}


NUCLEUS = "aws.greengrass.NucleusLite"


@pytest.mark.parametrize(
    ("catalog", "given", "error"),
    [
        (
            lite({"A": {"1.0.0": {"B": "1.0.0"}}}),
            {},
            {"kind": "no_available_version", "component": "B", "requirements": {"A": "1.0.0"}},
        ),
        (
            lite({"A": {"1.0.0": {}}}),
            {"device": {"online": False}},
            {"kind": "no_available_version_offline", "component": "A", "requirements": {"thinggroup/g": "1.0.0"}},
        ),
        (
            {"A": {"1.0.0": {"manifests": [{"Platform": {"os": "windows"}}]}}},
            {},
            {"kind": "platform_incompatible", "component": "A"},
        ),
        ({"A": {"1.0.0": {}}}, {}, {"kind": "local_recipe_unusable", "component": "A", "version": "1.0.0"}),
        (
            {"A": {"1.0.0": {"manifests": [{"Platform": {"os": "linux"}}]}}},
            {},
            {"kind": "local_recipe_unusable", "component": "A", "version": "1.0.0"},
        ),
        (
            {"A": {"1.0.0": {"manifests": FOR_LITE, "type": "aws.greengrass.plugin"}}},
            {},
            {"kind": "component_type_unsupported", "component": "A", "version": "1.0.0"},
        ),
        (
            {"A": {"1.0.0": {"deps": {"B": "<3.x"}}}},
            {},
            {"kind": "recipe_parse_error", "component": "A", "version": "1.0.0"},
        ),
        (
            lite({"A": {"1.0.0": {}}}),
            {"other_groups": {"thinggroup/h": {"A": "1.0.0+b"}}},
            {
                "kind": "roots_differ",
                "component": "A",
                "versions": {"thinggroup/g": "1.0.0", "thinggroup/h": "1.0.0+b"},
            },
        ),
        (
            lite({NUCLEUS: {"2.0.0": {}, "2.1.0": {}}}),
            {
                "deployment": {"target": "thing/t", "components": [{"name": NUCLEUS, "version": "2.1.0"}]},
                "device": {"nucleus": {"name": NUCLEUS, "version": "2.0.0"}},
            },
            {"kind": "nucleus_differs", "component": NUCLEUS, "version": "2.1.0", "running": "2.0.0"},
        ),
        (
            lite({"A": {"1.0.0": {f"C{n}": "1.0.0" for n in range(64)}}}),
            {},
            {"kind": "too_many_components"},
        ),
        (
            lite({"A": {"1.0.0": {"B": ">=1.0.0 " * 300 + ">=1.0.0"}}}),
            {},
            {"kind": "requirements_too_long"},
        ),
    ],
)
def test_a_lite_device_refuses(catalog: dict[str, Any], given: dict[str, Any], error: dict[str, Any]) -> None:
    refusal = on_lite(catalog, **given).error
    assert refusal
    assert {"kind": refusal.kind, **refusal.details} == error
    assert (bool(refusal.message), refusal.codes) == (True, [])


def test_a_lite_device_keeps_its_nucleus() -> None:
    deployment = {"target": "thing/t", "components": [{"name": NUCLEUS, "version": "2.0.0"}]}
    device = {"nucleus": {"name": NUCLEUS, "version": "2.0.0"}}
    simulation = on_lite(lite({NUCLEUS: {"2.0.0": {}}}), deployment=deployment, device=device)
    assert simulation.trace == [f"{NUCLEUS}@2.0.0(nucleus-skip)"]


# Hostile input: an answer, and one that does not take for ever.


def chain(length: int, end: str | None) -> dict[str, Any]:
    catalog: dict[str, Any] = {"A": {"1.0.0": {"deps": {"C1": "*"}}}}
    for at in range(1, length):
        catalog[f"C{at}"] = {"1.0.0": {"deps": {f"C{at + 1}": "*"}}}
    return catalog | {f"C{length}": {"1.0.0": {"deps": {end: "*"} if end else {}}}}


@pytest.mark.parametrize(
    ("catalog", "kind"),
    [
        ({}, "no_available_version"),
        (chain(10_000, None), None),
        (chain(10_000, "A"), "circular_dependency"),
        (chain(10_000, "Z"), "no_available_version"),
        ({"A": {"1.0.0": {"deps": {"A": "1.0.0"}}}}, "circular_dependency"),
        ({"A": {"1.0.0": {"deps": {"B": ">=1.0.0" * 50_000}}}, "B": {"1.0.0": {}}}, None),
        ({"A": {"1.0.0": {"deps": {"B": "1||" * 50_000}}}, "B": {"1.0.0": {}}}, "recipe_parse_error"),
        ({"A": {"1.0.0": {"deps": {"B": "(" * 50_000}}}, "B": {"1.0.0": {}}}, "recipe_parse_error"),
        ({"A": {"1.0.0": {"manifests": [{"Platform": {"os": "/(l*)*x/"}}]}}}, "platform_incompatible"),
        ({"A": {"1.0.0": {"manifests": [{"Platform": {"os": "/(a|a)*(?=b)c/"}}]}}}, "platform_incompatible"),
        ({"A": {"1.0.0": {"manifests": []}}}, "platform_incompatible"),
    ],
)
def test_hostile_catalogues_get_an_answer(catalog: dict[str, Any], kind: str | None) -> None:
    platform = {"os": "a" * 60, "architecture": "amd64"}
    simulation = resolve.simulate(platform=platform, catalog=catalog, deployment=GROUP)
    assert (simulation.error and simulation.error.kind) == kind


def test_versions_that_change_each_other_for_ever_get_an_answer() -> None:
    many = {f"C{n}": "*" for n in range(100)}
    catalog = {
        "A": {"1.0.0": {"deps": {"B": "*"}}},
        "B": {"1.0.0": {"deps": {"E": "*", **many}}, "2.0.0": {"deps": {"D": "*", **many}}},
        "D": {"1.0.0": {"deps": {"B": "<2.0.0"}}},
        "E": {"1.0.0": {"deps": {"B": ">=2.0.0"}}},
        **{name: {"1.0.0": {}} for name in many},
    }
    simulation = resolve.simulate(platform=LINUX, catalog=catalog, deployment=GROUP)
    assert simulation.error
    assert (simulation.error.kind, simulation.error.codes) == ("no_fixpoint", [])
    assert len(simulation.trace) < 500 * (len(many) + 3)


@pytest.mark.parametrize("device", [{}, {"online": False}])
@pytest.mark.parametrize("requirement", ["*", "1.0.0 || 2.0.0"])
def test_hundreds_of_dependents_get_an_answer(device: dict[str, Any], requirement: str) -> None:
    """A chain, each link of which needs the hub as well: it is asked for again and again, and never twice alike."""
    catalog = chain(300, None)
    for versions in list(catalog.values()):
        versions["1.0.0"]["deps"]["Hub"] = requirement
    catalog["Hub"] = {f"1.0.{patch}": {"deps": {}} for patch in range(5)}
    stores = {"local_store": {name: list(versions) for name, versions in catalog.items()}} if device else {}
    simulation = resolve.simulate(platform=LINUX, catalog=catalog, device=device | stores, deployment=GROUP)
    assert simulation.result
    assert len(simulation.trace) == 2 * 301
    assert simulation.result["Hub"] == ("1.0.4" if requirement == "*" else "1.0.0")


# Properties.

VERSIONS = ("1.0.0", "1.1.0", "1.1.0-rc", "2.0.0")
REQUIREMENTS = ("*", "^1.0.0", "<2.0.0", ">=1.1.0", "2.0.0", "1.0.0 || 2.0.0", "~1.1.0-a", "9.0.0")
NAMES = ("A", "B", "C", "D", "E", "F")


def catalogs() -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    deps = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(REQUIREMENTS), max_size=3)
    facts = st.builds(lambda deps: {"deps": deps}, deps)
    return st.dictionaries(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(VERSIONS), facts, min_size=1))


@given(catalogs(), st.data())
def test_the_listing_of_a_catalogue_changes_nothing(catalog: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    """Neither of components, nor of versions, nor of dependencies; the device's order is that of its hash maps."""

    def shuffled(value: dict[str, Any], depth: int) -> dict[str, Any]:
        keys = data.draw(st.permutations(sorted(value)))
        return {key: shuffled(value[key], depth - 1) if depth else value[key] for key in keys}

    roots = [
        {"name": name, "version": data.draw(st.sampled_from(VERSIONS))} for name in data.draw(st.permutations("ABC"))
    ]
    policy = data.draw(st.sampled_from(["highest", "prefer_candidate"]))
    deployment = {"target": "thinggroup/g", "components": roots}

    def outcome(catalog: dict[str, Any]) -> tuple[Any, ...]:
        simulation = resolve.simulate(platform=LINUX, catalog=catalog, deployment=deployment, cloud_policy=policy)
        error = simulation.error and (simulation.error.kind, simulation.error.message, simulation.error.details)
        return simulation.result, error, simulation.trace, simulation.requirements, simulation.orphans

    assert outcome(shuffled(catalog, 3)) == outcome(catalog)


@st.composite
def layered_catalogs(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Every name in every version, each needing a few of the names after it: mostly there is something to install."""
    seeded = random.Random(draw(st.integers(0, 2**32)))  # hundreds of single choices would take seconds
    mild = ("*", ">=1.0.0", "<2.0.0", "^1.0.0", ">=1.1.0", "1.0.0 || 2.0.0")

    def facts(at: int) -> dict[str, Any]:
        later = NAMES[at + 1 :]
        names = seeded.sample(later, seeded.randint(0, min(2, len(later))))
        return {"deps": {name: seeded.choice(mild) for name in names}, "manifests": [*FOR_LITE, {}]}

    return {name: {version: facts(at) for version in VERSIONS} for at, name in enumerate(NAMES)}


@given(layered_catalogs(), st.data())
def test_what_is_installed_meets_what_is_required(catalog: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    """Each requirement by itself, and nothing is missing; whatever the device had, unless it read them otherwise."""
    roots = data.draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VERSIONS), min_size=1, max_size=3))
    held = {name: data.draw(st.lists(st.sampled_from(sorted(of)), unique=True)) for name, of in catalog.items()}
    simulation = resolve.simulate(
        platform=LINUX,
        catalog=catalog,
        device={"online": data.draw(st.booleans()), "local_store": held},
        deployment={"target": "thing/t", "components": [{"name": name, "version": of} for name, of in roots.items()]},
        cloud_policy=data.draw(st.sampled_from(["highest", "prefer_candidate"])),
    )
    if simulation.result is None:
        assert simulation.error
        return
    for name, version in simulation.result.items():
        assert set(catalog[name][version]["deps"]) <= set(simulation.result)
        for requirement in simulation.requirements.get(name, {}).values():
            if name not in simulation.merged_alternatives:
                assert resolve.satisfies(requirement, version), (name, version, requirement)


@given(layered_catalogs(), st.data())
def test_a_lite_device_resolves_each_name_once(catalog: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    roots = data.draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VERSIONS), min_size=1, max_size=3))
    components = [{"name": name, "version": version} for name, version in roots.items()]
    simulation = on_lite(catalog, deployment={"target": "thing/t", "components": components})
    names = [visit.partition("@")[0] for visit in simulation.trace]
    assert len(names) == len(set(names))
    if simulation.result is None:
        assert simulation.error
        return
    assert sorted(names) == sorted(simulation.result)
    for name, version in simulation.result.items():
        assert set(catalog[name][version]["deps"]) <= set(simulation.result)


def test_a_component_is_named_once() -> None:
    twice = {"target": "thinggroup/g", "components": [{"name": "a", "version": v} for v in ("1.0.0", "2.0.0")]}
    with pytest.raises(
        resolve.InvalidInputError, match=r'\["components"\]\[1\]\["name"\] is "a": .*name each component once'
    ):
        resolve.simulate(platform=LINUX, catalog={"a": {"1.0.0": {}}}, deployment=twice)

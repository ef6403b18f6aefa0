"""Explanations: is there a solution, why not, what to change; and who depends on what."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from fleetgrass import resolve
from fleetgrass.resolve import Catalog, Dependent

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors" / "resolution.json").read_text("utf-8"))[
    "cases"
]
LINUX = {"os": "linux", "architecture": "amd64"}
GROUP = "thinggroup/g"


def roots(**components: str) -> dict[str, Any]:
    return {"target": GROUP, "components": [{"name": name, "version": it} for name, it in components.items()]}


def explained(case: dict[str, Any]) -> resolve.Explanation:
    given = ("platform", "deployment", "other_groups")
    # the vectors' own search knows what is on the device only as well
    catalog = Catalog(case["device"].get("local_recipes")) | Catalog(case["catalog"])
    return resolve.explain(catalog=catalog, **{name: case[name] for name in given if name in case})


SOLVABLE = [case for case in CASES if case["expect"].get("error", {}).get("kind") != "invalid_root_requirement"]


@pytest.mark.parametrize("case", SOLVABLE, ids=[case["id"] for case in SOLVABLE])
def test_there_is_a_solution_where_the_vectors_have_one(case: dict[str, Any]) -> None:
    explanation = explained(case)
    assert explanation.satisfiable == case["full_solver"]["satisfiable"], case["title"]
    if explanation.solution is None:
        assert explanation.irreducible
        assert explanation.conflict
    else:
        assert explanation.unmet(explanation.solution) == []


def test_an_irreducible_conflict_in_words() -> None:
    catalog = {
        "A": {"1.0.0": {"deps": {"B": "*", "Z": "*"}}, "1.1.0": {"deps": {"B": "*"}}},
        "B": {"1.0.0": {"deps": {"C": "^1.0.0"}}, "1.1.0": {"deps": {"C": "^1.0.0"}}},
        "C": {"1.0.0": {}, "2.0.0": {}, "2.1.0": {"manifests": [{"Platform": {"os": "windows"}}]}},
        "D": {"1.0.0": {"deps": {"Z": "*"}}},
        "Z": {"1.0.0": {}},
    }
    explanation = resolve.explain(
        platform=LINUX,
        catalog=catalog,
        deployment=roots(A="1.0.0", D="1.0.0"),
        other_groups={"thinggroup/h": {"C": "2.0.0", "D": "1.0.0"}},
    )
    assert (explanation.satisfiable, explanation.irreducible) == (False, True)
    assert [(it.who, it.component, it.requirement, it.versions, it.path) for it in explanation.conflict] == [
        ("thinggroup/g", "A", "1.0.0", (), ("thinggroup/g",)),
        ("thinggroup/h", "C", "2.0.0", (), ("thinggroup/h",)),
        ("A", "B", "*", ("1.1.0", "1.0.0"), ("thinggroup/g", "A")),
        ("B", "C", "^1.0.0", ("1.1.0", "1.0.0"), ("thinggroup/g", "A", "B")),
    ]
    assert [[str(fix) for fix in fixes] for fixes in explanation.fixes] == [
        ["C from 2.0.0 to 1.0.0 in the deployment of thinggroup/h"]
    ]
    assert str(explanation).splitlines() == [
        "No set of versions meets all of this:",
        "  thinggroup/g requires A 1.0.0",
        "  thinggroup/h requires C 2.0.0",
        "  A 1.1.0, 1.0.0 requires B * (thinggroup/g -> A)",
        "  B 1.1.0, 1.0.0 requires C ^1.0.0 (thinggroup/g -> A -> B)",
        "There is A 1.1.0, 1.0.0.",
        "There is B 1.1.0, 1.0.0.",
        "There is C 2.1.0 (for other platforms), 2.0.0, 1.0.0.",
        "It would do to change C from 2.0.0 to 1.0.0 in the deployment of thinggroup/h.",
    ]
    assert repr(explanation) == "<Explanation satisfiable=False>"


def test_several_pins_may_have_to_change() -> None:
    catalog = {
        "A": {"1.0.0": {"deps": {"X": "1.0.0"}}, "2.0.0": {"deps": {"X": "2.0.0"}}},
        "B": {"1.0.0": {"deps": {"X": "2.0.0", "Y": "1.0.0"}}, "2.0.0": {"deps": {"X": "2.0.0", "Y": "2.0.0"}}},
        "C": {"1.0.0": {"deps": {"Y": "2.0.0"}}, "2.0.0": {"deps": {"Y": "3.0.0"}}},
        "X": {"1.0.0": {}, "2.0.0": {}},
        "Y": {"1.0.0": {}, "2.0.0": {}},
    }
    explanation = resolve.explain(platform=LINUX, catalog=catalog, deployment=roots(A="1.0.0", B="1.0.0", C="1.0.0"))
    assert explanation.satisfiable is False
    (fixes,) = explanation.fixes
    assert {(fix.component, fix.from_version, fix.to_version) for fix in fixes} == {
        ("A", "1.0.0", "2.0.0"),
        ("B", "1.0.0", "2.0.0"),
    }


def test_nothing_may_help() -> None:
    explanation = resolve.explain(
        platform=LINUX, catalog={"A": {"1.0.0": {"deps": {"B": "*"}}}}, deployment=roots(A="1.0.0")
    )
    assert (explanation.satisfiable, explanation.fixes, explanation.available["B"]) == (False, [], {})
    assert str(explanation).endswith("There is no B.\nNo other version of a root would do.")
    unreadable = {"A": {"1.0.0": {"deps": {"B": ">=1.0.0, <2.0.0"}}}}
    explanation = resolve.explain(platform=LINUX, catalog=unreadable, deployment=roots(A="1.0.0"))
    assert "There is A 1.0.0 (unreadable)." in str(explanation)


NAMES = "ABCDE"
VERSIONS = ["1.0.0", "1.1.0", "2.0.0", "2.1.0-rc"]
REQUIREMENTS = ["*", "^1.0.0", ">=1.1.0", "<2.0.0", "=2.0.0", ">=2.0.0", "1.0.0 || 2.0.0", ">=3.0.0"]


@st.composite
def catalogs(draw: st.DrawFn) -> dict[str, Any]:
    catalog: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True)):
        catalog[name] = {}
        for version in draw(st.lists(st.sampled_from(VERSIONS), min_size=1, max_size=3, unique=True)):
            deps = draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(REQUIREMENTS), max_size=2))
            catalog[name][version] = {"deps": deps}
    return catalog


PINS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VERSIONS[:3]), min_size=1, max_size=2)


#: C 2.0.0 requires another version of itself, and the other versions a component that is not there.
AGAINST_ITSELF: dict[str, Any] = {
    "A": {"1.0.0": {"deps": {"C": "*"}}, "1.1.0": {"deps": {"A": "*", "B": "*"}}},
    "C": {
        "1.0.0": {"deps": {"A": "*", "B": "*"}},
        "1.1.0": {"deps": {"A": "*", "B": "*"}},
        "2.0.0": {"deps": {"C": "^1.0.0"}},
    },
    "D": {"1.0.0": {"deps": {}}},
    "E": {"1.0.0": {"deps": {}}},
}


@given(catalogs(), PINS, st.one_of(st.none(), PINS))
@example(AGAINST_ITSELF, {"A": "1.0.0"}, None)
def test_explanations_are_right(catalog: dict[str, Any], pins: dict[str, str], others: dict[str, str] | None) -> None:
    """Against every set of versions that there is; each conflict is one, and no constraint of it can go."""
    groups = {"thinggroup/h": others} if others else {}
    explanation = resolve.explain(platform=LINUX, catalog=catalog, deployment=roots(**pins), other_groups=groups)
    constraints = [(GROUP, name, version) for name, version in pins.items()]
    constraints += [("thinggroup/h", name, version) for name, version in (others or {}).items()]
    constraints += {
        (name, need, text)
        for name, versions in catalog.items()
        for facts in versions.values()
        for need, text in facts["deps"].items()
    }
    sets = [
        {name: version for name, version in zip(catalog, chosen, strict=True) if version}
        for chosen in itertools.product(*([None, *versions] for versions in catalog.values()))
    ]

    def is_met(chosen: dict[str, str], who: str, component: str, requirement: str) -> bool:
        if "/" not in who and (who not in chosen or catalog[who][chosen[who]]["deps"].get(component) != requirement):
            return True
        return component in chosen and resolve.satisfies(requirement, chosen[component])

    def satisfiable(some: Any) -> bool:
        return any(all(is_met(chosen, *constraint) for constraint in some) for chosen in sets)

    assert explanation.satisfiable == satisfiable(constraints)
    if explanation.solution is not None:
        assert all(is_met(explanation.solution, *constraint) for constraint in constraints)
        return
    conflict = [(it.who, it.component, it.requirement) for it in explanation.conflict]
    assert explanation.irreducible
    assert set(conflict) <= set(constraints)
    assert not satisfiable(conflict)
    for left_out in conflict:
        assert satisfiable([constraint for constraint in conflict if constraint != left_out])
    for it in explanation.conflict:
        assert it.path[-1] == it.who
        assert "/" in it.path[0]
    for fixes in explanation.fixes:
        changed = {(fix.group, fix.component): fix.to_version for fix in fixes}
        assert satisfiable([(who, name, changed.get((who, name), text)) for who, name, text in constraints])


@given(catalogs(), PINS, st.one_of(st.none(), PINS))
def test_what_a_device_installs_meets_the_constraints(
    catalog: dict[str, Any], pins: dict[str, str], others: dict[str, str] | None
) -> None:
    asked: dict[str, Any] = {"platform": LINUX, "catalog": Catalog(catalog), "deployment": roots(**pins)}
    asked["other_groups"] = {"thinggroup/h": others} if others else {}
    simulation, explanation = resolve.simulate(**asked), resolve.explain(**asked)
    if simulation.result is None or simulation.orphans or simulation.merged_alternatives or simulation.order_sensitive:
        return
    assert explanation.satisfiable
    assert explanation.unmet(simulation.result) == []


def test_unmet_names_what_is_not_met() -> None:
    catalog = {"A": {"1.0.0": {"deps": {"B": "^1.0.0", "C": "*"}}}, "B": {"2.0.0": {}}, "C": {}}
    explanation = resolve.explain(platform=LINUX, catalog=catalog, deployment=roots(A="1.0.0"))
    unmet = explanation.unmet({"A": "1.0.0", "B": "2.0.0"})
    assert [(it.who, it.component, it.requirement, it.found) for it in unmet] == [
        ("A", "B", "^1.0.0", "2.0.0"),
        ("A", "C", "*", None),
    ]
    with pytest.raises(resolve.InvalidInputError, match='"1" is not a version'):
        explanation.unmet({"A": "1"})
    with pytest.raises(resolve.InvalidInputError) as raised:
        resolve.explain(platform=LINUX, catalog={}, deployment=roots(A=">=1, <2"))
    assert raised.value.kind == "invalid_requirement"


def test_hostile_catalogues_end() -> None:
    depth = 200
    chain = {f"C{at}": {"1.0.0": {"deps": {f"C{at + 1}": "*"}}} for at in range(depth)}
    for end, satisfiable in [({}, False), ({f"C{depth}": {"1.0.0": {"deps": {"C0": "*"}}}}, True)]:
        explanation = resolve.explain(platform=LINUX, catalog=Catalog({**chain, **end}), deployment=roots(C0="1.0.0"))
        assert explanation.satisfiable is satisfiable
    # seven pigeons in six holes, which no resolution proves quickly
    holes = [f"{at}.0.0" for at in range(6)]
    pigeons = {f"P{at}": {hole: {"deps": {f"H{hole[0]}": f"{at}.0.0"}} for hole in holes} for at in range(7)}
    stock = {f"H{hole[0]}": {f"{at}.0.0": {} for at in range(7)} for hole in holes}
    asked = {"all": {"1.0.0": {"deps": dict.fromkeys(pigeons, "*")}}}
    explanation = resolve.explain(platform=LINUX, catalog={**pigeons, **stock, **asked}, deployment=roots(all="1.0.0"))
    assert explanation.satisfiable is not True
    assert resolve.explain(platform=LINUX, catalog={}, deployment=roots()).solution == {}


def test_who_depends_on_what_and_what_stands_in_the_way() -> None:
    catalog = Catalog(
        {
            "cli": {"2.3.0": {"deps": {"nucleus": "<2.4.0"}}, "2.4.0": {"deps": {"nucleus": "<2.5.0"}}},
            "app": {"1.0.0": {"deps": {"nucleus": "^2.0.0", "cli": "*"}, "soft": ["nucleus"]}},
            "nucleus": {"2.3.0": {}, "2.4.0": {}},
        }
    )
    assert catalog.dependents("nucleus") == [
        Dependent("app", "1.0.0", "^2.0.0", "SOFT"),
        Dependent("cli", "2.4.0", "<2.5.0", "HARD"),
        Dependent("cli", "2.3.0", "<2.4.0", "HARD"),
    ]
    assert catalog.blocks("nucleus", "2.4.0") == [Dependent("cli", "2.3.0", "<2.4.0", "HARD")]
    assert [it.component for it in catalog.blocks("nucleus", "3.0.0")] == ["app", "cli", "cli"]
    assert (catalog.dependents("none"), catalog.blocks("app", "9.9.9")) == ([], [])
    with pytest.raises(resolve.InvalidInputError, match='"2" is not a version'):
        catalog.blocks("nucleus", "2")


def test_classic_devices_alone_are_explained() -> None:
    with pytest.raises(ValueError, match=r"engine is 'lite', .* classic devices alone: .* order of its walk"):
        resolve.explain(platform=LINUX, catalog={}, deployment=roots(), engine="lite")  # type: ignore[arg-type]

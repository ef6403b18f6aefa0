"""What nobody writes on purpose: deep chains, cycles, empty catalogues, huge requirements, expressions that backtrack.

Each has a clear answer, and the limit on a test's time is all that is said of how soon.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fleetgrass import resolve
from fleetgrass.resolve import Catalog

LINUX = {"os": "linux", "architecture": "amd64"}
GROUP = "thinggroup/g"
TARGET = f"arn:aws:iot:eu-west-1:111122223333:{GROUP}"
DEPTH = 10_000


def roots(*names: str) -> dict[str, Any]:
    return {"target": GROUP, "components": [{"name": name, "version": "1.0.0"} for name in names]}


def parameters(*names: str) -> dict[str, Any]:
    return {"targetArn": TARGET, "components": {name: {"componentVersion": "1.0.0"} for name in names}}


def chain(end: dict[str, Any]) -> Catalog:
    """`end` are the facts of the last link."""
    links = {f"C{at}": {"1.0.0": {"deps": {f"C{at + 1}": "^1.0.0"}}} for at in range(DEPTH)}
    return Catalog({**links, f"C{DEPTH}": {"1.0.0": end}})


@pytest.fixture(scope="module")
def whole() -> Catalog:
    return chain({})


@pytest.fixture(scope="module")
def broken() -> Catalog:
    return chain({"deps": {"none": "*"}})


@pytest.fixture(scope="module")
def circle() -> Catalog:
    return chain({"deps": {"C0": "*"}})


def on_a_small_stack(work: Callable[[], Any]) -> Any:
    """What `work` gives in a thread that has no room for anything that nests as deep as a chain."""
    found: list[Any] = []
    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: found.append(work()))
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    return found[0]


def test_a_deep_chain_is_installed(whole: Catalog) -> None:
    simulation = resolve.simulate(platform=LINUX, catalog=whole, deployment=roots("C0"))
    assert simulation.result is not None
    assert (len(simulation.result), simulation.order_sensitive) == (DEPTH + 1, False)
    plan = resolve.plan(parameters("C0"), whole, devices=["linux/amd64"])
    (state,) = plan.states
    assert len(state.changes("install")) == DEPTH + 1
    explanation = on_a_small_stack(lambda: resolve.explain(platform=LINUX, catalog=whole, deployment=roots("C0")))
    assert explanation.solution == simulation.result
    assert explanation.unmet(simulation.result) == []


def test_a_deep_chain_that_ends_nowhere_is_explained(broken: Catalog) -> None:
    explanation = on_a_small_stack(lambda: resolve.explain(platform=LINUX, catalog=broken, deployment=roots("C0")))
    assert (explanation.satisfiable, explanation.irreducible) == (False, True)
    assert len(explanation.conflict) == DEPTH + 2
    last = explanation.conflict[-1]
    assert (last.who, last.component, last.versions) == (f"C{DEPTH}", "none", ("1.0.0",))
    # its path is told at both ends
    assert (len(last.path), last.path[0], last.path[-1]) == (64, GROUP, f"C{DEPTH}")
    assert [at for at, name in enumerate(last.path) if name == "…"] == [32]
    assert explanation.conflict[40].path == (GROUP, *(f"C{at}" for at in range(40)))
    assert str(explanation).endswith("No other version of a root would do.")
    error = resolve.simulate(platform=LINUX, catalog=broken, deployment=roots("C0")).error
    assert error is not None
    assert (error.kind, error.details["component"]) == ("no_available_version", "none")
    (state,) = resolve.plan(parameters("C0"), broken, devices=["linux/amd64"]).conflicts
    assert state.error == error


def test_a_deep_cycle_is_refused(circle: Catalog) -> None:
    error = resolve.simulate(platform=LINUX, catalog=circle, deployment=roots("C0")).error
    assert error is not None
    assert (error.kind, error.details["component"]) == ("circular_dependency", "C0")
    assert len(resolve.plan(parameters("C0"), circle, devices=["linux/amd64"]).conflicts) == 1
    # to the search a cycle is as good as anything
    assert resolve.explain(platform=LINUX, catalog=circle, deployment=roots("C0")).satisfiable
    recipe = circle.recipe("C0", "1.0.0")
    assert recipe is not None
    (found,) = (it for it in resolve.lint(recipe, catalog=circle) if it.code == "circular_dependency")
    assert len(found.message) < 1000
    assert "others, of which the last needs" in found.message


def test_long_ways_to_one_conflict_are_reduced() -> None:
    """Two chains that join and part again before they disagree: a thousand constraints, none of which can go."""
    length = 300
    facts: dict[str, Any] = {"end": {"1.0.0": {}, "2.0.0": {}}, "A": {"1.0.0": {"deps": {"B0": "*", "B1": "*"}}}}
    for side in (0, 1):
        names = [f"B{side}", *(f"B{side}.{at}" for at in range(length)), "hub"]
        facts |= {name: {"1.0.0": {"deps": {after: "*"}}} for name, after in itertools.pairwise(names)}
        names = [f"H{side}.{at}" for at in range(length)]
        facts |= {name: {"1.0.0": {"deps": {after: "*"}}} for name, after in itertools.pairwise(names)}
        facts[names[-1]] = {"1.0.0": {"deps": {"end": f"={side + 1}.0.0"}}}
    facts["hub"] = {"1.0.0": {"deps": {"H0.0": "*", "H1.0": "*"}}}
    explanation = resolve.explain(platform=LINUX, catalog=facts, deployment=roots("A"))
    assert (explanation.satisfiable, explanation.irreducible) == (False, True)
    # one way to the hub is enough
    assert len(explanation.conflict) == 1 + (length + 2) + 2 * (length + 1)
    assert len({it.component for it in explanation.conflict}) == len(explanation.conflict) - 1


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("count", "is_reduced"), [(40, True), (700, False)])
def test_many_constraints_on_one_component_are_reduced(count: int, is_reduced: bool) -> None:
    """Each forbids one version of the hub and none can go; beside them much that has nothing to do with it."""
    hub = {f"1.{at}.0": {} for at in range(count)}
    facts: dict[str, Any] = {"hub": hub}
    for at in range(count):
        facts[f"F{at}"] = {"1.0.0": {"deps": {"hub": f"<1.{at}.0 || >1.{at}.0", "other": "*"}}}
    facts |= {"other": {"1.0.0": {}}, "A": {"1.0.0": {"deps": {f"F{at}": "*" for at in range(count)}}}}
    explanation = resolve.explain(platform=LINUX, catalog=facts, deployment=roots("A"))
    assert (explanation.satisfiable, explanation.irreducible) == (False, is_reduced)
    assert len(explanation.conflict) == 1 + 2 * count
    # where not all could be tried it says so
    assert ("Some of this may be left out" in str(explanation)) == (not is_reduced)


def test_a_search_without_a_quick_proof_ends() -> None:
    """Twelve pigeons in eleven holes."""
    count = 12
    facts: dict[str, Any] = {"A": {"1.0.0": {"deps": {f"P{at}": "*" for at in range(count)}}}}
    for at in range(count):
        facts[f"P{at}"] = {f"{hole}.0.0": {"deps": {f"H{hole}": f"{at}.0.0"}} for hole in range(count - 1)}
    for hole in range(count - 1):
        facts[f"H{hole}"] = {f"{at}.0.0": {} for at in range(count)}
    explanation = resolve.explain(platform=LINUX, catalog=facts, deployment=roots("A"))
    assert explanation.satisfiable is None
    assert str(explanation) == "It would take too long to know whether any set of versions would do."


@pytest.mark.parametrize("engine", ["classic", "lite"])
def test_an_empty_catalog_has_nothing(engine: Any) -> None:
    asked: dict[str, Any] = {"platform": LINUX, "catalog": {}, "engine": engine}
    simulation = resolve.simulate(**asked, deployment=roots())
    assert (simulation.result, simulation.error) == ({}, None)
    error = resolve.simulate(**asked, deployment=roots("A")).error
    assert error is not None
    assert (error.kind, error.details["component"]) == ("no_available_version", "A")
    plan = resolve.plan(parameters("A"), {}, devices=[{"platform": "linux/amd64", "engine": engine}])
    assert len(plan.conflicts) == 1
    assert len(resolve.plan(parameters(), {}, devices=[])) == 0
    assert Catalog({}).dependents("A") == []
    assert Catalog({"A": {}}).versions("A") == []


@pytest.mark.parametrize(
    "text",
    [
        " || ".join(["1"] * 100_000),
        " ".join([">=1.0.0"] * 100_000),
        "(" * 100_000,
        "1-a-" * 50_000,
        ">=1.0.0" + "0" * 100_000,
    ],
    ids=["alternatives", "bounds", "parentheses", "hyphens", "digits"],
)
def test_a_huge_requirement_is_met_or_unreadable(text: str) -> None:
    catalog = Catalog({"A": {"1.0.0": {"deps": {"B": text}}}, "B": {f"1.{at}.0": {} for at in range(20)}})
    asked: dict[str, Any] = {"platform": LINUX, "catalog": catalog, "deployment": roots("A")}
    simulation, explanation = resolve.simulate(**asked), resolve.explain(**asked)
    assert bool(explanation.satisfiable) == (simulation.error is None)
    if simulation.error:
        assert simulation.error.kind == "recipe_parse_error"
    else:
        assert simulation.result == {"A": "1.0.0", "B": "1.19.0"}
        assert explanation.solution == simulation.result
    device = (
        {"online": False, "local_store": {"A": ["1.0.0"], "B": catalog.versions("B")}} if not simulation.error else {}
    )
    assert resolve.simulate(**asked, device=device).result == simulation.result
    (state,) = resolve.plan(parameters("A"), catalog, devices=["linux/amd64"]).states
    assert state.result == simulation.result
    # no recipe has so much room
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "A",
        "ComponentVersion": "1.0.0",
        "ComponentDependencies": {"B": {"VersionRequirement": text}},
    }
    assert "16000" in resolve.lint(json.dumps(recipe))[0].message


@pytest.mark.parametrize(
    "expression",
    ["(a+)+$", "(?=(a+)+b)a*", "(a|aa)+$", r"(a*)*\1b", "(" * 5_000 + ")" * 5_000, "((a{1,100}){1,100}){1,100}"],
)
def test_an_expression_that_backtracks_claims_or_claims_nothing(expression: str) -> None:
    manifests = [{"Platform": {"os": "linux", "note": f"/{expression}/"}}]
    platform = {**LINUX, "note": "a" * 60 + "!"}
    try:
        chosen, kind = resolve.select_manifest(manifests, platform), None
    except resolve.InvalidInputError as error:
        chosen, kind = None, error.kind
    assert (chosen, kind) in [(None, None), (None, "invalid_regex")]
    catalog = Catalog({"A": {f"1.{at}.0": {"manifests": manifests} for at in range(50)}})
    for policy in ("highest", "prefer_candidate"):
        asked: dict[str, Any] = {"platform": platform, "catalog": catalog}
        deployment = {"target": "LOCAL_DEPLOYMENT", "components": [{"name": "A", "version": "*"}]}
        simulation = resolve.simulate(**asked, deployment=deployment, cloud_policy=policy)  # type: ignore[arg-type]
        assert simulation.error is not None
        assert simulation.error.kind == "platform_incompatible"
        assert simulation.order_sensitive is False
    explanation = resolve.explain(**asked, deployment=deployment)
    assert (explanation.satisfiable, set(explanation.available["A"].values())) == (False, {"other_platform"})
    recipe = catalog.recipe("A", "1.0.0")
    assert recipe is not None
    assert {it.code for it in resolve.lint(recipe)}

"""A large catalogue and many roots: what a simulation costs, in time and memory.

python benches/bench_resolve.py [--components N] [--versions N] [--roots N]
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fleetgrass import _core, resolve

LINUX = {"os": "linux", "architecture": "amd64"}
#: What one component asks of another. The last one takes back what was chosen before.
REQUIREMENTS = ("^1.0.0", ">=1.0.0", "~1", ">=1.2.0 <2.0.0", ">=1.0.0 <1.15.0")
T = TypeVar("T")


def catalog_of(components: int, versions: int, roots: int) -> dict[str, Any]:
    """Each version needs three of the components that come after it, none of them a root; so there is no cycle."""
    seeded = random.Random(1)

    def facts(at: int) -> dict[str, Any]:
        others = range(max(at + 1, roots), min(max(at + 1, roots) + 200, components))
        needed = seeded.sample(others, min(3, len(others)))
        return {"deps": {f"component-{other}": seeded.choice(REQUIREMENTS) for other in needed}}

    return {f"component-{at}": {f"1.{minor}.0": facts(at) for minor in range(versions)} for at in range(components)}


def ladder_of(components: int) -> dict[str, Any]:
    """A chain of components, each of which needs the same one beside its next."""

    def facts(at: int) -> dict[str, Any]:
        following = {f"component-{at + 1}": "*"} if at + 1 < components else {}
        return {"deps": {**following, "hub": REQUIREMENTS[at % 2]}}

    chain = {f"component-{at}": {"1.0.0": facts(at)} for at in range(components)}
    return {**chain, "hub": {f"1.{minor}.0": {} for minor in range(20)}}


def measured(step: str, work: Callable[[], T]) -> T:
    begin = time.process_time()
    result = work()
    seconds = time.process_time() - begin
    print(
        f"{step:32}{seconds:8.3f} s of CPU{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB at most"
    )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--components", type=int, default=5_000)
    parser.add_argument("--versions", type=int, default=20)
    parser.add_argument("--roots", type=int, default=200)
    arguments = parser.parse_args()
    sizes = (arguments.components, arguments.versions, arguments.roots)
    print("{:,} components with {} versions each, {} roots, {} build".format(*sizes, _core.__profile__))
    facts = measured("facts, as Python dicts", lambda: catalog_of(*sizes))
    catalog = measured("resolve.Catalog", lambda: resolve.Catalog(facts))
    newest = f"1.{arguments.versions - 1}.0"
    roots = [{"name": f"component-{at}", "version": newest} for at in range(arguments.roots)]
    deployment = {"target": "thinggroup/all", "components": roots}
    simulation = measured("simulate", lambda: resolve.simulate(platform=LINUX, catalog=catalog, deployment=deployment))
    measured("order_sensitive, ten more walks", lambda: simulation.order_sensitive)
    ladder = resolve.Catalog(ladder_of(arguments.components))
    offline = {"online": False, "local_store": {name: ladder.versions(name) for name in ladder.names()}}
    first = {**deployment, "components": [{"name": "component-0", "version": "1.0.0"}]}
    lone = measured(
        "simulate offline, a hub for all",
        lambda: resolve.simulate(platform=LINUX, catalog=ladder, deployment=first, device=offline),
    )
    print(f"{len(lone.result or {}):,} components are installed, after {len(lone.trace):,} visits")
    if simulation.error:
        print(f"refused after {len(simulation.trace):,} visits: {simulation.error}")
    else:
        print(f"{len(simulation.result or {}):,} components are installed, after {len(simulation.trace):,} visits")


if __name__ == "__main__":
    main()

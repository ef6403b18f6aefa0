"""A fleet in few distinct states: what a plan for all of its devices costs, in time and memory.

python benches/bench_plan.py [--devices N] [--states N]
"""

from __future__ import annotations

import argparse
import random
from typing import Any

from bench_resolve import catalog_of, measured

from fleetgrass import _core, resolve

#: As many as one device may have, with 20 versions each.
COMPONENTS = 30

TARGET = "arn:aws:iot:eu-west-1:123456789012:thinggroup/all"


def state(seeded: random.Random) -> dict[str, Any]:
    """A device with ten components, and a root from another group."""
    active = {f"component-{seeded.randrange(COMPONENTS)}": f"1.{seeded.randrange(20)}.0" for _ in range(10)}
    return {
        "platform": {"os": "linux", "architecture": seeded.choice(["amd64", "aarch64"])},
        "other_groups": {"thinggroup/site": {f"component-{seeded.randrange(1, 10)}": f"1.{seeded.randrange(20)}.0"}},
        "active": active,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--states", type=int, default=500)
    arguments = parser.parse_args()
    print(f"{arguments.devices:,} devices in {arguments.states} states, {_core.__profile__} build")
    seeded = random.Random(1)
    catalog = resolve.Catalog(measured("facts, as Python dicts", lambda: catalog_of(COMPONENTS, 20, 10)))
    states = [state(seeded) for _ in range(arguments.states)]
    # no two devices share an object
    names = range(arguments.devices)
    fleet = {
        f"device-{at}": {**states[at % len(states)], "active": dict(states[at % len(states)]["active"])} for at in names
    }
    deployment = {"targetArn": TARGET, "components": {"component-0": {"componentVersion": "1.19.0"}}}
    plan = measured("resolve.plan", lambda: resolve.plan(deployment, catalog, devices=fleet))
    measured("plan.states", lambda: plan.states)
    print(repr(plan))
    components = [len(found.components) for found in plan.states]
    print(f"{min(components)} to {max(components)} components a device")


if __name__ == "__main__":
    main()

"""Random catalogues and deployments, for plans that are held against what the local cloud's devices make of them.

FLEETGRASS_PLANS is the number of random catalogues that are published, planned and deployed.
"""

from __future__ import annotations

import json
import os
import random
from functools import cache
from typing import Any

from fleetgrass import resolve
from fleetgrass.emulator import Emulator

PLANS = int(os.environ.get("FLEETGRASS_PLANS", "25"))
LINUX = {"os": "linux", "architecture": "amd64"}
VERSIONS = ["1.0.0", "1.1.0", "1.2.0", "2.0.0", "2.1.0"]
REQUIREMENTS = ["*", "^1.0.0", "~1.1.0", ">=1.1.0", "<2.0.0", ">=2.0.0", ">=1.0.0 <2.1.0", "1.0.0 || 2.0.0", "=1.1.0"]
PLATFORMS: list[dict[str, Any]] = [{}, {"Platform": {"os": "linux"}}, {"Platform": {"os": "windows"}}]


def recipe(name: str, version: str, needs: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": version,
        "ComponentDependencies": {need: {"VersionRequirement": text} for need, text in needs.items()},
        "Manifests": [{}],
        **more,
    }


class World:
    """Random recipes, and random deployments of them."""

    def __init__(self, seed: str) -> None:
        self.chance = random.Random(seed)
        names = [f"c{seed}.{letter}" for letter in "ABCDEF"[: self.chance.randint(3, 6)]]
        self.recipes = [
            recipe(
                name,
                version,
                self.needs(names[at + 1 :]),
                Manifests=[dict(self.chance.choices(PLATFORMS, [6, 3, 1])[0])],
                ComponentConfiguration={"DefaultConfiguration": {"port": at, version: True}},
            )
            for at, name in enumerate(names)
            for version in self.chance.sample(VERSIONS, self.chance.randint(1, 4))
        ]

    def needs(self, names: list[str]) -> dict[str, str]:
        picked = self.chance.sample(names, min(len(names), self.chance.choice([0, 1, 1, 2])))
        if self.chance.random() < 0.1:
            picked.append("aws.greengrass.Nucleus")
        return {name: self.chance.choice(REQUIREMENTS) for name in picked}

    def components(self) -> dict[str, Any]:
        chosen = {}
        for made in self.chance.sample(self.recipes, self.chance.randint(1, 2)):
            component: dict[str, Any] = {"componentVersion": made["ComponentVersion"]}
            if self.chance.random() < 0.5:
                update = {"merge": json.dumps({"port": self.chance.randrange(100)}), "reset": ["/1.0.0"]}
                component["configurationUpdate"] = update
            chosen[made["ComponentName"]] = component
        return chosen


@cache
def public() -> resolve.Catalog:
    """What AWS publishes, as a local cloud has it."""
    with Emulator() as emulator:
        return resolve.Catalog.from_client(emulator.client(), scopes=["PUBLIC"])

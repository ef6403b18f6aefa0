"""A large fleet on the local cloud: how long it takes to register, deploy and report, and how large its file gets.

python benches/bench_emulator.py [--devices N] [--components N]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fleetgrass import _core
from fleetgrass.emulator import Emulator

HOUR = 3600


def recipe(name: str) -> bytes:
    manifest = {"Platform": {"os": "linux"}, "Lifecycle": {"Run": "true"}}
    return json.dumps(
        {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": "1.0.0",
            "Manifests": [manifest],
        }
    ).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--components", type=int, default=20)
    arguments = parser.parse_args()
    print(f"{arguments.devices:,} core devices, {arguments.components} components each, {_core.__profile__} build")
    with tempfile.TemporaryDirectory() as folder, Emulator(store=Path(folder) / "cloud.db") as emulator:
        client: Any = emulator.client()
        group = emulator.thing_group_arn("all")
        components = {f"io.acme.component-{n}": {"componentVersion": "1.0.0"} for n in range(arguments.components)}
        for name in components:
            client.create_component_version(inlineRecipe=recipe(name))
        client.create_deployment(targetArn=group, components=components)

        def timed(step: str, work: Callable[[], object]) -> None:
            begin = time.perf_counter()
            work()
            seconds = time.perf_counter() - begin
            size = sum(file.stat().st_size for file in Path(folder).iterdir())
            print(f"{step:40}{seconds:8.2f} s{size / 1e6:8.0f} MB")

        timed(
            "register, and install the deployment",
            lambda: emulator.register_core_devices(arguments.devices, thing_groups=["all"]),
        )
        timed("deploy nothing, which removes all", lambda: client.create_deployment(targetArn=group))
        timed("a day goes by", lambda: emulator.advance(24 * HOUR))
        timed("a year goes by", lambda: emulator.advance(365 * 24 * HOUR))
        timed("the nucleus breaks everywhere", lambda: emulator.fail_component("aws.greengrass.Nucleus"))
        timed("and is healed", emulator.heal)
        rate = {"jobExecutionsRolloutConfig": {"maximumPerMinute": 1000}}
        client.create_deployment(targetArn=group, components=components, iotJobConfiguration=rate)
        timed("a rollout of 1,000 devices a minute ends", emulator.settle)


if __name__ == "__main__":
    main()

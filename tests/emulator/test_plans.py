"""The local cloud's devices install and configure what `fleetgrass.resolve` has planned."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fleetgrass import resolve
from fleetgrass.emulator import Emulator
from support import cases
from support.worlds import LINUX, PLANS, World, public, recipe


@pytest.mark.timeout(60 + PLANS)
def test_devices_install_what_was_planned() -> None:
    agreed = refused = 0
    with Emulator() as emulator:
        client = emulator.client()
        for number in range(PLANS):
            world, device = World(f"{cases.SEED}.{number}"), f"device-{number}"
            for made in world.recipes:
                client.create_component_version(inlineRecipe=json.dumps(made))
            catalog = public() | resolve.Catalog.from_recipes(world.recipes)
            emulator.register_core_device(device, [f"group-{number}"])
            nucleus = client.get_core_device(coreDeviceThingName=device)["coreVersion"]
            roots: dict[str, dict[str, str]] = {}
            installed: dict[str, str] = {}
            configuration: dict[str, Any] = {}
            for _ in range(4):
                group = world.chance.choice([f"thinggroup/group-{number}", f"thing/{device}"])
                name = group.partition("/")[2]
                target = emulator.thing_arn(name) if group.startswith("thing/") else emulator.thing_group_arn(name)
                deployment = {"targetArn": target, "components": world.components()}
                state = {
                    "platform": LINUX,
                    "nucleus": {"name": "aws.greengrass.Nucleus", "version": nucleus},
                    "active": installed,
                    "other_groups": {other: components for other, components in roots.items() if other != group},
                    "configuration": configuration,
                }
                plan = resolve.plan(deployment, catalog, devices=[state])
                (planned,) = plan.states
                client.create_deployment(**deployment)
                emulator.settle()
                (row,) = [
                    row
                    for row in client.list_effective_deployments(coreDeviceThingName=device)["effectiveDeployments"]
                    if row["targetArn"] == target
                ]
                told = deployment, world.recipes, planned.to_dict(), row
                if planned.error:
                    refused += 1
                    assert row["coreDeviceExecutionStatus"] == "FAILED", told
                    assert row["reason"].endswith(str(planned.error)), told
                else:
                    agreed += 1
                    assert row["coreDeviceExecutionStatus"] in ("SUCCEEDED", "COMPLETED"), told
                    roots[group] = {
                        name: component["componentVersion"] for name, component in deployment["components"].items()
                    }
                rows = client.list_installed_components(coreDeviceThingName=device, topologyFilter="ALL")
                found = {row["componentName"]: row["componentVersion"] for row in rows["installedComponents"]}
                # the nucleus stays in any case, and its own parts have no versions
                found.pop("aws.greengrass.Nucleus", None)
                found = {name: version for name, version in found.items() if version != "0.0.0"}
                after = {name: facts for name, facts in planned.components.items() if facts["to"]}
                after.pop("aws.greengrass.Nucleus", None)
                assert found == {name: facts["to"] for name, facts in after.items()}, told
                configured = emulator.configuration(device)
                configured.pop("aws.greengrass.Nucleus", None)
                assert configured == {name: facts["configuration"] for name, facts in after.items()}, told
                installed, configuration = found, configured
    print(f"{agreed} deployments installed as planned, {refused} refused as planned")
    assert agreed
    assert refused


def test_configuration_is_kept_through_deployments() -> None:
    with Emulator() as emulator:
        client = emulator.client()
        default = {"DefaultConfiguration": {"port": 80, "host": "a"}}
        for version in ("1.0.0", "2.0.0"):
            made = recipe("A", version, {}, ComponentConfiguration=default)
            client.create_component_version(inlineRecipe=json.dumps(made))
        emulator.register_core_device("pump-1")

        def deploy(version: str, **update: Any) -> Any:
            component: dict[str, Any] = {"componentVersion": version}
            if update:
                component["configurationUpdate"] = update
            client.create_deployment(targetArn=emulator.thing_arn("pump-1"), components={"A": component})
            emulator.settle()
            return emulator.configuration("pump-1")["A"]

        assert deploy("1.0.0") == {"host": "a", "port": 80}
        assert deploy("1.0.0", merge='{"port": 8080, "mine": [1]}') == {"host": "a", "mine": [1], "port": 8080}
        assert deploy("2.0.0") == {"host": "a", "mine": [1], "port": 8080}
        assert deploy("2.0.0", reset=["/port", "/mine"]) == {"host": "a", "port": 80}
        with pytest.raises(ValueError, match='"pump-2" is not a core device'):
            emulator.configuration("pump-2")


def test_a_subdeployment_takes_the_place_of_its_parent() -> None:
    with Emulator() as emulator:
        client = emulator.client()
        for version in ("1.0.0", "1.1.0"):
            client.create_component_version(inlineRecipe=json.dumps(recipe("x", version, {})))
        emulator.register_core_device("d", ["p", "s"])
        parent, child = emulator.thing_group_arn("p"), emulator.thing_group_arn("s")
        catalog = resolve.Catalog.from_client(client)

        def deploy(version: str, **target: str) -> Any:
            asked = {**target, "components": {"x": {"componentVersion": version}}}
            (state,) = resolve.plan(asked, catalog, devices=resolve.fleet_snapshot(client)).states
            client.create_deployment(**asked)
            emulator.settle()
            (row,) = client.list_installed_components(coreDeviceThingName="d")["installedComponents"]
            assert (state.error, state.result) == (None, {"x": row["componentVersion"]})
            return resolve.fleet_snapshot(client)["d"]

        assert deploy("1.0.0", targetArn=parent)["other_groups"] == {"thinggroup/p": {"x": "1.0.0"}}
        below = deploy("1.1.0", targetArn=child, parentTargetArn=parent)
        assert below["other_groups"] == {"thinggroup/s": {"x": "1.1.0"}}
        assert below["parents"] == {"thinggroup/s": "thinggroup/p"}
        above = deploy("1.0.0", targetArn=parent)
        assert (above["other_groups"], above.get("parents")) == ({"thinggroup/p": {"x": "1.0.0"}}, None)


def test_a_nucleus_of_another_name_takes_over() -> None:
    mine = recipe("my.Nucleus", "3.1.0", {}, ComponentType="aws.greengrass.nucleus")
    with Emulator() as emulator:
        client = emulator.client()
        client.create_component_version(inlineRecipe=json.dumps(mine))
        client.create_component_version(inlineRecipe=json.dumps(recipe("x", "1.0.0", {})))
        emulator.register_core_device("d")

        def deploy(**components: Any) -> dict[str, str]:
            client.create_deployment(targetArn=emulator.thing_arn("d"), components=components)
            emulator.settle()
            rows = client.list_installed_components(coreDeviceThingName="d", topologyFilter="ALL")
            found = {row["componentName"]: row["componentVersion"] for row in rows["installedComponents"]}
            return {name: version for name, version in found.items() if version != "0.0.0"}

        nucleus = client.get_core_device(coreDeviceThingName="d")["coreVersion"]
        update = {"merge": '{"logging": {"level": "DEBUG"}}'}
        deploy(**{"aws.greengrass.Nucleus": {"componentVersion": nucleus, "configurationUpdate": update}})
        configured = emulator.configuration("d")["aws.greengrass.Nucleus"]
        assert configured["logging"]["level"] == "DEBUG"
        assert deploy(**{"my.Nucleus": {"componentVersion": "3.1.0"}}) == {"my.Nucleus": "3.1.0"}
        assert emulator.configuration("d") == {"my.Nucleus": configured}
        assert client.get_core_device(coreDeviceThingName="d")["coreVersion"] == "3.1.0"
        # it stays where nothing names it, as the old one did
        state = resolve.fleet_snapshot(client)["d"]
        assert state["nucleus"] == {"name": "my.Nucleus", "version": "3.1.0"}
        assert state["builtin"]
        wanted = {"targetArn": emulator.thing_arn("d"), "components": {"x": {"componentVersion": "1.0.0"}}}
        planned = resolve.plan(wanted, resolve.Catalog.from_client(client), devices=[state]).states[0]
        assert planned.versions() == {"my.Nucleus": "3.1.0", "x": "1.0.0"}
        assert deploy(x={"componentVersion": "1.0.0"}) == {"my.Nucleus": "3.1.0", "x": "1.0.0"}
        # another component of its version: the catalogue tells which is the nucleus
        client.create_component_version(inlineRecipe=json.dumps(recipe("x", "3.1.0", {})))
        assert deploy(x={"componentVersion": "3.1.0"}) == {"my.Nucleus": "3.1.0", "x": "3.1.0"}
        state = resolve.fleet_snapshot(client)["d"]
        planned = resolve.plan(wanted, resolve.Catalog.from_client(client), devices=[state]).states[0]
        assert planned.versions() == {"my.Nucleus": "3.1.0", "x": "1.0.0"}

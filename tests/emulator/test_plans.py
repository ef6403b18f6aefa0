"""The local cloud against `fleetgrass.resolve`: its answers to devices, and what its devices install and configure.

FLEETGRASS_PLANS is the number of random catalogues that are published, planned and deployed.
"""

from __future__ import annotations

import base64
import json
import os
import random
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import fleetgrass
from fleetgrass import resolve
from fleetgrass.__main__ import main
from fleetgrass.config import Config
from fleetgrass.emulator import Emulator
from fleetgrass.resolve import Candidate, CandidateError
from support import cases
from support.answers import Answer, failure, plain, reply
from support.server import RecordingServer

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


@pytest.fixture
def cloud() -> Any:
    with Emulator() as emulator:
        client = emulator.client()
        for made in [
            recipe("A", "1.0.0", {"B": "^1.0.0"}),
            recipe("A", "2.0.0", {"B": "^3.0.0"}),
            recipe("B", "1.0.0", {}),
            recipe("B", "1.1.0", {}),
            recipe("W", "1.0.0", {}, Manifests=[{"Platform": {"os": "windows"}}]),
        ]:
            client.create_component_version(inlineRecipe=json.dumps(made))
        yield emulator


def test_the_cloud_is_asked_as_devices_ask(cloud: Emulator) -> None:
    client = cloud.client()
    found = resolve.candidates_from_cloud(
        client,
        LINUX,
        {
            "A": {"thinggroup/g": "1.0.0"},
            "B": {"A": "^1.0.0", "thing/t": "<1.1.0"},
            "N": {"A": "*"},
            "W": {"A": "*"},
            "aws.greengrass.Cli": {"A": "*"},
        },
        installed={"B": "1.0.0"},
    )
    assert list(found) == ["A", "B", "N", "W", "aws.greengrass.Cli"]
    a, b, none, other_platform, public = found.values()
    assert isinstance(a, Candidate)
    assert (a.component, a.version, a.vendor_guidance) == ("A", "1.0.0", "ACTIVE")
    assert a.recipe_dict()["ComponentDependencies"]["B"]["VersionRequirement"] == "^1.0.0"
    assert a.arn.endswith(":components:A:versions:1.0.0")
    assert isinstance(b, Candidate)
    assert b.version == "1.0.0"
    assert isinstance(public, Candidate)
    assert isinstance(none, CandidateError)
    assert (none.component, none.kind, type(none.error)) == (
        "N",
        "no_version",
        client.exceptions.ResourceNotFoundException,
    )
    assert isinstance(other_platform, CandidateError)
    assert (other_platform.kind, "claim platform" in str(other_platform)) == ("platform", True)
    for fault, value, kind in [
        ("error", "AccessDeniedException", "permission"),
        ("error", "InternalServerException", "other"),
    ]:
        with cloud.inject(fault, value):
            (error,) = resolve.candidates_from_cloud(client, LINUX, {"A": {}}).values()
        assert isinstance(error, CandidateError)
        assert (error.kind, repr(error).startswith(f"<CandidateError {kind} of A: ")) == (kind, True)
    with pytest.raises(resolve.InvalidInputError, match=r"^requirements\['A'\]\['x'\]: \"one\" is not") as raised:
        resolve.candidates_from_cloud(client, LINUX, {"A": {"x": "one"}})
    assert raised.value.kind == "invalid_requirement"
    for platform, requirements, told in [
        (LINUX, ["A"], r"requirements is \['A'\]: give a dict"),
        (LINUX, {"A": "^1.0.0"}, r"requirements\['A'\] is '\^1.0.0': give a dict"),
        (LINUX, {"A": {"x": 1}}, r"requirements\['A'\]\['x'\] is 1: give a requirement"),
        ("linux/amd64", {}, "platform is 'linux/amd64': give a dict"),
        ({"os": 1}, {}, r"platform\['os'\] is 1: give attributes"),
    ]:
        with pytest.raises(ValueError, match=told):
            resolve.candidates_from_cloud(client, platform, requirements)  # type: ignore[arg-type]
    assert resolve.candidates_from_cloud(client, LINUX, {}) == {}


def deployment(**components: str) -> dict[str, Any]:
    return {
        "target": "thinggroup/g",
        "components": [{"name": name, "version": version} for name, version in components.items()],
    }


def test_a_simulation_walks_with_the_cloud_itself(cloud: Emulator) -> None:
    client = cloud.client()
    catalog = resolve.Catalog.from_client(client)
    for components, others in [
        ({"A": "1.0.0"}, {}),
        ({"A": "1.0.0"}, {"thing/t": {"B": "1.0.0"}}),
        ({"A": "2.0.0"}, {}),
        ({"W": "1.0.0"}, {}),
        ({"A": "1.0.0", "B": "9.0.0"}, {}),
        ({"aws.greengrass.Cli": "2.17.0"}, {}),
    ]:
        asked: dict[str, Any] = {"platform": LINUX, "deployment": deployment(**components), "other_groups": others}
        with_cloud, modelled = resolve.simulate(cloud=client, **asked), resolve.simulate(catalog=catalog, **asked)
        assert (with_cloud.result, with_cloud.trace) == (modelled.result, modelled.trace)
        assert with_cloud.error == modelled.error
        assert with_cloud.order_sensitive == modelled.order_sensitive


def test_a_cloud_that_does_not_answer(cloud: Emulator) -> None:
    client = cloud.client()
    asked: dict[str, Any] = {"platform": LINUX, "deployment": deployment(B="1.0.0"), "cloud": client}
    for code, kind in [("AccessDeniedException", "access_denied"), ("InternalServerException", "unanswered")]:
        with cloud.inject("error", code):
            error = resolve.simulate(**asked).error
            assert error is not None
            assert (error.kind, error.details) == (kind, {"component": "B"})
            # what the device has will do
            catalog = {"B": {"1.0.0": {}}}
            local = resolve.simulate(**asked, catalog=catalog, device={"active": {"B": "1.0.0"}})
            assert local.trace == ["B@1.0.0(local-fallback)"]
    assert resolve.simulate(**asked).result == {"B": "1.0.0"}


OK = {"arn": "x", "componentName": "A", "componentVersion": "1.0.0"}


def answered(recipe: Any = None, **members: Any) -> Answer:
    body = json.dumps(
        {"RecipeFormatVersion": "2020-01-25", "ComponentName": "A", "ComponentVersion": "1.0.0", "Manifests": [{}]}
    )
    row = {**OK, "recipe": base64.b64encode((recipe or body).encode()).decode(), **members}
    return reply({"resolvedComponentVersions": [row]})


@pytest.mark.parametrize(
    ("answer", "kind", "refusal"),
    [
        (failure(403, "AccessDeniedException"), "permission", "access_denied"),
        (failure(403, "ForbiddenException"), "permission", "access_denied"),
        (failure(403, "InvalidSignatureException"), "permission", "access_denied"),
        (failure(404, "ResourceNotFoundException", "no usable version, so"), "no_version", "no_available_version"),
        (failure(404, "Other", "no usable version, so"), "no_version", "no_available_version"),
        (failure(404, "Other", "A doesn't claim platform x"), "platform", "platform_incompatible"),
        (failure(404, "ResourceNotFoundException", "something else"), "other", "unanswered"),
        (failure(409, "ConflictException"), "no_version", "no_available_version"),
        (failure(400, "ValidationException", "no usable version"), "other", "unanswered"),
        (failure(429, "ThrottlingException"), "other", "unanswered"),
        (failure(500, "InternalServerException"), "other", "unanswered"),
        (plain(200, b"<html>"), "other", "unanswered"),
        (answered(componentName="Z"), "other", "unanswered"),
        (answered(componentVersion="1.2.0"), "other", "unanswered"),
        (answered('{"componentname": "Z"}'), "other", "unanswered"),
        (answered(vendorGuidance="DELETED", message="gone"), None, "unanswered"),
        (answered(vendorGuidance="DISCONTINUED"), None, None),
        (answered("{"), None, "recipe_parse_error"),
    ],
)
def test_answers_are_classified_as_devices_read_them(
    server: RecordingServer, answer: Answer, kind: str | None, refusal: str | None
) -> None:
    server.script([answer])
    config = Config(retries={"total_max_attempts": 1})
    with fleetgrass.client(
        "greengrassv2",
        region_name="eu-west-1",
        endpoint_url=server.url,
        config=config,
        aws_access_key_id="a",
        aws_secret_access_key="b",
    ) as ours:
        (found,) = resolve.candidates_from_cloud(ours, LINUX, {"A": {"thinggroup/g": "1.0.0"}}).values()
        assert (found.kind if isinstance(found, CandidateError) else None) == kind
        engines: list[Any] = ["classic", "lite"]
        for engine in engines:
            made = resolve.simulate(cloud=ours, platform=LINUX, deployment=deployment(A="1.0.0"), engine=engine)
            # a recipe without a platform is of no use to lite devices
            wanted = refusal or ("local_recipe_unusable" if engine == "lite" else None)
            assert (made.error and made.error.kind) == wanted, engine


class Interrupted:
    """A client whose calls are interrupted."""

    def resolve_component_candidates(self, **_: Any) -> Any:
        raise KeyboardInterrupt


def test_what_a_client_raises_ends_the_simulation() -> None:
    with pytest.raises(KeyboardInterrupt):
        resolve.simulate(platform=LINUX, deployment=deployment(B="1.0.0"), cloud=Interrupted())
    with pytest.raises(TypeError, match="cloud is of <class 'str'>: give a client"):
        resolve.simulate(platform=LINUX, deployment=deployment(B="1.0.0"), cloud="eu-west-1")
    with pytest.raises(TypeError, match="a catalog, or a cloud"):
        resolve.simulate(platform=LINUX, deployment=deployment(B="1.0.0"))
    with pytest.raises(ValueError, match=r"cloud_policy is 'prefer_candidate', .* give a catalog"):
        resolve.simulate(
            platform=LINUX, deployment=deployment(B="1.0.0"), cloud=Interrupted(), cloud_policy="prefer_candidate"
        )


class Recording:
    """A client that keeps what it is asked, and answers as `answer` does with what the client has answered."""

    def __init__(self, client: Any, answer: Any = lambda given: given) -> None:
        self.client, self.answer, self.asked = client, answer, list[Any]()

    def resolve_component_candidates(self, **params: Any) -> Any:
        self.asked.append(params)
        return self.answer(self.client.resolve_component_candidates(**params))


def test_a_lite_device_asks_the_cloud_in_its_own_way() -> None:
    for_lite = {"Manifests": [{"Platform": {"os": "linux", "runtime": "aws_nucleus_lite"}}]}
    recipes = [
        recipe("A", "1.0.0", {"B": ">=1.0.0", "C": ">=1.0.0 <2.0.0"}, **for_lite),
        recipe("B", "1.0.0", {}, **for_lite),
        recipe("B", "1.2.0", {"C": "<3.0.0", "aws.greengrass.Nucleus": "^2.0.0"}, **for_lite),
        recipe("C", "1.0.0", {}, **for_lite),
        recipe("C", "1.5.0", {"B": "^1.0.0"}, **for_lite),
        recipe("D", "1.0.0", {"none": "*"}, **for_lite),
        recipe("W", "1.0.0", {}),
    ]
    with Emulator() as emulator:
        client = emulator.client()
        for made in recipes:
            client.create_component_version(inlineRecipe=json.dumps(made))
        catalog = resolve.Catalog.from_client(client)
        for components, others in [
            ({"A": "1.0.0"}, {}),
            ({"A": "1.0.0"}, {"C": "1.0.0"}),
            ({"D": "1.0.0"}, {}),
            ({"W": "1.0.0"}, {}),
        ]:
            asked: dict[str, Any] = {"platform": LINUX, "deployment": deployment(**components), "engine": "lite"}
            asked["other_groups"] = {"thinggroup/h": others} if others else {}
            with_cloud, modelled = resolve.simulate(cloud=client, **asked), resolve.simulate(catalog=catalog, **asked)
            assert (with_cloud.result, with_cloud.trace) == (modelled.result, modelled.trace)
            assert with_cloud.error == modelled.error
            assert with_cloud.order_sensitive is False
        asked = {"platform": LINUX, "deployment": deployment(A="1.0.0"), "engine": "lite"}
        recording = Recording(client)
        device = {"local_recipes": {"B": {"1.0.0": {"manifests": for_lite["Manifests"]}}}}
        assert resolve.simulate(cloud=recording, device=device, **asked).trace[1] == "B@1.0.0(local)"
        told = {"name": "linux", "attributes": {"runtime": "aws_nucleus_lite", **LINUX}}
        assert recording.asked == [
            {
                "platform": told,
                "componentCandidates": [{"componentName": name, "versionRequirements": {"requirements": text}}],
            }
            for name, text in [("A", "1.0.0"), ("C", ">=1.0.0 <2.0.0")]
        ]
        # a device joins the requirements to one text, which a cloud may not be able to read
        needs = {"deps": {"B": "^1.0.0"}, "manifests": for_lite["Manifests"]}
        device = {"local_recipes": {"P": {"1.0.0": needs}, "Q": {"1.0.0": {**needs, "deps": {"B": "*"}}}}}
        joined = {"platform": LINUX, "engine": "lite", "device": device, "deployment": deployment(P="1.0.0", Q="1.0.0")}
        for refused in (resolve.simulate(cloud=client, **joined), resolve.simulate(catalog=catalog, **joined)):
            assert refused.error is not None
            assert (refused.error.kind, refused.error.details) == ("unanswered", {"component": "B"})
        # what it has it takes, of which somebody must tell the recipe: a device does not ask for that
        runs: dict[str, Any] = {"platform": LINUX, "engine": "lite", "deployment": deployment(B="1.0.0")}
        runs["device"] = {"active": {"B": "1.0.0"}}
        unknown = resolve.simulate(cloud=client, **runs).error
        assert unknown is not None
        assert (unknown.kind, unknown.details) == ("local_recipe_unusable", {"component": "B", "version": "1.0.0"})
        assert "its recipe is not known: give it in local_recipes or the catalog" in unknown.message
        for known in ({"cloud": client, "catalog": catalog}, {"catalog": catalog}):
            assert resolve.simulate(**known, **runs).result == {"B": "1.0.0"}
        unreadable = {"B": {"1.0.0": {"deps": {"C": ">=1.0.0, <2.0.0"}}}}
        unread = resolve.simulate(cloud=client, catalog=unreadable, **runs).error
        assert unread is not None
        assert unread.kind == "recipe_parse_error"
        # of several answers the first counts, and none is a failure
        one = Recording(client, lambda given: {"resolvedComponentVersions": given["resolvedComponentVersions"] + [{}]})
        assert resolve.simulate(cloud=one, **asked).result == resolve.simulate(cloud=client, **asked).result
        error = resolve.simulate(cloud=Recording(client, lambda given: {}), **asked).error
        assert error is not None
        assert (error.kind, error.details, error.codes) == ("unanswered", {"component": "A"}, [])
        with emulator.inject("error", "AccessDeniedException"):
            error = resolve.simulate(cloud=client, **asked).error
            assert error is not None
            assert error.kind == "access_denied"


@pytest.mark.timeout(60 + PLANS)
@pytest.mark.parametrize("runtime", ["aws_nucleus_classic", "aws_nucleus_lite"])
def test_a_plan_from_a_snapshot_is_what_the_fleet_installs(runtime: str) -> None:
    """Devices of several groups, some of which refuse some of what comes, or fail it."""
    agreed = refused = misled = 0
    for number in range(max(20, PLANS // 5)):
        world = World(f"{cases.SEED}.snapshot.{number}")
        with Emulator() as emulator:
            client = emulator.client()
            for made in world.recipes:
                for manifest in made["Manifests"]:  # lite devices take none that does not say so
                    manifest["Platform"] = {"runtime": "*", **manifest.get("Platform", {})}
                client.create_component_version(inlineRecipe=json.dumps(made))
            catalog = public() | resolve.Catalog.from_recipes(world.recipes)
            groups, devices = [f"group-{at}" for at in range(3)], [f"device-{at}" for at in range(4)]
            for device in devices:
                emulator.register_core_device(device, world.chance.sample(groups, 2), runtime=runtime)
            targets = [*map(emulator.thing_group_arn, groups), emulator.thing_arn(devices[0])]
            # what goes to the second group is below the first
            parents = {targets[1]: {"parentTargetArn": targets[0]}}
            failed: defaultdict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
            for _ in range(6):
                target = world.chance.choice(targets)
                deployment = {"targetArn": target, "components": world.components(), **parents.get(target, {})}
                if fails := world.chance.random() < 0.2:
                    emulator.fail_component(world.chance.choice(world.recipes)["ComponentName"])
                snapshot = resolve.fleet_snapshot(client)
                plan = resolve.plan(json.loads(json.dumps(deployment)), catalog, devices=snapshot)
                client.create_deployment(**deployment)
                emulator.settle()
                emulator.heal()
                for device in devices:
                    rows = client.list_effective_deployments(coreDeviceThingName=device)["effectiveDeployments"]
                    reached = [row for row in rows if row["targetArn"] == deployment["targetArn"]]
                    if not reached:
                        continue
                    taken = reached[0]["coreDeviceExecutionStatus"] in ("SUCCEEDED", "COMPLETED")
                    counting = snapshot[device].get("other_groups", {}).items()
                    is_misled = any(roots in failed[device, group] for group, roots in counting)
                    if not taken and runtime == "aws_nucleus_classic":
                        failed[device, target.split(":")[-1]].append(
                            {name: told["componentVersion"] for name, told in deployment["components"].items()}
                        )
                    # no plan knows of what will break, nor of an earlier failure where all its roots are there
                    if fails or is_misled:
                        misled += is_misled
                        continue
                    planned, told = plan.device(device), (deployment, world.recipes, snapshot[device], rows)
                    listed = client.list_installed_components(coreDeviceThingName=device, topologyFilter="ALL")
                    found = {row["componentName"]: row["componentVersion"] for row in listed["installedComponents"]}
                    found = {name: version for name, version in found.items() if version != "0.0.0"}
                    assert found == planned.versions(), told
                    assert taken == (planned.error is None), told
                    agreed, refused = agreed + taken, refused + (not taken)
    print(f"{agreed} deployments installed as planned, {refused} refused as planned, {misled} not to be known")
    assert agreed
    assert refused
    assert misled <= (agreed + refused) / 100


@cache
def public() -> resolve.Catalog:
    """What AWS publishes, as a local cloud has it."""
    with Emulator() as emulator:
        return resolve.Catalog.from_client(emulator.client(), scopes=["PUBLIC"])


def test_what_a_subdeployment_stood_in_for_comes_back_with_a_plain_deployment_to_its_group() -> None:
    with Emulator() as emulator:
        client = emulator.client()
        recipes = [recipe(name, "1.0.0", {}) for name in "ABCD"]
        for made in recipes:
            client.create_component_version(inlineRecipe=json.dumps(made))
        emulator.register_core_device("core", ["line", "cell", "bench"])
        line, cell, bench = map(emulator.thing_group_arn, ("line", "cell", "bench"))

        def deployment(target: str, name: str, **more: str) -> dict[str, Any]:
            return {"targetArn": target, "components": {name: {"componentVersion": "1.0.0"}}, **more}

        client.create_deployment(**deployment(line, "A"))
        client.create_deployment(**deployment(cell, "B", parentTargetArn=line))
        client.create_deployment(**deployment(bench, "C", parentTargetArn=line))
        for plain, left in [(cell, "CD"), (bench, "AD")]:  # the other one stands in for the line as well
            snapshot = resolve.fleet_snapshot(client)
            plan = resolve.plan(deployment(plain, "D"), resolve.Catalog.from_recipes(recipes), devices=snapshot)
            client.create_deployment(**deployment(plain, "D"))
            listed = client.list_installed_components(coreDeviceThingName="core", topologyFilter="ALL")
            found = {row["componentName"] for row in listed["installedComponents"] if row["componentName"] in "ABCD"}
            assert found == {name for name in plan.device("core").versions() if name in "ABCD"} == set(left)


def test_a_root_at_a_version_that_nobody_asked_for_is_of_its_deployment() -> None:
    """Alternatives of one requirement hide another requirement from the device, which takes what it has at hand."""
    with Emulator() as emulator:
        client = emulator.client()
        needs = {"app": {"library": "2.0.0 || 1.0.0"}, "broken": {"none": "*"}}
        made = [recipe(name, "1.0.0", needs.get(name, {})) for name in ("app", "broken")]
        made += [recipe("library", version, {}) for version in ("1.5.0", "2.0.0")]
        for each in made:
            client.create_component_version(inlineRecipe=json.dumps(each))
        emulator.register_core_device("core", ["line", "cell"])
        for target, name, version in [
            ("line", "app", "1.0.0"),
            ("cell", "library", "1.5.0"),
            ("cell", "broken", "1.0.0"),
        ]:
            components = {name: {"componentVersion": version}}
            client.create_deployment(targetArn=emulator.thing_group_arn(target), components=components)
            emulator.settle()
        listed = client.list_installed_components(coreDeviceThingName="core", topologyFilter="ROOT")
        roots = {row["componentName"]: row["componentVersion"] for row in listed["installedComponents"]}
        assert roots == {"app": "1.0.0", "library": "2.0.0"}
        groups = resolve.fleet_snapshot(client)["core"]["other_groups"]
        assert groups == {"thinggroup/line": {"app": "1.0.0"}, "thinggroup/cell": {"library": "1.5.0"}}


def test_a_snapshot_in_full() -> None:
    with Emulator() as emulator:
        client = emulator.client()
        for version, needs in [("1.0.0", {}), ("2.0.0", {"none": "*"})]:
            client.create_component_version(inlineRecipe=json.dumps(recipe("app", version, needs)))
        emulator.register_core_devices(2, thing_groups=["line"])
        first = {"targetArn": emulator.thing_group_arn("line"), "components": {"app": {"componentVersion": "1.0.0"}}}
        client.create_deployment(**first)
        # it fails, and what devices have from the group is the deployment before
        client.create_deployment(**{**first, "components": {"app": {"componentVersion": "2.0.0"}}})
        emulator.register_core_device("other", [])
        emulator.settle()
        devices = client.list_core_devices()["coreDevices"]
        snapshot = resolve.fleet_snapshot(client)
        assert list(snapshot) == [row["coreDeviceThingName"] for row in devices]
        nucleus = client.get_core_device(coreDeviceThingName="other")["coreVersion"]
        parts = snapshot["other"]["builtin"]
        assert snapshot["other"] == {
            "platform": LINUX,
            "nucleus": {"name": "aws.greengrass.Nucleus", "version": nucleus},
            "active": dict.fromkeys(parts, "0.0.0"),
            "builtin": parts,
        }
        of_line = {name: state for name, state in snapshot.items() if name != "other"}
        assert len(of_line) == 2
        for state in of_line.values():
            assert (state["active"]["app"], state["other_groups"]) == ("1.0.0", {"thinggroup/line": {"app": "1.0.0"}})
        assert resolve.fleet_snapshot(client, first["targetArn"]) == of_line
        assert resolve.fleet_snapshot(client, emulator.thing_arn("other")) == {"other": snapshot["other"]}
        with pytest.raises(ValueError, match="target_arn is 'line': give the ARN of a thing"):
            resolve.fleet_snapshot(client, "line")


@pytest.mark.parametrize(
    ("ending", "is_kept"),
    [
        ("FAILED_NO_STATE_CHANGE", False),
        ("FAILED_ROLLBACK_COMPLETE", False),
        ("FAILED_ROLLBACK_NOT_REQUESTED", True),
    ],
)
def test_a_failed_deployment_counts_where_something_of_it_is_left(ending: str, is_kept: bool) -> None:
    """Another group brings the same roots later, so that these alone do not tell."""
    with Emulator() as emulator:
        client = emulator.client()
        client.create_component_version(inlineRecipe=json.dumps(recipe("app", "1.0.0", {})))
        emulator.register_core_device("device", ["one", "other"])
        one, other = map(emulator.thing_group_arn, ("one", "other"))
        if ending == "FAILED_NO_STATE_CHANGE":
            emulator.fill_disk()
        else:
            emulator.fail_component("app")
        app = {"components": {"app": {"componentVersion": "1.0.0"}}}
        policies: dict[str, Any] = {"failureHandlingPolicy": "DO_NOTHING" if is_kept else "ROLLBACK"}
        client.create_deployment(targetArn=one, **app, deploymentPolicies=policies)
        emulator.settle()
        (row,) = client.list_effective_deployments(coreDeviceThingName="device")["effectiveDeployments"]
        assert f": {ending}: " in row["reason"]
        emulator.heal()
        client.create_deployment(targetArn=other, **app)
        emulator.settle()
        snapshot = resolve.fleet_snapshot(client)
        groups = ["thinggroup/one", "thinggroup/other"] if is_kept else ["thinggroup/other"]
        assert snapshot["device"]["other_groups"] == {group: {"app": "1.0.0"} for group in groups}
        nothing: dict[str, Any] = {"targetArn": other, "components": {}}
        planned = resolve.plan(nothing, resolve.Catalog.from_client(client), devices=snapshot).device("device")
        client.create_deployment(**nothing)
        emulator.settle()
        listed = client.list_installed_components(coreDeviceThingName="device")["installedComponents"]
        assert ("app" in planned.versions()) == bool(listed) == is_kept


@pytest.mark.parametrize(
    "operation",
    ["GetCoreDevice", "ListInstalledComponents", "ListEffectiveDeployments", "GetDeployment", "ListDeployments"],
)
def test_a_device_that_cannot_be_read_stays_in_the_plan(operation: str, tmp_path: Path) -> None:
    with Emulator() as emulator:
        client = emulator.client()
        emulator.register_core_devices(3, thing_groups=["line"])
        # it fails and stays, so that it is read, and earlier revisions are asked for
        client.create_component_version(inlineRecipe=json.dumps(recipe("bad", "1.0.0", {})))
        emulator.fail_component("bad")
        wanted = {"targetArn": emulator.thing_group_arn("line"), "components": {"bad": {"componentVersion": "1.0.0"}}}
        client.create_deployment(**wanted, deploymentPolicies={"failureHandlingPolicy": "DO_NOTHING"})
        emulator.settle()
        with emulator.inject("error", "AccessDeniedException", operations=operation, times=1):
            snapshot = resolve.fleet_snapshot(client)
        unread = [name for name, state in snapshot.items() if "error" in state]
        # a deployment is read once for all who have it
        assert len(unread) == (3 if operation in ("GetDeployment", "ListDeployments") else 1)
        plan = resolve.plan({**wanted, "components": {}}, {}, devices=snapshot)
        (state,) = plan.unread
        assert state.devices == unread
        assert (state.result, state.components, state.order_sensitive) == (None, {}, False)
        assert "could not be read: AccessDeniedException: An error occurred" in str(state.error)
        assert f"when calling the {operation} operation" in str(state.error)
        assert plan.conflicts == []
        assert f"no conflict, {len(unread)} device" in str(plan)
        assert "could not be read" in plan._repr_html_()
        with pytest.raises(resolve.PlanConflictError, match="could not be read: AccessDeniedException"):
            plan.raise_for_conflicts()
        rows = pa.table(plan).to_pylist()
        assert {row["device"] for row in rows if row["error"] == "state_unread"} == set(unread)
        files = {name: tmp_path / name for name in ("deployment.json", "devices.json", "a.json")}
        files["deployment.json"].write_text(json.dumps({**wanted, "components": {}}), "utf-8")
        files["devices.json"].write_text(json.dumps(snapshot), "utf-8")
        files["a.json"].write_text(json.dumps(recipe("a", "1.0.0", {})), "utf-8")
        arguments = ["plan", str(files["deployment.json"]), "--devices", str(files["devices.json"])]
        (tmp_path / "recipes").mkdir()
        files["a.json"].rename(tmp_path / "recipes" / "a.json")
        assert main([*arguments, "--recipes", str(tmp_path / "recipes")]) == 1

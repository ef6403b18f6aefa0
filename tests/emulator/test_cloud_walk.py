"""Candidates and simulations that ask the local cloud, as devices ask it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

import fleetgrass
from fleetgrass import resolve
from fleetgrass.config import Config
from fleetgrass.emulator import Emulator
from fleetgrass.resolve import Candidate, CandidateError
from support.answers import Answer, failure, plain, reply
from support.server import RecordingServer
from support.worlds import LINUX, recipe


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

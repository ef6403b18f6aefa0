"""ResolveComponentCandidates of the local cloud, as devices use it."""

import json
from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.local_cloud import client_of, publish, refused

LINUX = {"attributes": {"os": "linux", "architecture": "amd64"}}


def resolved(client: Any, name: str, platform: dict[str, Any] = LINUX, **requirements: str) -> dict[str, Any]:
    candidate = {"componentName": name, "versionRequirements": requirements}
    answer = client.resolve_component_candidates(platform=platform, componentCandidates=[candidate])
    (row,) = answer["resolvedComponentVersions"]
    result: dict[str, Any] = row
    return result


def test_the_highest_version_that_meets_all(client: Any) -> None:
    for version in ("1.0.0", "1.9.0", "1.10.0", "2.0.0"):
        publish(client, "a", version)
    publish(client, "a", "1.11.0", os="windows")
    row = resolved(client, "a", x=">=1.0.0 <2.0.0")
    assert row["componentVersion"] == "1.10.0"
    assert resolved(client, "a", x=">=1.0.0 <2.0.0", y="<=1.9.0")["componentVersion"] == "1.9.0"
    assert resolved(client, "a")["componentVersion"] == "2.0.0"
    assert json.loads(row.pop("recipe")) == json.loads(client.get_component(arn=row["arn"])["recipe"])
    assert row == {
        "arn": "arn:aws:greengrass:eu-west-1:111122223333:components:a:versions:1.10.0",
        "componentName": "a",
        "componentVersion": "1.10.0",
        "vendorGuidance": "ACTIVE",
    }


def test_many_candidates_keep_their_order(client: Any) -> None:
    publish(client, "a")
    names = ["aws.greengrass.Cli", "a", "aws.greengrass.Nucleus"]
    candidates = [{"componentName": name} for name in names]
    answer = client.resolve_component_candidates(platform=LINUX, componentCandidates=candidates)
    assert [row["componentName"] for row in answer["resolvedComponentVersions"]] == names
    assert [row["arn"].split(":")[4] for row in answer["resolvedComponentVersions"]] == ["aws", "111122223333", "aws"]


def test_a_version_counts_where_nothing_else_is_required(client: Any) -> None:
    for version in ("1.0.0", "1.1.0"):
        publish(client, "a", version)
    candidate: dict[str, Any] = {"componentName": "a", "componentVersion": "1.0.0"}
    for requirements, expected in [({}, "1.0.0"), ({"x": "^1.0.0"}, "1.1.0")]:
        candidate["versionRequirements"] = requirements
        answer = client.resolve_component_candidates(platform=LINUX, componentCandidates=[candidate])
        assert answer["resolvedComponentVersions"][0]["componentVersion"] == expected


def test_the_texts_that_devices_read(client: Any) -> None:
    publish(client, "a")
    publish(client, "a", "2.0.0")
    windows = {"attributes": {"os": "windows"}}
    cases = [
        ("a", windows, {}, 404, "The latest version of Component a doesn't claim platform os:windows compatibility"),
        ("a", LINUX, {"x": "^3.0.0"}, 404, "has no usable version satisfying requirements: x requires >=3.0.0 <4.0.0"),
        ("b", LINUX, {"x": "*"}, 404, "Component b has no usable version satisfying requirements"),
        ("a", LINUX, {"x": "^1.0.0", "y": "^2.0.0"}, 409, "x requires >=1.0.0 <2.0.0, y requires >=2.0.0 <3.0.0"),
        ("a", LINUX, {"x": "one"}, 400, '"one" is not a version requirement'),
    ]
    for name, platform, requirements, status, text in cases:
        found, _, error = refused(resolved, client=client, name=name, platform=platform, **requirements)
        assert (found, text in error["Error"]["Message"]) == (status, True), error


@pytest.mark.parametrize(
    ("params", "field"),
    [({}, "componentCandidates"), ({"componentCandidates": [{}]}, "componentCandidates.0.componentName")],
)
def test_what_must_be_given(client: Any, params: dict[str, Any], field: str) -> None:
    status, code, error = refused(client.resolve_component_candidates, platform=LINUX, **params)
    assert (status, code, error["fields"][0]["name"]) == (400, "ValidationException", field)


def test_the_data_plane_may_be_for_devices_only() -> None:
    with Emulator(strict_data_plane=True) as emulator:
        client = client_of(emulator)
        candidates = [{"componentName": "aws.greengrass.Cli"}]
        call = client.resolve_component_candidates
        assert refused(call, platform=LINUX, componentCandidates=candidates)[:2] == (403, "AccessDeniedException")

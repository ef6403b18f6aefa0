"""Components of the local cloud: published from recipes, told, listed, deleted."""

import base64
import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.local_cloud import ARN, client_of, publish, recipe, refused


def test_creation_is_answered_before_it_is_checked(client: Any) -> None:
    answer = client.create_component_version(inlineRecipe=recipe("io.acme.Pump"), tags={"team": "pumps"})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert answer["arn"] == f"{ARN}:versions:1.0.0"
    assert (answer["componentName"], answer["componentVersion"]) == ("io.acme.Pump", "1.0.0")
    assert answer["creationTimestamp"].year >= 2026
    assert answer["status"] == {
        "componentState": "REQUESTED",
        "message": "NONE",
        "errors": {},
        "vendorGuidance": "ACTIVE",
        "vendorGuidanceMessage": "NONE",
    }


def test_description(client: Any) -> None:
    created = client.create_component_version(inlineRecipe=recipe("io.acme.Pump"), tags={"team": "pumps"})
    told = client.describe_component(arn=created["arn"])
    del told["ResponseMetadata"]
    assert told == {
        "arn": created["arn"],
        "componentName": "io.acme.Pump",
        "componentVersion": "1.0.0",
        "creationTimestamp": created["creationTimestamp"],
        "publisher": "Acme",
        "description": "io.acme.Pump for tests.",
        "status": {**created["status"], "componentState": "DEPLOYABLE"},
        "platforms": [{"attributes": {"os": "linux"}}],
        "tags": {"team": "pumps"},
    }


def test_the_recipe_comes_back_rewritten(client: Any) -> None:
    arn = publish(client, "io.acme.Pump", needs={"io.acme.Base": "^1.0.0"})
    answer = client.get_component(arn=arn)
    told = json.loads(answer["recipe"])
    assert (answer["recipeOutputFormat"], answer["tags"]) == ("JSON", {})
    assert told["ComponentType"] == "aws.greengrass.generic"
    dependency = {"VersionRequirement": "^1.0.0", "DependencyType": "HARD"}
    assert told["ComponentDependencies"] == {"io.acme.Base": dependency}
    artifact = told["Manifests"][0]["Artifacts"][0]
    assert len(base64.b64decode(artifact.pop("Digest"))) == 32
    assert artifact == {
        "Uri": "s3://acme/artifact.py",
        "Algorithm": "SHA-256",
        "Unarchive": "NONE",
        "Permission": {"Read": "OWNER", "Execute": "NONE"},
    }


def test_a_recipe_in_yaml_can_be_had_as_either(client: Any) -> None:
    text = b"RecipeFormatVersion: 2020-01-25\nComponentName: io.acme.Pump\nComponentVersion: 1.10.0\nManifests: [{}]\n"
    arn = client.create_component_version(inlineRecipe=text)["arn"]
    as_json = client.get_component(arn=arn, recipeOutputFormat="JSON")["recipe"]
    assert json.loads(as_json)["ComponentVersion"] == "1.10.0"
    as_yaml = client.get_component(arn=arn, recipeOutputFormat="YAML")
    assert as_yaml["recipeOutputFormat"] == "YAML"
    # what the service printed, it reads again
    again = as_yaml["recipe"].replace(b"1.10.0", b"1.11.0")
    client.create_component_version(inlineRecipe=again)


def test_versions_come_greatest_first(client: Any) -> None:
    for version in ["1.3.9", "1.10.0", "1.4.0-beta", "1.4.0"]:
        publish(client, "io.acme.Pump", version)
    pages = client.get_paginator("list_component_versions").paginate(arn=ARN, PaginationConfig={"PageSize": 1})
    rows = [row for page in pages for row in page["componentVersions"]]
    assert [row["componentVersion"] for row in rows] == ["1.10.0", "1.4.0", "1.4.0-beta", "1.3.9"]
    first = {"componentName": "io.acme.Pump", "componentVersion": "1.10.0", "arn": f"{ARN}:versions:1.10.0"}
    assert rows[0] == first
    listed = client.list_components()["components"]
    assert [(row["arn"], row["latestVersion"]["componentVersion"]) for row in listed] == [(ARN, "1.10.0")]
    assert listed[0]["latestVersion"]["platforms"] == [{"attributes": {"os": "linux"}}]


def test_versions_of_what_does_not_exist_are_none(client: Any) -> None:
    assert client.list_component_versions(arn=ARN)["componentVersions"] == []
    nucleus = ARN.replace("io.acme.Pump", "aws.greengrass.Nucleus")
    assert client.list_component_versions(arn=nucleus)["componentVersions"] == []
    public = nucleus.replace("111122223333", "aws")
    assert len(client.list_component_versions(arn=public)["componentVersions"]) > 3


def test_public_components_are_told_and_guarded(client: Any) -> None:
    public = client.get_paginator("list_components").paginate(scope="PUBLIC", PaginationConfig={"PageSize": 7})
    names = [row["componentName"] for page in public for row in page["components"]]
    assert "aws.greengrass.Nucleus" in names
    assert names == sorted(set(names))
    arn = "arn:aws:greengrass:eu-west-1:aws:components:aws.greengrass.Cli:versions:2.17.0"
    assert client.describe_component(arn=arn)["publisher"] == "AWS"
    status, code, error = refused(client.delete_component, arn=arn)
    assert (status, code) == (403, "AccessDeniedException")
    assert error["message"] == (
        "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: "
        f"greengrass:DeleteComponent on resource: {arn}"
    )


def test_deletion(client: Any) -> None:
    arn = publish(client, "io.acme.Pump")
    client.tag_resource(resourceArn=arn, tags={"a": "b"})
    assert client.delete_component(arn=arn)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(client.delete_component, arn=arn)[:2] == (404, "ResourceNotFoundException")
    assert client.list_components()["components"] == []
    publish(client, "io.acme.Pump")
    assert client.describe_component(arn=arn)["tags"] == {}


@pytest.mark.parametrize(
    ("whose", "text"),
    [
        ("111122223333", "Private component (io.acme.Pump:9.9.9) does not exist"),
        ("aws", "Public component (io.acme.Pump:9.9.9) does not exist"),
    ],
)
def test_an_unknown_version(client: Any, whose: str, text: str) -> None:
    arn = f"{ARN}:versions:9.9.9".replace("111122223333", whose)
    for call in (client.describe_component, client.get_component, client.delete_component):
        status, code, error = refused(call, arn=arn)
        assert (status, code, error["message"]) == (404, "ResourceNotFoundException", text)
        assert (error["resourceId"], error["resourceType"]) == (arn, "component")


@pytest.mark.parametrize(
    ("tags", "end"), [(None, "with state: [DEPLOYABLE]"), ({"a": "b"}, "and can't be created again with tags.")]
)
def test_a_version_is_published_once(client: Any, tags: dict[str, str] | None, end: str) -> None:
    arn = publish(client, "io.acme.Pump")
    more = {"tags": tags} if tags else {}
    status, code, error = refused(client.create_component_version, inlineRecipe=recipe("io.acme.Pump"), **more)
    assert (status, code) == (409, "ConflictException")
    already = "Component [io.acme.Pump : 1.0.0] for account [111122223333] already exists "
    assert (error["message"], error["resourceId"]) == (already + end, arn)


def test_what_is_no_document_is_denied(client: Any) -> None:
    status, code, error = refused(client.create_component_version, inlineRecipe=b'{"ComponentName": ')
    assert (status, code) == (403, "AccessDeniedException")
    denied = "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: null"
    assert error["message"] == denied


def test_what_is_no_recipe_is_told(client: Any) -> None:
    text = recipe("io.acme.Pump").replace(b"ComponentVersion", b"Version")
    status, code, error = refused(client.create_component_version, inlineRecipe=text)
    assert (status, code) == (400, "ValidationException")
    assert "ComponentVersion" in error["message"]


@pytest.mark.parametrize("version", ["01.0.0", "1.0.00", "1.0.0.0", "1.0.0-", "1.0.0-a.01"])
def test_a_version_is_a_semantic_one(client: Any, version: str) -> None:
    """Though devices read others."""
    status, code, error = refused(client.create_component_version, inlineRecipe=recipe("io.acme.Pump", version))
    assert (status, code) == (400, "ValidationException")
    assert f'ComponentVersion: "{version}" is not a semantic version; give major.minor.patch' in error["message"]
    publish(client, "io.acme.Pump", "1.0.0-a.0+01")


def test_a_recipe_has_a_limit(client: Any) -> None:
    text = recipe("io.acme.Pump") + b" " * 16_000
    assert refused(client.create_component_version, inlineRecipe=text)[:2] == (400, "ValidationException")


def test_a_recipe_or_a_function(client: Any) -> None:
    _, code, error = refused(client.create_component_version)
    assert code == "ValidationException"
    assert error["message"] == "Exactly one of inlineRecipe or lambdaFunction must be specified"
    assert error["fields"][0]["name"] == "inlineRecipe"


def test_a_component_has_5000_versions(tmp_path: Path) -> None:
    with Emulator(store=tmp_path / "cloud.db") as emulator:
        client = client_of(emulator)
        publish(client, "io.acme.Pump")
        # by SQL, since publishing them takes its time
        with contextlib.closing(sqlite3.connect(tmp_path / "cloud.db")) as db, db:
            known = [row[1] for row in db.execute("PRAGMA table_info (component_version)")]
            columns = ", ".join(column for column in known if column != "version")
            db.execute(
                f"""WITH RECURSIVE number (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number WHERE n < 4998)
                    INSERT INTO component_version (version, {columns})
                    SELECT '2.0.' || n, {columns} FROM number JOIN component_version ON name = 'io.acme.Pump'"""
            )
        publish(client, "io.acme.Pump", "3.0.0")
        text = recipe("io.acme.Pump", "3.0.1")
        status, code, error = refused(client.create_component_version, inlineRecipe=text)
        assert (status, code, error["quotaCode"]) == (402, "ServiceQuotaExceededException", "L-FC3754BD")
        publish(client, "io.acme.Valve")

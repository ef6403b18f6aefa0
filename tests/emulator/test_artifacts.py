"""Artifacts of the local cloud: digests, presigned URLs, and the bytes that these serve."""

from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.artifacts import artifacts, digest, fetched, url_of
from support.local_cloud import client_of, publish, recipe, refused, send

CONSOLE = "arn:aws:greengrass:eu-west-1:aws:components:aws.greengrass.LocalDebugConsole:versions:2.2.7"


def test_every_public_artifact_has_its_digest(emulator: Emulator, client: Any) -> None:
    pages = client.get_paginator("list_components").paginate(scope="PUBLIC")
    found = [component["latestVersion"]["arn"] for page in pages for component in page["components"]]
    assert len(found) > 20
    contents = set()
    for arn in found:
        for artifact in artifacts(client, arn):
            status, content = fetched(url_of(client, arn, artifact["Uri"]))
            assert (status, digest(content)) == (200, artifact["Digest"])
            assert artifact["Uri"].startswith(f"greengrass:{artifact['Digest']}/")
            contents.add(content)
    assert len(contents) == len(found)


def test_what_was_put_is_served(emulator: Emulator, client: Any) -> None:
    uri = artifacts(client, CONSOLE)[0]["Uri"]
    before = url_of(client, CONSOLE, uri)
    emulator.put_artifact(uri, b"\x00\xffPK", component_arn=CONSOLE)
    assert artifacts(client, CONSOLE)[0]["Digest"] == digest(b"\x00\xffPK")
    for url in (before, url_of(client, CONSOLE, uri)):
        assert fetched(url) == (200, b"\x00\xffPK")
    with pytest.raises(ValueError, match="give its component_arn"):
        emulator.put_artifact(uri, b"")


def test_a_url_is_good_as_it_is_only(emulator: Emulator, client: Any) -> None:
    url = url_of(client, CONSOLE, artifacts(client, CONSOLE)[0]["Uri"])
    assert url.startswith(emulator.endpoint_url)
    wrong = [url[:-1] + ("0" if url[-1] != "0" else "1"), url.replace("2.2.7", "2.2.8"), url.replace("=3600", "=7200")]
    for tampered in wrong:
        status, body = fetched(tampered)
        assert (status, b"<Code>SignatureDoesNotMatch</Code>" in body) == (403, True)
    assert fetched(url, "HEAD")[0] == 403
    status, body = fetched(url.partition("?")[0])
    assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)
    with Emulator() as other:
        assert fetched(url.replace(emulator.endpoint_url, other.endpoint_url))[0] == 403


def test_a_part_of_an_artifact_can_be_had(emulator: Emulator, client: Any) -> None:
    uri = artifacts(client, CONSOLE)[0]["Uri"]
    emulator.put_artifact(uri, b"0123456789", component_arn=CONSOLE)
    path = url_of(client, CONSOLE, uri).removeprefix(emulator.endpoint_url)
    for asked, status, told, content in [
        ("bytes=0-3", 206, "bytes 0-3/10", b"0123"),
        ("bytes=7-", 206, "bytes 7-9/10", b"789"),
        ("bytes=-2", 206, "bytes 8-9/10", b"89"),
        ("bytes=0-99", 206, "bytes 0-9/10", b"0123456789"),
        ("bytes=0-1,4-5", 200, None, b"0123456789"),
        ("bytes=4-2", 200, None, b"0123456789"),
    ]:
        answer = send(emulator, "GET", path, Range=asked)
        assert (answer[0], answer[1]["Content-Range"], answer[2]) == (status, told, content), asked
        assert answer[1]["Accept-Ranges"] == "bytes"
    status, headers, body = send(emulator, "GET", path, Range="bytes=10-")
    assert (status, headers["Content-Range"], b"<Code>InvalidRange</Code>" in body) == (416, "bytes */10", True)
    # what it was is not known here, so it may have changed
    assert send(emulator, "GET", path, b"", **{"Range": "bytes=0-3", "If-Range": '"abc"'})[0] == 200


def test_an_artifact_in_s3_has_no_url(emulator: Emulator, client: Any) -> None:
    arn = publish(client, "io.acme.Pump")
    (artifact,) = artifacts(client, arn)
    for name in ("s3://acme/artifact.py", "//acme/artifact.py", "acme/artifact.py"):
        status, code, error = refused(client.get_component_version_artifact, arn=arn, artifactName=name)
        assert (status, code, error["resourceType"]) == (404, "ResourceNotFoundException", "artifact")
    emulator.put_artifact("s3://acme/artifact.py", b"print()")
    assert artifact["Digest"] != artifacts(client, arn)[0]["Digest"] == digest(b"print()")


def test_an_unknown_version_has_no_artifacts(client: Any) -> None:
    status, code, error = refused(client.get_component_version_artifact, arn=CONSOLE + "9", artifactName="a")
    assert (status, code) == (404, "ResourceNotFoundException")
    assert error["message"] == "Public component (aws.greengrass.LocalDebugConsole:2.2.79) does not exist"


def test_artifacts_in_s3_may_have_to_exist() -> None:
    with Emulator(validate_artifacts=True) as emulator:
        client = client_of(emulator)
        status, code, error = refused(client.create_component_version, inlineRecipe=recipe("a"))
        assert (status, code) == (400, "ValidationException")
        assert error["message"] == (
            "Invalid Input: Encountered following errors in Artifacts: "
            "{s3://acme/artifact.py = Specified artifact resource cannot be accessed}"
        )
        emulator.put_artifact("s3://acme/artifact.py", b"")
        publish(client, "a")


def test_what_was_put_is_kept_in_the_file(tmp_path: Any) -> None:
    for _ in range(2):
        with Emulator(store=tmp_path / "cloud.db", validate_artifacts=True) as emulator:
            if not emulator.client().list_components()["components"]:
                emulator.put_artifact("s3://acme/artifact.py", b"print()")
                publish(client_of(emulator), "a")
            (component,) = emulator.client().list_components()["components"]
            (artifact,) = artifacts(client_of(emulator), component["latestVersion"]["arn"])
            assert artifact["Digest"] == digest(b"print()")

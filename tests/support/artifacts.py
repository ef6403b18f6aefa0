"""Artifacts as devices fetch them: from a recipe to a URL to bytes."""

import base64
import hashlib
import json
import urllib.error
import urllib.request
from typing import Any


def artifacts(client: Any, arn: str) -> list[dict[str, Any]]:
    manifests = json.loads(client.get_component(arn=arn)["recipe"])["Manifests"]
    return [artifact for manifest in manifests for artifact in manifest["Artifacts"]]


def fetched(url: str, method: str = "GET") -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def url_of(client: Any, arn: str, uri: str) -> str:
    name = uri.removeprefix("greengrass:")
    return str(client.get_component_version_artifact(arn=arn, artifactName=name)["preSignedUrl"])


def digest(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()

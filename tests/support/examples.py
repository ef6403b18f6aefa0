"""Recorded requests and answers of the service, replayed against a local cloud.

`tests/vectors/service_examples.json` holds them; its head says what its fields are. An answer must be the recorded one,
member by member, after these rules, which are all that may differ:

- a member of `null` says the same as none, and white space is no matter;
- a time is any time, told in the recorded form;
- an id that the service chose is the one that the local cloud chose for the same thing (`Replay.ids`);
- a `nextToken` is any token where one is recorded, and none where none is;
- rows come in any order where the service tells none (`UNORDERED`);
- a recipe is compared as the JSON in it, where the digests of artifacts are any;
- what the example itself calls volatile is compared by its type.
"""

import base64
import json
import re
import urllib.parse
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore.auth
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fleetgrass.emulator import Emulator
from support.local_cloud import send

FILE = Path(__file__).parents[1] / "vectors" / "service_examples.json"
EXAMPLES: dict[str, dict[str, Any]] = {example["id"]: example for example in json.loads(FILE.read_text())["examples"]}

#: Whose order is nobody's to rely on.
UNORDERED = {"coreDevices"}

ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Replay:
    """One local cloud that examples are sent to."""

    def __init__(self, emulator: Emulator, store: Path | None) -> None:
        self.emulator = emulator
        self.store = store
        keys = emulator.credentials
        #: Who signs.
        self.credentials = Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"])
        #: How far the clock of who signs is ahead.
        self.clock = timedelta()
        #: By recorded text, what stands for it here.
        self.ids: dict[str, str] = {}

    def send(self, id: str, signed: bool = True) -> tuple[int, Any, Any]:
        """Status, headers and parsed body of the answer to the request of an example; learns ids from it."""
        asked = EXAMPLES[id]["request"]
        path = self.translated(asked["path"])
        if asked["query"]:
            path += "?" + urllib.parse.urlencode([tuple(pair) for pair in asked["query"]], quote_via=urllib.parse.quote)
        body = b"" if asked["body"] is None else self.translated(json.dumps(asked["body"])).encode()
        headers = self.signed(asked["method"], path, body, asked["headers"]) if signed else asked["headers"]
        status, headers, answer = send(self.emulator, asked["method"], path, body, **headers)
        found = json.loads(answer) if answer else None
        self.learn(body_of(EXAMPLES[id]), found)
        return status, headers, found

    def signed(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        request = AWSRequest(method, self.emulator.endpoint_url + path, headers, body)
        signer = SigV4Auth(self.credentials, "greengrass", self.emulator.region_name)
        told = datetime.now(timezone.utc).replace(tzinfo=None) + self.clock
        with patch.object(botocore.auth, "get_current_datetime", lambda: told):
            signer.add_auth(request)
        return dict(request.headers.items())

    def learn(self, recorded: Any, found: Any) -> None:
        """What the service chose, where it chose: in the answer to a creation."""
        if isinstance(recorded, dict) and isinstance(found, dict):
            for name in ("deploymentId", "iotJobId"):
                if recorded.get(name) and name in found:
                    self.ids.setdefault(recorded[name], found[name])

    def translated(self, text: str) -> str:
        for recorded, ours in self.ids.items():
            text = text.replace(recorded, ours)
        return text

    def check(self, id: str, signed: bool = True) -> None:
        """Sends the request of an example, and compares the answer by the rules of this module."""
        example = EXAMPLES[id]
        status, headers, found = self.send(id, signed)
        recorded = example["response"]
        assert status == recorded["status"], found
        assert headers.get("x-amzn-ErrorType") == recorded["headers"].get("x-amzn-ErrorType")
        assert headers.get("Content-Type") == recorded["headers"].get("Content-Type")
        assert ("Retry-After" in headers) == ("Retry-After" in recorded["headers"])
        expected = json.loads(self.translated(json.dumps(body_of(example))))
        volatile = set(example["volatile"])
        assert plain(found, volatile) == plain(expected, volatile)


def body_of(example: dict[str, Any]) -> Any:
    text = example["response"]["body"]
    return json.loads(text) if text else None


def plain(node: Any, volatile: set[str], path: str = "") -> Any:
    """`node` with what may differ replaced by what it is."""
    name = path.rpartition(".")[2]
    if name == "recipe" and isinstance(node, str):
        return plain(json.loads(base64.b64decode(node)), set(), "")
    if path in volatile or name in {"nextToken", "Digest"}:
        return type(node).__name__
    if name.endswith("Timestamp") and isinstance(node, (int, float)):
        return "a time"
    if name.endswith("edAt") and isinstance(node, str) and ISO_TIME.fullmatch(node):
        return "a time"
    if isinstance(node, dict):
        dotted = f"{path}." if path else ""
        return {key: plain(value, volatile, dotted + key) for key, value in node.items() if value is not None}
    if isinstance(node, list):
        rows = [plain(item, volatile, f"{path}.{at}") for at, item in enumerate(node)]
        return sorted(rows, key=json.dumps) if name in UNORDERED else rows
    return node

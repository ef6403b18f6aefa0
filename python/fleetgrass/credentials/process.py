"""A program that prints credentials as JSON: `credential_process` of a profile."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from fleetgrass.credentials import Credentials, refuse
from fleetgrass.credentials.answers import check_keys, loads
from fleetgrass.credentials.refreshable import RefreshableCredentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fleetgrass.credentials import Search

METHOD = "custom-process"
FEATURES = ("v", "w")
MEMBERS = {"access_key": "AccessKeyId", "secret_key": "SecretAccessKey", "token": "SessionToken"}

#: What may be a secret in what a program says when it fails: a long word, or whatever follows a telling one.
SECRET = re.compile(r"(?i)((?:secret|token|password|passwd|pwd|key)\w*[\"']?\s*[=:]\s*[\"']?)\S+|[\w+/=.~-]{20,}")


def load(search: Search) -> Credentials:
    command = search.profile["credential_process"]
    account_id = search.profile.get("aws_account_id")

    def ask() -> dict[str, Any]:
        return _ask(command, account_id)

    found = ask()
    if found["expiry_time"] is not None:
        return RefreshableCredentials(ask, METHOD, found, FEATURES)
    del found["expiry_time"]
    stays = Credentials(**found, method=METHOD)
    stays.features = FEATURES
    return stays


def _ask(command: str, account_id: str | None) -> dict[str, Any]:
    words: Any = command if sys.platform == "win32" else shlex.split(command)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        try:
            told, complaint = child.communicate()
        except BaseException:
            # A Ctrl-C, after which nobody else would wait for its end.
            child.kill()
            child.wait()
            raise
    if child.returncode != 0:
        refuse(METHOD, without_secrets(complaint.decode("utf-8", "replace")))
    try:
        printed = loads(told)
    except ValueError:
        printed = None
    if not isinstance(printed, dict):
        # Not what it printed, which may be keys.
        refuse(METHOD, "the process printed no JSON object")
    version = printed.get("Version", "<Version key not provided>")
    if version != 1:
        refuse(METHOD, f"Unsupported version '{version}' for credential process provider, supported versions: 1")
    for name in ("AccessKeyId", "SecretAccessKey"):
        if name not in printed:
            refuse(METHOD, f"Missing required key in response: {name!r}")
    found = {
        "access_key": printed["AccessKeyId"],
        "secret_key": printed["SecretAccessKey"],
        "token": printed.get("SessionToken"),
        "expiry_time": printed.get("Expiration"),
        "account_id": printed.get("AccountId") or account_id,
    }
    check_keys(METHOD, found, MEMBERS)
    return found


def without_secrets(text: str) -> str:
    """The words of a program without those that look like a secret. Paths and addresses stay."""
    return SECRET.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    before, whole = found[1], found[0]
    # A path from a root, of short names. A secret key may have slashes too, but always forty characters.
    if before is None and len(whole) != 40 and re.fullmatch(r"(?:\.{0,2}|~)(?:/[\w.~-]{0,19})+", whole):
        return whole
    return f"{before or ''}***"

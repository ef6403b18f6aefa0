"""A program that prints credentials as JSON: `credential_process` of a profile.

What it says on its standard error is read by nobody: no rule tells which of its words are secrets.
"""

from __future__ import annotations

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

#: Seconds for which Python may hold up a Ctrl-C that comes while a child ends.
BEAT = 0.05


def load(search: Search) -> Credentials:
    command = search.profile["credential_process"]
    account_id = search.profile.get("aws_account_id")

    def ask() -> dict[str, Any]:
        return _found(_printed(command, search.name), account_id)

    found = ask()
    if found["expiry_time"] is not None:
        return RefreshableCredentials(ask, METHOD, found, FEATURES)
    del found["expiry_time"]
    stays = Credentials(**found, method=METHOD)
    stays.features = FEATURES
    return stays


def _printed(command: str, profile: str) -> bytes:
    words: Any = command if sys.platform == "win32" else shlex.split(command)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        try:
            told = child.stdout.read()
            while not _has_ended(child):
                pass
        except BaseException:
            # A Ctrl-C, after which nobody else would wait for its end.
            child.kill()
            child.wait()
            raise
    if status := child.returncode:
        program = words[0] if isinstance(words, list) else shlex.split(words, posix=False)[0]
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        problem = f"{program} {how}; what it said is not shown, since it may hold secrets"
        refuse(METHOD, f'{problem}: run the credential_process of profile "{profile}" by hand to see it')
    return told


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether it does before a beat is over. `wait()` alone would hold up a Ctrl-C for a quarter of a second."""
    try:
        child.wait(BEAT)
    except subprocess.TimeoutExpired:
        return False
    return True


def _found(told: bytes, account_id: str | None) -> dict[str, Any]:
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

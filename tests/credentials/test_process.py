"""Programs that print credentials, run by botocore and by us."""

import json
import logging
import sys

import boto3
import pytest

import fleetgrass
from fleetgrass.credentials import process
from support.sources import Place

GOOD = {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s"}


def _prints(place: Place, text: str, ends: str = "") -> None:
    place.write("printed", text)
    program = place.write("program.py", f"import sys\nprint(open(r'HOME/printed').read())\n{ends}\n")
    place.write("config", f"[profile p]\ncredential_process = '{sys.executable}' '{program}'\n")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"SessionToken": "t"},
        {"SessionToken": "t", "AccountId": "1"},
        {"SessionToken": None, "AccountId": None},
        {"AccountId": 123456789012},
        {"Expiration": "2036-11-24T01:00:00Z", "SessionToken": "t"},
        {"Expiration": "2036-11-24T01:00:00+02:00"},
        {"Expiration": None},
        {"Expiration": "2001-01-01T00:00:00Z", "SessionToken": "t"},
        {"Version": 2},
        {"Version": "1"},
        {"Version": None},
    ],
)
def test_what_a_process_prints(place: Place, changes: dict[str, object]) -> None:
    _prints(place, json.dumps({**GOOD, **changes}))
    told = place.compare(profile_name="p")
    if "Version" in changes:
        assert told.ended == "client"
    else:
        assert told.ended == ("call" if str(changes.get("Expiration")).startswith("2001") else "answered")


@pytest.mark.parametrize("printed", ["[" * 100_000, json.dumps({**GOOD, "Expiration": "soon"})], ids=["deep", "soon"])
def test_prints_that_cannot_be_used(place: Place, ledger, printed: str) -> None:
    ledger.use("leaked-credential-errors")
    _prints(place, printed)
    told = place.ask(fleetgrass, [], {"profile_name": "p"})
    assert (told.ended, type(told.error).__name__) == ("client", "CredentialRetrievalError")


@pytest.mark.parametrize("name", ["AccessKeyId", "SecretAccessKey", "SessionToken"])
@pytest.mark.parametrize("value", [1, ["planted"], "planted\ud800", None])
def test_members_that_are_no_text(place: Place, ledger, name: str, value: object) -> None:
    if (name, value) == ("SessionToken", None):
        return
    ledger.use("leaked-credential-errors")
    _prints(place, json.dumps({**GOOD, name: value}))
    told = place.ask(fleetgrass, [], {"profile_name": "p"})
    assert (told.ended, type(told.error).__name__) == ("client", "CredentialRetrievalError")
    assert repr(name) in str(told.error)
    assert "planted" not in str(told.error)


@pytest.mark.parametrize("missing", GOOD)
def test_members_that_are_missing(place: Place, missing: str) -> None:
    _prints(place, json.dumps({name: value for name, value in GOOD.items() if name != missing}))
    assert place.compare(profile_name="p").ended == "client"


@pytest.mark.parametrize(
    ("ends", "how"), [("sys.exit(3)", "ended with status 3"), ("os.kill(os.getpid(), 9)", "was ended by signal 9")]
)
def test_a_process_that_fails(place: Place, ledger, ends: str, how: str) -> None:
    ledger.use("credential-process-secrets")
    _prints(place, "", f"import os; sys.stderr.write('not signed in'); sys.stderr.flush(); {ends}")
    told = place.compare(
        profile_name="p", text=lambda theirs, ours: "not signed in" in theirs and "not signed" not in ours
    )
    assert str(told.error) == (
        f"Error when retrieving credentials from custom-process: {sys.executable} {how}; what it said is not shown, "
        'since it may hold secrets: run the credential_process of profile "p" by hand to see it'
    )


def test_a_process_that_says_much_before_it_prints(place: Place) -> None:
    _prints(place, json.dumps(GOOD))
    program = place.home / "program.py"
    program.write_text("import sys\nsys.stderr.write('x' * 1_000_000)\n" + program.read_text())
    assert place.compare(profile_name="p").ended == "answered"


def test_a_process_that_goes_on_after_it_closed_its_output(place: Place) -> None:
    _prints(place, json.dumps(GOOD), "import os, time; sys.stdout.flush(); os.close(1)\nfor _ in range(10**6): pass")
    place.patch.setattr(process, "BEAT", 0.0001)
    assert place.compare(profile_name="p").ended == "answered"


def test_a_program_that_is_not_there(place: Place) -> None:
    place.write("config", "[profile p]\ncredential_process = HOME/nowhere\n")
    assert isinstance(place.compare(profile_name="p").error, FileNotFoundError)


@pytest.mark.parametrize(
    "words",
    [
        "SecretAccessKey: hidden",
        'the "token" = "hidden"',
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYhiddenKEY",
        "/JalrXUtnFEMI/K7MDENG/bPxRfiCYhiddenKEY0",
        "password=hidden",
        "token hidden",
        "https://user:hidden@h/x",
        "Bearer hidden",
        "-p hidden",
        "--password hidden",
    ],
)
def test_secrets_of_a_process_stay_in_it(place: Place, ledger, caplog: pytest.LogCaptureFixture, words: str) -> None:
    ledger.use("credential-process-secrets")
    caplog.set_level(logging.DEBUG)
    _prints(place, "", f"sys.stderr.write({words!r} + ' it failed'); sys.exit(3)")
    told = place.ask(fleetgrass, [], {"profile_name": "p"})
    assert isinstance(told.error, fleetgrass.exceptions.CredentialRetrievalError)
    assert "hidden" not in f"{told.error}{vars(told.error)}{caplog.text}"
    for printed in (words, json.dumps([words])):
        _prints(place, printed)
        told = place.ask(fleetgrass, [], {"profile_name": "p"})
        assert type(told.error).__name__ == "CredentialRetrievalError"
        assert "hidden" not in str(told.error)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_read(place: Place, ledger, encoding: str) -> None:
    ledger.use("process-encodings")
    (place.home / "printed").write_bytes(json.dumps(GOOD).encode(encoding))
    place.write("config", "[profile p]\ncredential_process = cat HOME/printed\n")
    theirs, ours = (place.ask(module, [], {"profile_name": "p"}) for module in (boto3, fleetgrass))
    assert isinstance(theirs.error, ValueError)
    assert ours.keys is not None
    assert ours.keys[0] == GOOD["AccessKeyId"]

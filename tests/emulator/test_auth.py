"""Signatures: botocore makes them, requests are changed on their way, and refusals have their codes and texts."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, urlencode

import boto3
import botocore.auth
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings, strategies as st

from fleetgrass.emulator import AccessKey, Emulator
from support.local_cloud import client_of, publish, refused, send

PATH = "/greengrass/v2/coreDevices"
CLI = "arn%3Aaws%3Agreengrass%3Aeu-west-1%3Aaws%3Acomponents%3Aaws.greengrass.Cli"
UNKNOWN = ("UnrecognizedClientException", "The security token included in the request is invalid.")
MISMATCH = (
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details.",
)
LASTING = AccessKey("AKIDLASTING", "lasting", "ops")
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def now() -> datetime:
    return datetime.now(timezone.utc)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Emulator]:
    """An emulator that knows keys of several kinds."""
    keys = [
        LASTING,
        AccessKey("ASIATEMPORARY", "temporary", "visitor", session_token="a/token+=", expires=now() + HOUR),
        AccessKey("ASIAEXPIRED", "expired", session_token="old", expires=now() - HOUR),
        AccessKey("AKIDFOREIGN", "foreign", "stranger", account_id="999988887777"),
    ]
    with Emulator(region_name="eu-west-1", account_id="111122223333", credentials=keys) as running:
        running.register_core_device("pump-1")
        yield running


def signed(
    emulator: Emulator,
    path: str = PATH,
    *key: str | None,
    service: str = "greengrass",
    region: str = "eu-west-1",
    at: timedelta = timedelta(),
    expires: int | None = None,
    **request: Any,
) -> tuple[str, dict[str, str]]:
    """The path and the headers of a request that botocore has signed at this distance from now."""
    made = AWSRequest(**{"method": "GET", "url": emulator.endpoint_url + path, **request})
    credentials = Credentials(*(key or ("AKIDLASTING", "lasting")))
    signer = SigV4Auth(credentials, service, region)
    if expires is not None:
        signer = SigV4QueryAuth(credentials, service, region, expires)
    with patch.object(botocore.auth, "get_current_datetime", lambda: now().replace(tzinfo=None) + at):
        signer.add_auth(made)
    return made.url.removeprefix(emulator.endpoint_url), dict(made.headers.items())


def told(emulator: Emulator, path: str, headers: dict[str, str], method: str = "GET", body: bytes = b"") -> Any:
    """The status of a success; of a refusal, which must be 403, its code and text."""
    status, answer, text = send(emulator, method, path, body, **headers)
    if status < 300:
        return status
    assert status == 403
    assert list(json.loads(text)) == ["message"]
    return answer["x-amzn-ErrorType"], json.loads(text)["message"]


@pytest.mark.parametrize(
    "path",
    [
        PATH,
        f"{PATH}?status=HEALTHY&maxResults=5&empty=&b=%C3%A9%20%2F&a=~",
        f"/greengrass/v2/components/{CLI}/versions",
        f"/greengrass/v2/components/{CLI}%3Aversions%3A2.17.0/metadata",
    ],
)
@pytest.mark.parametrize("expires", [None, 60])
def test_what_botocore_signs_is_taken(guarded: Emulator, path: str, expires: int | None) -> None:
    assert told(guarded, *signed(guarded, path, expires=expires)) == 200
    temporary = ("ASIATEMPORARY", "temporary", "a/token+=")
    assert told(guarded, *signed(guarded, path, *temporary, expires=expires)) == 200


@settings(max_examples=60, deadline=None)
@given(
    query=st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=4),
    extra=st.dictionaries(
        st.sampled_from(["X-One", "X-Two", "Content-Type"]), st.text("ab \t,;=", max_size=9).map(str.strip)
    ),
)
def test_any_query_and_headers(guarded: Emulator, query: dict[str, str], extra: dict[str, str]) -> None:
    for name in ("maxResults", "nextToken", "status", "runtime", "thingGroupArn"):
        query.pop(name, None)
    path = f"{PATH}?{urlencode(query, quote_via=quote, safe='-_.~')}" if query else PATH
    assert told(guarded, *signed(guarded, path, headers=extra)) == 200


def test_bodies_are_signed(guarded: Emulator) -> None:
    target = "/greengrass/v2/deployments"
    body = json.dumps({"targetArn": guarded.thing_group_arn("line-4")}).encode()
    path, headers = signed(guarded, target, method="POST", data=body, headers={"Content-Type": "application/json"})
    assert told(guarded, path, headers, "POST", body) == 201
    assert told(guarded, path, headers, "POST", body.replace(b"line-4", b"line-5")) == MISMATCH


def changed(headers: dict[str, str], name: str, old: str, new: str) -> dict[str, str]:
    assert old in headers[name]
    return {**headers, name: headers[name].replace(old, new)}


def test_a_request_that_is_changed_is_refused(guarded: Emulator) -> None:
    path, headers = signed(guarded, f"{PATH}?maxResults=5", headers={"X-Mark": "a b"})
    assert told(guarded, path, changed(headers, "X-Mark", "a b", " a   b ")) == 200
    for other_path, other in [
        (path.replace("5", "6"), headers),
        (f"{path}&status=HEALTHY", headers),
        (PATH, headers),
        (path.replace("coreDevices", "components"), headers),
        (path, changed(headers, "X-Mark", "a b", "a c")),
        (path, changed(headers, "X-Amz-Date", "Z", "Z ").copy() | {"Host": "elsewhere"}),
        (path, changed(headers, "Authorization", "Signature=", "Signature=0")),
        (path, changed(headers, "Authorization", ";x-mark", "")),
    ]:
        assert told(guarded, other_path, other) == MISMATCH
    assert told(guarded, path, headers, "DELETE")[0] == "MissingAuthenticationTokenException"
    last = headers["Authorization"][-1]
    wrong = headers["Authorization"][:-1] + ("0" if last != "0" else "1")
    assert told(guarded, path, {**headers, "Authorization": wrong}) == MISMATCH


def test_a_presigned_url_that_is_changed_is_refused(guarded: Emulator) -> None:
    path, _ = signed(guarded, f"{PATH}?maxResults=5", expires=60)
    for old, new in [("maxResults=5", "maxResults=6"), ("Expires=60", "Expires=61"), ("coreDevices", "components")]:
        assert old in path
        assert told(guarded, path.replace(old, new), {}) == MISMATCH
    assert told(guarded, path, {}, "POST")[0] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    "key", [("AKIDNOBODY", "lasting"), ("ASIATEMPORARY", "temporary"), ("AKIDLASTING", "lasting", "t")]
)
@pytest.mark.parametrize("expires", [None, 60])
def test_keys_and_tokens_that_nobody_knows(guarded: Emulator, key: tuple[str, ...], expires: int | None) -> None:
    assert told(guarded, *signed(guarded, PATH, *key, expires=expires)) == UNKNOWN


@pytest.mark.parametrize("expires", [None, 60])
def test_a_session_ends(guarded: Emulator, expires: int | None) -> None:
    expected = ("ExpiredTokenException", "The security token included in the request is expired")
    assert told(guarded, *signed(guarded, PATH, "ASIAEXPIRED", "expired", "old", expires=expires)) == expected
    assert told(guarded, *signed(guarded, PATH, "ASIAEXPIRED", "wrong", "old", expires=expires)) == MISMATCH
    assert told(guarded, *signed(guarded, PATH, "ASIAEXPIRED", "expired", "new", expires=expires)) == UNKNOWN


STAMP = r"(\d{8}T\d{6}Z)"


def stamps(pattern: str, text: str) -> list[datetime]:
    found = re.fullmatch(pattern.replace("<t>", STAMP), text)
    assert found, text
    return [datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc) for stamp in found.groups()]


@pytest.mark.parametrize(
    ("at", "expires", "life", "span"),
    [
        (timedelta(minutes=-6), None, timedelta(minutes=5), "5 min."),
        (-HOUR, 60, timedelta(minutes=1), "60 sec."),
        (-HOUR, 1800, timedelta(minutes=30), "1800 sec."),
    ],
)
def test_signatures_expire(guarded: Emulator, at: timedelta, expires: int | None, life: timedelta, span: str) -> None:
    before = now()
    code, text = told(guarded, *signed(guarded, at=at, expires=expires))
    assert code == "InvalidSignatureException"
    time, oldest, seen = stamps(rf"Signature expired: <t> is now earlier than <t> \(<t> - {re.escape(span)}\)", text)
    assert seen - oldest == life
    assert before - SECOND <= seen <= now()
    assert abs(time - (before + at)) < 60 * SECOND


def test_a_signature_of_the_future(guarded: Emulator) -> None:
    code, text = told(guarded, *signed(guarded, at=timedelta(minutes=6)))
    assert code == "InvalidSignatureException"
    time, latest, seen = stamps(r"Signature not yet current: <t> is still later than <t> \(<t> \+ 5 min\.\)", text)
    assert (latest - seen, time > latest) == (timedelta(minutes=5), True)


@pytest.mark.parametrize("at", [timedelta(minutes=-4), timedelta(minutes=4)])
def test_clocks_may_differ_a_little(guarded: Emulator, at: timedelta) -> None:
    assert told(guarded, *signed(guarded, at=at)) == 200
    assert told(guarded, *signed(guarded, at=at, expires=300)) == 200


def test_a_presigned_url_holds_as_long_as_it_says(guarded: Emulator) -> None:
    assert told(guarded, *signed(guarded, at=-HOUR, expires=3700)) == 200
    code, text = told(guarded, *signed(guarded, expires=7 * 86400 + 1))
    assert (code, text) == ("IncompleteSignatureException", "X-Amz-Expires must be at most 604800 seconds.")


def test_the_scope_must_be_ours(guarded: Emulator) -> None:
    region = "Credential should be scoped to a valid region, not 'us-east-1'. "
    service = "Credential should be scoped to correct service: 'greengrass'. "
    for scope, expected in [
        ({"region": "us-east-1"}, region),
        ({"service": "iot"}, service),
        ({"region": "us-east-1", "service": "iot"}, region + service),
    ]:
        for expires in (None, 60):
            found = told(guarded, *signed(guarded, **scope, expires=expires))
            assert found == ("InvalidSignatureException", expected)
    path, headers = signed(guarded)
    _, text = told(guarded, path, changed(headers, "Authorization", "aws4_request", "aws5"))
    assert text == "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'. "
    date = headers["X-Amz-Date"][:8]
    _, text = told(guarded, path, changed(headers, "Authorization", f"/{date}/", "/20200101/"))
    assert text.startswith(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20200101'"
    )


def test_a_header_that_lacks_parts(guarded: Emulator) -> None:
    path, headers = signed(guarded)
    whole = headers["Authorization"]
    requires = "Authorization header requires '{}' parameter. "
    for value, missing in [
        (whole.replace("Credential=", "Credentials="), ["Credential"]),
        (whole.replace("SignedHeaders=host;x-amz-date, ", ""), ["SignedHeaders"]),
        (whole.partition(", Signature")[0], ["Signature"]),
        ("AWS4", ["Credential", "Signature", "SignedHeaders"]),
        ("Bearer abc", ["Credential", "Signature", "SignedHeaders"]),
        (whole.replace("SHA256", "SHA1"), ["Credential", "Signature", "SignedHeaders"]),
    ]:
        expected = "".join(requires.format(name) for name in missing) + f"Authorization={value}"
        found = told(guarded, path, {**headers, "Authorization": value})
        assert found == ("IncompleteSignatureException", expected)
    code, text = told(guarded, path, {"Authorization": whole})
    assert code == "IncompleteSignatureException"
    assert text.startswith("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
    code, text = told(guarded, path, {**headers, "X-Amz-Date": "yesterday"})
    assert (code, text) == ("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'. Got 'yesterday'.")
    code, text = told(guarded, path, changed(headers, "Authorization", "/aws4_request", ""))
    assert code == "IncompleteSignatureException"
    assert text.startswith("Credential must have exactly 5 slash-delimited elements")


def test_a_query_that_lacks_parts(guarded: Emulator) -> None:
    path, _ = signed(guarded, expires=60)
    for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders"):
        code, text = told(guarded, path.replace(f"X-Amz-{name}=", "x="), {})
        assert code == "IncompleteSignatureException"
        rest = "Re-examine the query-string parameters."
        assert text == f"AWS query-string parameters must include 'X-Amz-{name}'. {rest}"
    code, text = told(guarded, path.replace("Expires=60", "Expires=soon"), {})
    assert (code, text) == ("IncompleteSignatureException", "X-Amz-Expires must be a number of seconds, not 'soon'.")


def test_host_and_date_must_be_signed(guarded: Emulator) -> None:
    for name in ("host", "x-amz-date"):
        path, headers = signed(guarded)
        kept = {"host": "x-amz-date", "x-amz-date": "host"}[name]
        headers = changed(headers, "Authorization", "SignedHeaders=host;x-amz-date", f"SignedHeaders={kept}")
        expected = f"'{name}' must be a 'SignedHeader' in the AWS Authorization."
        assert told(guarded, path, headers) == ("InvalidSignatureException", expected)


def test_a_date_header_may_tell_the_time(guarded: Emulator) -> None:
    path, headers = signed(guarded, headers={"Date": "is replaced"})
    assert "X-Amz-Date" not in headers
    assert told(guarded, path, headers) == 200
    assert told(guarded, path, changed(headers, "Date", "-0000", "UTC"))[0] == "IncompleteSignatureException"


def test_what_is_checked_first_is_told(guarded: Emulator) -> None:
    """Parts, date, scope, key, signature, token: of several things that are wrong, the first is told."""
    key = ("AKIDNOBODY", "x", "y")
    path, headers = signed(guarded, PATH, *key, region="us-east-1", at=-HOUR)
    assert "parameter" in told(guarded, path, changed(headers, "Authorization", "Signature=", "x="))[1]
    assert told(guarded, path, headers)[1].startswith("Signature expired")
    path, headers = signed(guarded, PATH, *key, region="us-east-1")
    assert told(guarded, path, headers)[1].startswith("Credential should be scoped")
    assert told(guarded, *signed(guarded, PATH, *key)) == UNKNOWN
    assert told(guarded, *signed(guarded, PATH, "ASIAEXPIRED", "wrong", "wrong")) == MISMATCH
    # an unknown path is told before all of them
    assert told(guarded, "/greengrass/v3", headers)[1] == "Missing Authentication Token"


def test_the_user_is_named_in_refusals(guarded: Emulator) -> None:
    for key in (LASTING, AccessKey("ASIATEMPORARY", "temporary", "visitor", session_token="a/token+=")):
        client = boto3.client(
            "greengrassv2",
            endpoint_url=guarded.endpoint_url,
            region_name=guarded.region_name,
            **key.credentials,
        )
        status, code, error = refused(client.create_component_version, inlineRecipe=b"no recipe")
        assert (status, code) == (403, "AccessDeniedException")
        user = f"arn:aws:iam::111122223333:user/{key.user_name}"
        assert error["Error"]["Message"] == f"User: {user} is not authorized to perform: null"


def test_another_account_is_allowed_nothing(guarded: Emulator) -> None:
    expected = (
        "User: arn:aws:iam::999988887777:user/stranger is not authorized to perform: greengrass:ListCoreDevices "
        "because this local cloud is of account 111122223333"
    )
    assert told(guarded, *signed(guarded, PATH, "AKIDFOREIGN", "foreign")) == ("AccessDeniedException", expected)
    assert told(guarded, *signed(guarded, PATH, "AKIDFOREIGN", "wrong")) == MISMATCH


def allowed(emulator: Emulator, key: AccessKey, service: str = "greengrassv2") -> Any:
    place = {"endpoint_url": emulator.endpoint_url, "region_name": emulator.region_name}
    return boto3.client(service, **place, **key.credentials)


def test_a_user_may_do_what_the_key_says() -> None:
    reader = AccessKey(
        "AKIDREADER", "reader", "reader", actions=["greengrass:List*", "greengrass:Get?o*", "iot:*Thing"]
    )
    nobody = AccessKey("AKIDNOBODY", "nobody", "nobody", actions=[])
    with Emulator(
        region_name="eu-west-1", account_id="111122223333", credentials=[LASTING, reader, nobody]
    ) as emulator:
        emulator.register_core_device("pump-1")
        client = allowed(emulator, reader)
        assert client.list_core_devices()["coreDevices"]
        assert client.get_core_device(coreDeviceThingName="pump-1")
        status, code, error = refused(client.delete_core_device, coreDeviceThingName="pump-1")
        assert (status, code) == (403, "AccessDeniedException")
        assert error["Error"]["Message"] == (
            "User: arn:aws:iam::111122223333:user/reader is not authorized to perform: greengrass:DeleteCoreDevice "
            "on resource: arn:aws:greengrass:eu-west-1:111122223333:coreDevices:pump-1 "
            "because no identity-based policy allows the greengrass:DeleteCoreDevice action"
        )
        # what is not allowed is told before what is wrong with the request
        status, code, error = refused(client.create_deployment, targetArn=emulator.thing_arn("x"), tags={"aws:": ""})
        assert (status, code) == (403, "AccessDeniedException")
        assert "greengrass:CreateDeployment on resource: * because" in error["Error"]["Message"]
        registry = allowed(emulator, reader, "iot")
        assert registry.describe_thing(thingName="pump-1")["thingName"] == "pump-1"
        status, code, error = refused(registry.describe_thing_group, thingGroupName="line-4")
        assert "iot:DescribeThingGroup on resource: arn:aws:iot:eu-west-1:111122223333:thinggroup/line-4" in str(error)
        assert refused(allowed(emulator, nobody).list_core_devices)[:2] == (403, "AccessDeniedException")
        allowed(emulator, LASTING).delete_core_device(coreDeviceThingName="pump-1")


def test_permissions_hold_where_signatures_go_unchecked() -> None:
    reader = AccessKey("AKIDREADER", "reader", "reader", actions=["greengrass:List*"])
    with Emulator(credentials=[reader], check_signatures=False) as emulator:
        assert told(emulator, PATH, {"Authorization": "x"}) == 200
        assert told(emulator, f"{PATH}/x", {"Authorization": "x"})[0] == "AccessDeniedException"


def test_both_clients_sign_what_it_takes(guarded: Emulator) -> None:
    arn = publish(client_of(guarded), "io.acme.Signed")
    for client in (guarded.client(), client_of(guarded)):
        assert client.describe_component(arn=arn)["componentName"] == "io.acme.Signed"
        assert client.tag_resource(resourceArn=arn, tags={"a b": "ü"})
        client.untag_resource(resourceArn=arn, tagKeys=["a b", "c/d", "é"])
        url = client.generate_presigned_url("describe_component", Params={"arn": arn})
        assert send(guarded, "GET", url.removeprefix(guarded.endpoint_url))[0] == 200
    wrong = guarded.client(aws_secret_access_key="wrong", aws_access_key_id="AKIDLASTING")
    status, code, _ = refused(wrong.list_core_devices)
    assert (status, code) == (403, MISMATCH[0])


def test_signatures_may_go_unchecked() -> None:
    with Emulator(check_signatures=False) as emulator:
        assert told(emulator, PATH, {"Authorization": "x"}) == 200
        assert told(emulator, f"{PATH}?X-Amz-Signature=x", {}) == 200
        assert told(emulator, PATH, {}) == ("MissingAuthenticationTokenException", "Missing Authentication Token")


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ([], "at least one key"),
        ([LASTING, LASTING], "'AKIDLASTING'|\"AKIDLASTING\" is given twice"),
        ([AccessKey("a/b", "c")], 'access_key "a/b" is not one'),
        ([AccessKey("a", "")], "must not be empty"),
        ([AccessKey("a", "b", account_id="1")], 'account_id "1" of "a"'),
        ([AccessKey("a", "b", actions="greengrass:*")], "actions of 'a' is 'greengrass:\\*': give a list"),
        (
            [AccessKey("a", "b", actions=["greengrass:GetCoreDevise"])],
            'actions of access_key "a": action "greengrass:GetCoreDevise" covers nothing here',
        ),
        ([AccessKey("a", "b", expires=datetime(2026, 1, 1))], "'a' has no time zone"),
    ],
)
def test_keys_that_are_none(keys: list[AccessKey], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Emulator(credentials=keys)


def test_a_key_shows_no_secret() -> None:
    key = AccessKey("AKID", "very secret", session_token="secret too")
    assert "secret" not in repr(key).replace("secret_key", "")

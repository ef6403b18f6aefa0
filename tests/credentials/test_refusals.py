"""What the services that give credentials refuse with: the whole `response`, beside botocore's."""

import json
from random import Random

import botocore.session
import pytest
from botocore.exceptions import ClientError

from fleetgrass.credentials import errors
from support.cases import CASES, SEED
from support.services import OPERATIONS, Pair, model, without_waits

MEMBERS = ("message", "Message", "error", "error_description", "reason", "endpoint", "region", "code", "Code", "__type")
STATUSES = (301, 400, 401, 403, 404, 429, 500, 503)


@pytest.mark.parametrize("service", errors.MODELLED)
def test_errors_are_those_that_the_services_model(service: str) -> None:
    shapes = botocore.session.get_session().get_service_model(service).error_shapes
    theirs = {shape.error_code: (shape.name, tuple(shape.members)) for shape in shapes}
    assert errors.MODELLED[service] == theirs


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name.startswith("Create") or name[0] == "G"])
def test_refusals_in_json(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    without_waits(monkeypatch)
    pair, random = Pair(monkeypatch, operation), Random(f"{SEED}/refusals/{operation}")
    names = [shape.error_code for shape in model(operation).service_model.error_shapes]
    codes = [*names, *(f"aws#{name}:http://x" for name in names), "Odd", "", "#", ":"]
    found, modelled = [], 0
    for _ in range(CASES):
        body = {name: random.choice(["a", "", None, "b c"]) for name in random.sample(MEMBERS, random.randrange(6))}
        for name in ("code", "Code", "__type"):
            if name in body:
                body[name] = random.choice(codes)
        headers = {"x-amzn-errortype": random.choice(codes)} if random.random() < 0.6 else {}
        if random.random() < 0.5:
            headers["x-amzn-requestid"] = "r"
        content = random.choice([json.dumps(body).encode()] * 12 + [b"", b"{}", b"<html>no</html>", b"not \xc3\xa4"])
        answer = (random.choice(STATUSES), headers, content)
        found += [f"{answer}: {line}" for line in pair.unlike(answer)]
        modelled += any(name in body for name in MEMBERS[:4]) and bool(headers)
    assert not found, f"{len(found)} lines; the first:\n" + "\n".join(found[:5])
    assert modelled > CASES // 5


@pytest.mark.parametrize("operation", ["AssumeRole", "AssumeRoleWithWebIdentity"])
def test_refusals_in_xml(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    without_waits(monkeypatch)
    pair, random = Pair(monkeypatch, operation), Random(f"{SEED}/refusals/{operation}")
    codes = [*errors.MODELLED["sts"], "Odd", ""]
    space = ' xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
    found = []
    for _ in range(CASES):
        parts = {
            "Type": "Sender",
            "Code": random.choice(codes),
            "Message": random.choice(["no", "", "a &lt; b"]),
            "message": random.choice(["in small", ""]),
            "Detail": "<More>x</More>",
        }
        names = random.sample(list(parts), random.randrange(1, 6))
        error = "".join(f"<{name}>{parts[name]}</{name}>" for name in names)
        error = f"<Error>{error}</Error>"
        if random.random() < 0.2:
            error = f"<Errors>{error}</Errors>"
        rest = random.sample(["<RequestId>r</RequestId>", "<Host>h</Host>", "<message>top</message>"], 2)
        root = random.choice(["ErrorResponse"] * 4 + ["Response"])
        shown = error if random.random() < 0.9 else ""
        body = f"<{root}{random.choice([space, ''])}>{shown}{''.join(rest)}</{root}>"
        answer = (random.choice(STATUSES), {"x-amzn-requestid": "of the head"}, body.encode())
        found += [f"{answer}: {line}" for line in pair.unlike(answer)]
    assert not found, f"{len(found)} lines; the first:\n" + "\n".join(found[:5])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<no",
        b"no",
        b"<ErrorResponse>no</ErrorResponse>",
        b"<ErrorResponse><Error>no</Error></ErrorResponse>",
        b"<ErrorResponse><Error>no</Error><Errors><Error><Code>IDPRejectedClaim</Code></Error></Errors></ErrorResponse>",
        b"<ErrorResponse><Error><Code>a</Code></Error><ResponseMetadata>no</ResponseMetadata></ErrorResponse>",
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b"[]",
        b"5",
        b"[" * 100_000,
        b'{"code": [], "message": {}}',
        b'{"__type": 5, "code": {}}',
        b"\xff",
    ],
)
@pytest.mark.parametrize("operation", ["AssumeRole", "GetRoleCredentials", "CreateToken"])
def test_a_refusal_that_cannot_be_read_is_one_all_the_same(
    monkeypatch: pytest.MonkeyPatch, operation: str, body: bytes
) -> None:
    """botocore leaks an error of its parser for most of these."""
    without_waits(monkeypatch)
    _, (_, ours) = Pair(monkeypatch, operation).run((404, {}, body))
    assert isinstance(ours.error, ClientError)
    assert ours.error.response["ResponseMetadata"]["HTTPStatusCode"] == 404

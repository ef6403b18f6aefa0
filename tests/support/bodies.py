"""Random HTTP answers for an operation: what the service sends, what it might, and what nobody should.

Bodies are written as JSON text, not dumped from values, so that they can hold what a dump cannot: exponents, duplicate
keys, lone surrogates, `NaN`, white space. `Writer` follows an output shape with a chance of oddness at each node;
`any_answer` puts a body, perhaps damaged, behind random status and headers.
"""

import base64
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from support import answers
from support.answers import Answer
from support.model import service
from support.values import TEXTS

ODD = (
    "null", "true", "false", "0", "1", "-1", "5.7", "1e3", "1E-7", "12345678901234567890123", "-0.0", "NaN",
    "Infinity", "-Infinity",
    '""', '"x"', '"12"', '"1.5"', '"true"', '"TRUE"', '"NaN"', "[]", "{}", "[null]", '{"a": null}', "[1, [2]]",
    '"\\ud83d"', '"\\u0000"',
    '"None"', '[{}]', '["a"]', '{"a": {"b": 1}}',
)  # fmt: skip
TIMESTAMPS = (
    "0", "1700000000", "1700000000.5", "1700000000.123456789", "-1.5", "1.7e9", '"1700000000.5"', '"1e3"',
    '"2023-11-14T22:13:20Z"',
    '"2023-11-14T22:13:20.123Z"', '"2023-11-14T22:13:20+00:00"', '"2023-11-14T22:13:20+05:30"',
    '"2023-11-14T22:13:20-08:00"',
    '"2023-11-14T22:13:20"', '"2023-11-14"', '"Tue, 14 Nov 2023 22:13:20 GMT"', '"20231114T221320Z"', "253402300799",
    "-62135596800",
)  # fmt: skip
BAD_TIMESTAMPS = (
    '"bad"',
    '""',
    "true",
    "1e20",
    "99999999999999",
    "-99999999999999",
    '"2023-13-01T00:00:00Z"',
    "[]",
    "{}",
    '"NaN"',
    "NaN",
)
BASE64 = ("", "YQ==", "YWI=", "YWJj", "YQ", "YQ=", "Y Q = =", "YQ==YQ==", "!!!!", "_-_-", "+/+/", "YWJ\\nj", "=", "é")
BODIES = (
    b"", b" ", b"null", b"[]", b'"text"', b"1", b"true", b"<html>no</html>", b"<HTML></HTML>", b"not json",
    b"\xff\xfe", b'{"a": "\xff"}',
    b"\xef\xbb\xbf{}", b"{", b"}", b"{}x", b"{} ", b" \n{}", b"{'a': 1}", b'{"a": 1,}', b"\x00", b"[" * 100000,
    b'{"a":' * 100000,
    b'{"message": "\xc3\xa9"}', "{}".encode("utf-16"), b'{"a": 01}', b'{"a": "\t"}', b"[{}]", b"NaN", b'{"a": tru',
)  # fmt: skip
CODES = (
    "AccessDeniedException", "ConflictException", "InternalServerException", "RequestAlreadyInProgressException",
    "ResourceNotFoundException", "ServiceQuotaExceededException", "ThrottlingException", "ValidationException",
    "ExpiredTokenException",
    "Odd", "", "ValidationException:http://internal/", "aws.greengrass#ConflictException",
    "a#b#ThrottlingException:c:d", "http://x#Name",
    " ValidationException", "validationexception", "ünï", "#", ":", "429",
)  # fmt: skip
MESSAGES = ('"no"', '""', "null", "5", "[]", '{"a": 1}', '"ünï \\u00e9 \\n"', '"\\ud800"', "true", "1.0")
RETRY_AFTER = (
    "0",
    "1",
    "30",
    "-1",
    "1.5",
    "",
    "x",
    "Tue, 14 Nov 2023 22:13:20 GMT",
    " 2",
    "٣".encode().decode("latin-1"),
    "99999999999999999999",
)
STATUSES = (200, 200, 200, 200, 200, 201, 202, 204, 206, 299)
ERROR_STATUSES = (
    300,
    301,
    302,
    304,
    307,
    400,
    400,
    400,
    401,
    402,
    403,
    404,
    404,
    405,
    409,
    413,
    429,
    451,
    499,
    500,
    501,
    502,
    503,
    504,
    509,
    599,
)


class Writer:
    """Writes JSON text for a shape; `odd` is the chance, at each node, of something else than the shape wants."""

    def __init__(self, random: Random, odd: float) -> None:
        self.random = random
        self.odd = odd

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def body(self, shape: Any) -> bytes:
        """The body for an output or error shape. An odd one may have stray space, never bad UTF-8."""
        text = self._structure(shape) if shape else self.random.choice(("{}", '{"a": 1}'))
        return text.encode("utf-8", "surrogatepass")

    def write(self, shape: Any) -> str:
        if self.chance(self.odd):
            return self.random.choice(ODD)
        return getattr(self, f"_{shape.type_name}")(shape)  # type: ignore[no-any-return]

    def _object(self, entries: list[tuple[str, str]]) -> str:
        if entries and self.chance(self.odd):
            entries.append((entries[0][0], self.random.choice(ODD)))
        comma, colon = self.random.choice(((", ", ": "), (",", ":"), (" ,\n", "\t: ")))
        return "{" + comma.join(f"{key}{colon}{value}" for key, value in entries) + "}"

    def _structure(self, shape: Any) -> str:
        present = self.random.choice((0.3, 0.8, 1.0))
        entries = []
        for name, member in shape.members.items():
            if member.serialization.get("location") or not self.chance(present):
                continue
            wire = member.serialization.get("name", name)
            if self.chance(self.odd):
                wire = self.random.choice((name, wire.lower(), wire[:1].upper() + wire[1:], wire + "x"))
            entries.append((json.dumps(wire, ensure_ascii=self.chance(0.5)), self.write(member)))
        if self.chance(0.2):
            self.random.shuffle(entries)
        if self.chance(0.1 + self.odd):
            entries.insert(self.random.randint(0, len(entries)), ('"extra"', self.random.choice(ODD)))
        return self._object(entries)

    def _map(self, shape: Any) -> str:
        size = self.random.choice((0, 1, 2, 3))
        return self._object([(self._string(shape.key), self.write(shape.value)) for _ in range(size)])

    def _list(self, shape: Any) -> str:
        return "[" + ", ".join(self.write(shape.member) for _ in range(self.random.choice((0, 1, 2, 3)))) + "]"

    def _string(self, shape: Any) -> str:
        text = str(self.random.choice(shape.enum)) if shape.enum and self.chance(0.7) else self.random.choice(TEXTS)
        return json.dumps(text, ensure_ascii=self.chance(0.5))

    def _integer(self, shape: Any) -> str:
        return str(self.random.choice((0, 1, 42, -7, 2**31, 2**63, 2**64, 10**30)))

    _long = _integer

    def _double(self, shape: Any) -> str:
        return self.random.choice(
            ("0", "1", "1.5", "-0.0", "1e16", "1e-7", "0.1", "123456789.123456789", "1E+2", "5e-324", "1e400")
        )

    def _boolean(self, shape: Any) -> str:
        return self.random.choice(("true", "false"))

    def _timestamp(self, shape: Any) -> str:
        return self.random.choice(BAD_TIMESTAMPS if self.chance(self.odd) else TIMESTAMPS)

    def _blob(self, shape: Any) -> str:
        if self.chance(self.odd):
            return '"' + self.random.choice(BASE64) + '"'
        data = bytes(self.random.randrange(256) for _ in range(self.random.choice((0, 1, 2, 3, 50))))
        return json.dumps(base64.b64encode(data).decode())


def any_answer(random: Random, operation: Any, statuses: Sequence[int] = ()) -> Answer:
    """A success or a failure of `operation`, whole or damaged, framed in one of the ways HTTP has."""
    if random.random() < 0.4:
        return failing(random, operation, random.choice(statuses or ERROR_STATUSES))
    status = random.choice(statuses or STATUSES)
    if status >= 300:
        return failing(random, operation, status)
    body = Writer(random, random.choice((0.0, 0.0, 0.03, 0.15))).body(operation.output_shape)
    return _framed(random, status, body, _common_headers(random))


def failing(random: Random, operation: Any, status: int) -> Answer:
    """A failure with `status`: its code in a header, in the body under any of its names, or nowhere."""
    headers = _common_headers(random)
    code = random.choice(CODES)
    entries: list[tuple[str, str]] = []
    if random.random() < 0.5:
        headers.append((random.choice(("x-amzn-errortype", "X-Amzn-ErrorType")), code.encode().decode("latin-1")))
    for key in ("code", "Code", "__type"):
        if random.random() < 0.3:
            entries.append(
                (
                    key,
                    random.choice(
                        (json.dumps(code), "null", "5", '""') if random.random() < 0.2 else (json.dumps(code),)
                    ),
                )
            )
    for key in ("message", "Message", "errorMessage"):
        if random.random() < 0.5:
            entries.append((key, random.choice(MESSAGES)))
    shape = service().shape_for_error_code(code.rpartition("#")[2].partition(":")[0])
    if shape:
        writer = Writer(random, random.choice((0.0, 0.05)))
        for name, member in shape.members.items():
            if name != "message" and random.random() < 0.5:
                entries.append((name, writer.write(member)))
    if random.random() < 0.25:
        headers.append((random.choice(("Retry-After", "retry-after")), random.choice(RETRY_AFTER)))
    random.shuffle(entries)
    body = "{" + ", ".join(f'"{key}": {value}' for key, value in entries) + "}"
    return _framed(random, status, body.encode(), headers)


def _framed(random: Random, status: int, body: bytes, headers: list[tuple[str, str]]) -> Answer:
    luck = random.random()
    if luck < 0.12:
        body = random.choice(BODIES)
    elif luck < 0.15:
        body = body[: random.randrange(len(body) + 1)]
    frame = random.random()
    if frame < 0.8:
        return answers.plain(status, body, headers)
    if frame < 0.88:
        return answers.chunked(status, body, headers)
    if frame < 0.92:
        return answers.until_close(status, body, headers)
    if frame < 0.95:
        return answers.interim(answers.plain(status, body, headers))
    if status in answers.BODILESS or frame < 0.97:
        return answers.plain(status, body, [*headers, ("Content-Encoding", "identity")])
    return answers.truncated(status, body, random.choice((1, 1000)), headers)


def _common_headers(random: Random) -> list[tuple[str, str]]:
    pool = (
        ("x-amzn-RequestId", "id-1"), ("x-amz-request-id", "id-2"), ("x-amz-id-2", "host-1"), ("X-AMZN-REQUESTID",
        "id-3"), ("x-odd", "a"),
        ("X-Odd", "b"), ("x-empty", ""), ("Content-Type", "application/json"), ("Content-Type", "text/html"),
        ("Set-Cookie", "a=1, b"),
        ("Set-Cookie", "c=2"), ("x-latin", "caf\xe9"), ("Date", "Tue, 14 Nov 2023 22:13:20 GMT"), ("x-space",
        "  a  b"),
    )  # fmt: skip
    return [header for header in pool if random.random() < 0.2]

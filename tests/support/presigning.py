"""Random presigned URLs: any operation, any lifetime, any verb.

The URLs of the two sides carry their own date, token and signature: each must be of the form, and its signature right,
then these are taken out. What is left is compared as text.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from support.cases import SUFFIXES, Case, Setup, numbered
from support.compare import KEY
from support.model import operations
from support.sigv4 import BadSignature, Key, verify_presigned
from support.values import WRONG, Values

VARYING = re.compile(
    r"(?<=X-Amz-Date=)\d{8}T\d{6}Z|(?<=X-Amz-Credential=AKIDEXAMPLE%2F)\d{8}|(?<=X-Amz-Signature=)[0-9a-f]{64}"
)
TOKEN = re.compile(r"(?<=clientToken=)[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def presigned(method: str) -> Iterator[Case]:
    return numbered("presign", method, _case, among=len(operations()) * 4)


def _case(name: str, method: str) -> Case:
    random = Random(name)
    shape = operations()[method].input_shape
    # A path beyond ASCII in the endpoint is a row of deviations.toml.
    suffix = random.choice([suffix for suffix in SUFFIXES if suffix.isascii()])
    setup = Setup(suffix=suffix, token=random.choice((None, "token/with+odd=signs")))
    params = Values(random, random.choice((0.0, 0.0, 0.1))).members(shape) if shape else {}
    options: dict[str, Any] = {"Params": params}
    if random.random() < 0.5:
        options["ExpiresIn"] = random.choice((0, 1, 60, 604800, -1, "60", 1.5, None, True))
    if random.random() < 0.3:
        options["HttpMethod"] = random.choice(("GET", "PUT", "POST", "get", ""))
    if random.random() < 0.05:
        options["Params"] = random.choice(WRONG)()
    asked = method if random.random() < 0.97 else random.choice(("nope", "ListComponents", "", "meta", "can_paginate"))

    def act(client: Any) -> Any:
        # botocore writes a generated token into the caller's dict: give each side its own.
        given = dict(options["Params"]) if isinstance(options["Params"], dict) else options["Params"]
        url = client.generate_presigned_url(asked, **{**options, "Params": given})
        verb = options.get("HttpMethod") or operations()[method].http["method"]
        return VARYING.sub("_", TOKEN.sub("<uuid4>", url)), _signed(url, params, verb, setup)

    return replace(Case(name, method, params, setup), act=act)


def _signed(url: str, params: dict[str, Any], verb: str, setup: Setup) -> Any:
    """The header names that the signature covers; None where it does not fit (odd endpoints, botocore's own)."""
    headers = {"content-type": "application/json", "x-amz-iot-endpoint-type": str(params.get("iotEndpointType"))}
    try:
        return sorted(
            verify_presigned(url, Key(KEY.id, KEY.secret, setup.token, KEY.region, KEY.service), headers, verb)
        )
    except BadSignature:
        return None

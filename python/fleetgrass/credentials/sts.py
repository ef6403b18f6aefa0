"""STS: a role's credentials for someone who may have them."""

from __future__ import annotations

from urllib.parse import quote_plus
from xml.etree import ElementTree

from fleetgrass import endpoints, inert_options
from fleetgrass.credentials.service import Service, picked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fleetgrass.credentials import ReadOnlyCredentials, Search
    from fleetgrass.lookup import Lookup

VERSION = "2011-06-15"
#: Where STS is for whoever names no Region, and the Region that is signed there.
GLOBAL, GLOBAL_URL, GLOBAL_REGION = "aws-global", "https://sts.amazonaws.com", "us-east-1"
#: Regions that `sts_regional_endpoints = legacy` sends to the global endpoint.
LEGACY_REGIONS = frozenset(
    (
        "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "aws-global", "ca-central-1",
        "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2",
        "us-west-1", "us-west-2",
    )
)  # fmt: skip
#: Least lengths of texts and values of numbers, which botocore checks before it calls.
MINIMA = {
    "RoleArn": 20,
    "RoleSessionName": 2,
    "ExternalId": 2,
    "SerialNumber": 9,
    "TokenCode": 6,
    "DurationSeconds": 900,
    "WebIdentityToken": 4,
}
MEMBERS = {
    "access_key": "AccessKeyId",
    "secret_key": "SecretAccessKey",
    "token": "SessionToken",
    "expiry_time": "Expiration",
}


def assume(
    search: Search,
    method: str,
    operation: str,
    parameters: Mapping[str, Any],
    signer: ReadOnlyCredentials | None = None,
) -> dict[str, Any]:
    """The credentials that `AssumeRole` or `AssumeRoleWithWebIdentity` gives.

    Raises:
        ParamValidationError: a parameter is too short.
        NoRegionError: a URL is configured, and no Region to sign for.
        ClientError: STS refuses.
        CredentialRetrievalError, ResponseParserError: an answer that cannot be used.
    """
    named = search.lookup.region_name if search.region is None else search.region
    region = GLOBAL if named is None else named
    service = Service(search.lookup, "sts", "sts", region, signer, _global_url(search.lookup, region))
    _check(parameters)
    if named is None and service.is_configured:
        from fleetgrass import exceptions

        raise exceptions.NoRegionError()
    form = {"Action": operation, "Version": VERSION, **parameters}
    body = "&".join(f"{name}={quote_plus(str(value), safe='-._~')}" for name, value in form.items())
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    real_region = endpoints.plain_region(region)
    is_global = service.url == GLOBAL_URL or real_region == GLOBAL
    signing_region = GLOBAL_REGION if is_global and not service.is_configured else real_region
    answer = service.send(operation, "POST", "/", headers, body.encode(), signing_region)
    result = _child(_read(answer), f"{operation}Result")
    keys = picked(method, _members(_child(result, "Credentials")), MEMBERS)
    arn = _members(_child(result, "AssumedRoleUser")).get("Arn") or ""
    if arn.startswith("arn:") and arn.count(":") >= 5:
        keys["account_id"] = arn.split(":")[4]
    return keys


def _check(parameters: Mapping[str, Any]) -> None:
    problems = []
    for name, value in parameters.items():
        kind, size = ("value", value) if isinstance(value, int) else ("length", len(value))
        if size < MINIMA[name]:
            problems.append(f"Invalid {kind} for parameter {name}, value: {size}, valid min {kind}: {MINIMA[name]}")
    if problems:
        from fleetgrass import exceptions

        raise exceptions.ParamValidationError(report="\n".join(problems))


def _global_url(lookup: Lookup, region: str) -> str | None:
    """The URL of STS where it is not the Region's."""
    endpoints.check_region(region)
    mode = inert_options.sts_regional_endpoints(lookup)
    variants = lookup.flag("use_fips_endpoint") or lookup.flag("use_dualstack_endpoint")
    is_global = region == GLOBAL or (mode == "legacy" and region in LEGACY_REGIONS)
    return GLOBAL_URL if is_global and not variants else None


def _read(body: bytes) -> Any:
    try:
        return ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        from fleetgrass import exceptions

        # Without the body, which may hold keys.
        problem = f"Unable to parse response ({error}), invalid XML received. Further retries may succeed."
        raise exceptions.ResponseParserError(problem) from None


def _child(node: Any, name: str) -> Any:
    """The child of that name in whatever namespace, or None."""
    return next((child for child in (() if node is None else node) if child.tag.rpartition("}")[2] == name), None)


def _members(node: Any) -> dict[str, str | None]:
    return {child.tag.rpartition("}")[2]: child.text for child in (() if node is None else node)}

"""What a service of AWS says when it refuses, read as botocore reads it: the `response` of a `ClientError`.

A `response` has the code and message in `Error`, and beside it the members that the service models for the code. An
answer that is unreadable has its status as its code, where botocore leaks an error of its parser.
"""

from __future__ import annotations

from xml.etree import ElementTree

from fleetgrass.credentials.answers import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def _errors(members: tuple[str, ...], *names: str, **coded: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Errors by code, which is their name unless it is told otherwise."""
    return {code: (name, members) for code, name in {**dict(zip(names, names, strict=True)), **coded}.items()}


_OIDC, _OIDC_REASON = ("error", "error_description"), ("error", "reason", "error_description")
#: The errors that the services model: by code the name of the class, and the members.
MODELLED = {
    "sts": _errors(
        ("message",),
        "ExpiredTokenException", "ExpiredTradeInTokenException", "InvalidAuthorizationMessageException",
        "JWTPayloadSizeExceededException", "OutboundWebIdentityFederationDisabledException",
        "RegionDisabledException", "SessionDurationEscalationException",
        IDPCommunicationError="IDPCommunicationErrorException",
        IDPRejectedClaim="IDPRejectedClaimException",
        InvalidIdentityToken="InvalidIdentityTokenException",
        MalformedPolicyDocument="MalformedPolicyDocumentException",
        PackedPolicyTooLarge="PackedPolicyTooLargeException",
    ),
    "sso": _errors(
        ("message",),
        "InvalidRequestException", "ResourceNotFoundException", "TooManyRequestsException", "UnauthorizedException",
    ),
    "sso-oidc": {
        **_errors(_OIDC_REASON, "AccessDeniedException", "InvalidRequestException"),
        **_errors((*_OIDC, "endpoint", "region"), "InvalidRequestRegionException"),
        **_errors(
            _OIDC,
            "AuthorizationPendingException", "ExpiredTokenException", "InternalServerException",
            "InvalidClientException", "InvalidClientMetadataException", "InvalidGrantException",
            "InvalidRedirectUriException", "InvalidScopeException", "SlowDownException",
            "UnauthorizedClientException", "UnsupportedGrantTypeException",
        ),
    },
    "signin": _errors(
        ("error", "message"),
        "AccessDeniedException", "ConflictException", "InternalServerException", "InvalidGrantException",
        "InvalidScopeException", "ResourceNotFoundException", "ServiceQuotaExceededException",
        "ServiceUnavailableException", "TooManyRequestsError", "ValidationException",
    ),
}  # fmt: skip


def read(service: str, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The `response` for an answer whose headers have names in lower case."""
    told = None
    if status < 500 or not _is_of_nobody(body):
        told = _of_xml(body) if service == "sts" else _of_json(service, status, headers, body)
    if told is None:
        from http.client import responses

        told = {"Error": {"Code": str(status), "Message": responses.get(status, "")}}, {}
    parsed, said = told
    metadata = {**parsed.pop("ResponseMetadata", {}), "HTTPStatusCode": status, "HTTPHeaders": headers}
    _, members = MODELLED[service].get(code(parsed) or "", ("", ()))
    modelled = {name: said[name] for name in members if said.get(name) is not None}
    return {**parsed, "ResponseMetadata": metadata, **modelled}


def code(response: Mapping[str, Any]) -> str | None:
    found = response.get("Error", {}).get("Code")
    return found if isinstance(found, str) else None


def kind(service: str, code: str | None) -> Any:
    """`ClientError`, or the class of the modelled error."""
    from fleetgrass import exceptions

    found = MODELLED[service].get(code or "")
    return exceptions.ClientError if found is None else exceptions.modelled(service, found[0])


def _is_of_nobody(body: bytes) -> bool:
    """Empty, or a page of whatever stands before the service."""
    page = body.strip()
    return not page or page.startswith(b"<html>")


#: The response so far, and where the members are that a service models.
Told = tuple[dict[str, "Any"], "Mapping[str, Any]"]


def _of_json(service: str, status: int, headers: Mapping[str, str], body: bytes) -> Told | None:
    try:
        content = loads(body) if body else {}
    except ValueError:
        content = {"message": body.decode(errors="replace")}
    if not isinstance(content, dict):
        return None
    if service == "sso-oidc" and status >= 400 and not content.get("Message", content.get("message")):
        # As OAuth names it.
        content = {**content, "Message": content.get("error_description") or content.get("Message", "")}
    code = headers.get("x-amzn-errortype")
    if code is None:
        code = content.get("code", content.get("Code", content.get("__type", str(status))))
    if isinstance(code, str):
        code = code.partition(":")[0].rpartition("#")[2]
    error = {"Message": content.get("message", content.get("Message", "")), "Code": code}
    given = headers.get("x-amzn-requestid")
    return {"Error": error, "ResponseMetadata": {} if given is None else {"RequestId": given}}, content


def _of_xml(body: bytes) -> Told | None:
    try:
        root = ElementTree.fromstring(body)
        parsed = _contents(root)
    except (ElementTree.ParseError, RecursionError):
        return None
    # Where botocore looks for members.
    said = parsed["Error"] if _name(root) == "ErrorResponse" and "Error" in parsed else parsed
    said = {name: "" if text is None else text for name, text in said.items()} if isinstance(said, dict) else {}
    if isinstance(errors := parsed.pop("Errors", None), dict):
        parsed.update(errors)
    if not all(isinstance(parsed.get(name, {}), dict) for name in ("Error", "ResponseMetadata")):
        return None
    if "RequestId" in parsed:
        parsed["ResponseMetadata"] = {"RequestId": parsed.pop("RequestId")}
    return parsed, said


def _contents(node: ElementTree.Element) -> dict[str, Any]:
    """The children of a node by name, the first of each: their text, or their own children."""
    found: dict[str, Any] = {}
    for child in node:
        name = _name(child)
        if name not in found:
            found[name] = _contents(child) if len(child) else child.text
    return found


def _name(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]

"""Client devices of a core device, any number of them: the service takes 100 a request.

    >>> fleetgrass.client_devices.associate(client, "gateway-1", [f"sensor-{n}" for n in range(250)])
    <250 done, 0 failed>

The requests are made at the same time, by `client.map`; a client of boto3 does as well, and makes them on threads.
"""

from __future__ import annotations

from fleetgrass import batches, exceptions
from fleetgrass.batches import Failure, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["Failure", "Result", "associate", "disassociate"]

#: Things a request.
LIMIT = 100
#: Of a name that a request's JSON can only have as what no server reads, to the harm of the others in it.
UNENCODABLE = Failure("ParamValidationError", "thingName is no Unicode text: it has half a surrogate pair")


def associate(client: Any, core_device: str, things: Iterable[str]) -> Result:
    """Let client devices connect through a core device.

    Args:
        client: of `greengrassv2`.
        core_device: the core device's thing name.
        things: the client devices' thing names. One that comes twice is sent once.
    Returns:
        `done`, the things that are associated now, and `failed`, the code and message of each that is not: its own, or
        those of the whole request if that failed, or if it has an error that names no thing of it. A thing whose name
        cannot be sent, such as an empty one or one with half a surrogate pair, fails by itself, with
        `ParamValidationError`.
    Raises:
        TypeError: `things` are no texts. Nothing was sent.

    Source: API_BatchAssociateClientDeviceWithCoreDevice in the AWS IoT Greengrass V2 API reference.
    """
    return _each(client, "batch_associate_client_device_with_core_device", core_device, things)


def disassociate(client: Any, core_device: str, things: Iterable[str]) -> Result:
    """Take back what `associate` did, with the same arguments, answer and errors.

    Source: API_BatchDisassociateClientDeviceFromCoreDevice in the AWS IoT Greengrass V2 API reference.
    """
    return _each(client, "batch_disassociate_client_device_from_core_device", core_device, things)


def _each(client: Any, operation: str, core_device: str, things: Iterable[str]) -> Result:
    names = batches.distinct(things, "things")
    failed = {name: UNENCODABLE for name in names if not _is_encodable(name)}
    sent = [name for name in names if name not in failed]
    parts = [sent[start : start + LIMIT] for start in range(0, len(sent), LIMIT)]
    while parts:
        requests = [
            {"coreDeviceThingName": core_device, "entries": [{"thingName": name} for name in part]} for part in parts
        ]
        answered = zip(parts, batches.answers(client, operation, requests), strict=True)
        parts = []
        for part, answer in answered:
            if isinstance(answer, exceptions.ParamValidationError) and len(part) > 1:
                # Nothing was sent, because of some things: halves part them from the others.
                parts += [part[: len(part) // 2], part[len(part) // 2 :]]
            elif isinstance(answer, Exception):
                failed.update(dict.fromkeys(part, batches.failure(answer)))
            else:
                failed.update(_refused(part, answer))
    return batches.account(names, failed)


def _is_encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused(part: list[str], answer: dict[str, Any]) -> dict[str, Failure]:
    """The things of one request that its answer has errors for."""
    failed: dict[str, Failure] = {}
    for entry in answer.get("errorEntries") or ():
        entry = entry or {}
        # One that names nothing of this request may be about any.
        about = [entry["thingName"]] if entry.get("thingName") in part else part
        failed.update(dict.fromkeys(about, Failure(entry.get("code", ""), entry.get("message", ""))))
    return failed

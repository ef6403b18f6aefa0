"""Tags of any number of resources: the service takes one resource a request.

    >>> fleetgrass.tags.apply(client, arns, {"stage": "production"})
    <120 done, 1 failed; arn:...:components:gone:versions:1.0.0: ResourceNotFoundException: ...>

The requests are made at the same time, by `client.map`; a client of boto3 does as well, and makes them on threads.
"""

from __future__ import annotations

from fleetgrass import batches
from fleetgrass.batches import Failure, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = ["Failure", "Result", "apply"]


def apply(client: Any, arns: Iterable[str], tags: Mapping[str, str]) -> Result:
    """Give each resource these tags, in place of those that it has under the same keys.

    Args:
        client: of `greengrassv2`.
        arns: of components, deployments and core devices. One that comes twice is sent once.
        tags: keys and values.
    Returns:
        `done`, the ARNs whose resources have the tags now, and `failed`, the code and message of each other one.
    Raises:
        TypeError: `arns` are no texts, or `tags` no mapping. Nothing was sent.

    Source: API_TagResource in the AWS IoT Greengrass V2 API reference.
    """
    names = batches.distinct(arns, "arns")
    given = _pairs(tags)
    requests = [{"resourceArn": arn, "tags": dict(given)} for arn in names]
    failed = {
        arn: batches.failure(answer)
        for arn, answer in zip(names, batches.answers(client, "tag_resource", requests), strict=True)
        if isinstance(answer, Exception)
    }
    return batches.account(names, failed)


def _pairs(tags: Any) -> dict[str, str]:
    """Tags as a dict. `TypeError`: they are nothing that makes one."""
    told = f'tags is {tags!r}: it has to be a dict of keys and values, such as {{"stage": "test"}}'
    if isinstance(tags, (str, bytes)):
        raise TypeError(told)
    try:
        return dict(tags)
    except (TypeError, ValueError) as error:
        raise TypeError(told) from error

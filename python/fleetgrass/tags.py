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
        TypeError: `arns` are no texts. Nothing was sent.

    Source: API_TagResource in the AWS IoT Greengrass V2 API reference.
    """
    names = batches.distinct(arns, "arns")
    requests = [{"resourceArn": arn, "tags": dict(tags)} for arn in names]
    failed = {
        arn: batches.failure(answer)
        for arn, answer in zip(names, batches.answers(client, "tag_resource", requests), strict=True)
        if isinstance(answer, Exception)
    }
    return batches.account(names, failed)

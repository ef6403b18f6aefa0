"""The model of the service as botocore reads it: what tests know of the 29 operations comes from here."""

from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name

SERVICE = "greengrassv2"


@cache
def service() -> Any:
    """botocore's `ServiceModel`."""
    return botocore.session.get_session().get_service_model(SERVICE)


@cache
def operations() -> dict[str, Any]:
    """botocore's `OperationModel`s by Python method name, in the model's order."""
    return {xform_name(name): service().operation_model(name) for name in service().operation_names}


@cache
def paginators() -> dict[str, str]:
    """Each paginated method's result key."""
    pages = botocore.session.get_session().get_paginator_model(SERVICE)._paginator_config
    return {xform_name(name): config["result_key"] for name, config in pages.items()}


@cache
def token_member(method: str) -> str | None:
    """The input member that botocore fills with a random UUID when it is absent."""
    shape = operations()[method].input_shape
    if shape is None:
        return None
    return next((name for name, member in shape.members.items() if member.metadata.get("idempotencyToken")), None)

"""The error codes that retries may tell apart."""

from __future__ import annotations

import re
from pathlib import Path

import botocore
from botocore.model import ServiceModel
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker


def error_codes(service: ServiceModel) -> list[str | None]:
    """Whatever botocore's own tables name, what the service's model names, what nobody names, and none."""
    legacy = (Path(botocore.__file__).parent / "data/_retry.json").read_text()
    named = {
        *ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
        *TransientRetryableChecker._TRANSIENT_ERROR_CODES,
        *re.findall(r'"service_error_code": "(\w+)"', legacy),
        *(shape.error_code for shape in service.error_shapes),
        "RequestTimeTooSkewed",
        "Odd",
        "throttling",
    }
    return [*sorted(named), None]

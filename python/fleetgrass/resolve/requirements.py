"""Version requirements, read as a device reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetgrass import _core

if TYPE_CHECKING:
    from fleetgrass.resolve.manifests import Engine


def satisfies(requirement: str, version: str, engine: Engine = "classic") -> bool:
    """Whether `version` meets `requirement` on a device.

    Args:
        requirement: As in a recipe's `VersionRequirement`: `^1.0.0`, `>=1.0.0 <2.0.0`.
        version: A whole version, `1.0.0`.
        engine: "classic", or "lite": it compares texts, and what is no comparison (`^1.0.0`, `*`) it does not meet by
            itself but asks the cloud about.

    Raises:
        InvalidInputError: A classic device cannot read one of the two; `kind` is `invalid_requirement` or
            `invalid_version`. A lite device reads anything.
    """
    return _core.satisfies(requirement, version, engine)

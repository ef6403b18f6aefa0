"""The configuration that a component has after a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetgrass import _core

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fleetgrass.resolve.manifests import Engine


def merge_configuration(
    *,
    default: dict[str, Any] | None = None,
    running: dict[str, Any] | None = None,
    running_timestamps: Mapping[str, int] | None = None,
    deployment_timestamp: int,
    reset: Sequence[str] | None = None,
    merge: dict[str, Any] | None = None,
    engine: Engine = "classic",
) -> dict[str, Any]:
    """The configuration of a component once a device has carried out a deployment that names it.

    A device removes what is to be reset, adds the defaults that are missing, then merges. A MERGE loses to a value that
    was set after the deployment was made, as components do by themselves; a list is replaced whole; null is a value.
    For a component that the deployment does not name, leave out `reset` and `merge`.

    Args:
        default: The recipe's `DefaultConfiguration`, where it has one.
        running: The configuration on the device; None where the component is not installed.
        running_timestamps: When values in `running` were last set, in milliseconds since 1970, by JSON pointer:
            `{"": 1700000000000, "/port": 1700000360000}`. A pointer holds for all that lies below it and has no longer
            one of its own. Defaults that were never touched have 1. What none leads to is as old as the deployment.
        deployment_timestamp: When the deployment was made, in milliseconds since 1970.
        reset: `configurationUpdate.reset`: JSON pointers, `""` for everything. A device passes over pointers with a
            number in them, and those that lead to nothing.
        merge: `configurationUpdate.merge`, which is JSON text there, parsed.
        engine: To "classic" devices keys are the same in any case; to "lite" ones another case is another key.

    Returns:
        The configuration, sorted by key at each level, without keys that begin with `_`, which are the device's own.

    Raises:
        InvalidInputError: `kind` is `not_an_object` for configuration that is none, `invalid_pointer` for what is no
            JSON pointer, and `nothing_there` for a timestamp of something that is not in `running`.
        ValueError: A value that JSON cannot hold or a timestamp that is none; the text names it and its place.
    """
    dates = dict(running_timestamps or {})
    for pointer, timestamp in dates.items():
        check_timestamp(f"running_timestamps[{pointer!r}]", timestamp)
    check_timestamp("deployment_timestamp", deployment_timestamp)
    if isinstance(reset, str):
        raise ValueError(f"reset is the text {reset!r}: give a list of JSON pointers")
    return _core.merge_configuration(default, running, dates, deployment_timestamp, list(reset or ()), merge, engine)


def check_timestamp(name: str, timestamp: object) -> None:
    """Raises ValueError where it is none."""
    if isinstance(timestamp, bool) or not isinstance(timestamp, int) or not 0 <= timestamp < 2**63:
        raise ValueError(f"{name} is {timestamp!r}: give milliseconds since 1970 as an int")

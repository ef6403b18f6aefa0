"""Which manifest of a recipe a device uses, and with which lifecycle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from fleetgrass import _core

if TYPE_CHECKING:
    from collections.abc import Sequence

Engine: TypeAlias = Literal["classic", "lite"]


def select_manifest(
    manifests: Sequence[Mapping[str, Any]], platform: Mapping[str, str], engine: Engine = "classic"
) -> int | None:
    """The index of the manifest that a device uses: of the first that fits. None where the recipe is of no use to it.

    Args:
        manifests: As in a recipe: `[{"Platform": {"os": "linux", "architecture": "/amd64|x86/"}}, {}]`.
        platform: What the device tells of itself: `{"os": "linux", "architecture": "amd64"}`.
        engine: "classic", or "lite": it needs manifests that name `os` and `runtime`, and knows no regular expressions.

    Raises:
        InvalidInputError: A manifest stops the device; `kind` is `invalid_regex` on a classic one, `platform_missing`
            on a lite one.
        RecipeError: The manifests are none.
        ValueError: `platform` is no dict of texts.
    """
    return _core.select_manifest(_recipe(manifests, {}), attributes(platform), engine)


def select_lifecycle(
    lifecycle: Mapping[str, Any] | None,
    manifests: Sequence[Mapping[str, Any]],
    index: int,
    engine: Engine = "classic",
) -> dict[str, Any]:
    """The lifecycle of `manifests[index]`: its own, or else what its Selections leave of the recipe's.

    Args:
        lifecycle: The recipe's `Lifecycle`, where it has one.
        manifests: All of the recipe's, since the Selections of all tell which keys are selections.
        index: What `select_manifest` found.
        engine: "classic", or "lite": of the recipe's it knows what is under `all` and `linux`, if Selections name it.

    Raises:
        ValueError: There is no such manifest, or no such engine.
        RecipeError: Lifecycle or manifests are none.
    """
    if index not in range(len(manifests)):
        raise ValueError(
            f"index {index!r} is none of the {len(manifests)} manifests: give one that select_manifest found"
        )
    return _core.select_lifecycle(_recipe(manifests, lifecycle), index, engine)


def lifecycle_steps(lifecycle: Mapping[str, Any]) -> dict[str, Any]:
    """The steps of a lifecycle with all that a recipe may leave out, as a classic device reads them.

    Args:
        lifecycle: What `select_lifecycle` gives. Names may have any case; what is no step is left out.

    Returns:
        By step, in the spelling of the format: `Script` (None where there is none), `RequiresPrivilege`, `Skipif`,
        `Timeout` in seconds (Bootstrap, Install, Startup and Uninstall have 120, Recover 60, Shutdown 15; None is
        without end, as for Run) and `Setenv`. Beside the steps `Setenv`, the variables of all of them.

    Raises:
        InvalidInputError: A step that devices cannot read, with its place; `kind` is `step_unreadable`.
    """
    return _core.lifecycle_steps(lifecycle)


def attributes(platform: Mapping[str, str]) -> dict[str, str]:
    """What a device tells of itself; raises ValueError where it is no dict of texts."""
    if not isinstance(platform, Mapping):
        raise ValueError(f"platform is {platform!r}: give a dict, such as {{'os': 'linux', 'architecture': 'amd64'}}")
    for attribute, value in platform.items():
        if not isinstance(attribute, str) or not isinstance(value, str):
            raise ValueError(f"platform[{attribute!r}] is {value!r}: give attributes and values as texts")
    return dict(platform)


def _recipe(manifests: Sequence[Mapping[str, Any]], lifecycle: Mapping[str, Any] | None) -> bytes:
    """A recipe of these, so that they are read, and refused, as in one."""
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "any",
        "ComponentVersion": "0.0.0",
        "Manifests": manifests,
        "Lifecycle": lifecycle,
    }
    try:
        return json.dumps(recipe, separators=(",", ":"), ensure_ascii=False).encode()
    except (TypeError, RecursionError, ValueError) as error:
        raise ValueError(f"manifests and lifecycle must be what JSON can hold: {error}") from error

"""What is odd in a recipe, found before a device finds it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fleetgrass import _core
from fleetgrass.resolve.catalog import core_of

if TYPE_CHECKING:
    from typing import TypeAlias

    from fleetgrass.resolve.catalog import Catalog

    Recipe: TypeAlias = bytes | str | Mapping[str, Any] | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at again.

    Attributes:
        code: A word for programs: `label_never_matches`.
        severity: "error" where devices refuse the recipe or a part of it cannot work, "warning" where it means
            something else than it seems to, "note" where it may be meant.
        place: The way to the value, `Manifests[0].Platform["os"]`; empty where the whole text is meant.
        line: Counted from one; None where it is not known.
        message: What is wrong, with the value named.
        remedy: What to do about it.
        file: The file, where the recipe was given as one.
    """

    code: str
    severity: Literal["error", "warning", "note"]
    place: str
    line: int | None
    message: str
    remedy: str
    file: str | None = None

    def __str__(self) -> str:
        file = f"{self.file}: " if self.file else ""
        line = f" (line {self.line})" if self.line else ""
        return f"{file}{self.severity}: {self.place or 'recipe'}{line}: {self.message}; {self.remedy} [{self.code}]"


def lint(
    recipe: Recipe, *, catalog: Catalog | Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None
) -> list[Finding]:
    """Everything in a recipe that devices refuse, never use, or read otherwise than its author may think.

    `unreadable_recipe` and `unreadable_requirement` stand alone: what cannot be read is not looked at further. Errors
    are `label_never_matches` (`arm64`, `macos`, `Linux`), `invalid_regex`, `no_manifest`, `version_means_another`
    (`1.0.0-1`), `same_file_name`, `step_unreadable`, `run_and_startup`, `self_dependency` and `circular_dependency`;
    warnings are `partial_comparator` (`>=2.0` lacks 2.0.0), `npm_disagrees`, `unknown_step` and `default_is_no_object`;
    notes are `prerelease_leak` (`>=1.0.0` takes 2.0.0-beta), `no_catch_all_manifest`, `lite_runtime_missing` and
    `unpinned_nucleus`.

    Args:
        recipe: Its text in JSON or YAML, as bytes or str; its content as a dict; or its file, as a path object.
        catalog: As `simulate` takes it, to find `circular_dependency`: dependencies that lead back to the component, by
            the highest versions that meet each requirement.

    Raises:
        OSError: The file cannot be read.
        InvalidInputError: `catalog` is none.
        ValueError: A dict has what JSON cannot hold.
    """
    file = None
    if isinstance(recipe, (bytes, str)):
        text = recipe
    elif isinstance(recipe, Mapping):
        try:
            text = json.dumps(recipe, separators=(",", ":"), ensure_ascii=False)
        except (TypeError, RecursionError, ValueError) as error:
            raise ValueError(f"recipe must be what JSON can hold: {error}") from error
    elif isinstance(recipe, os.PathLike):
        file = os.fspath(recipe)
        text = Path(file).read_bytes()
    else:
        raise TypeError(f"recipe is of {type(recipe).__name__}: give text, a dict or a path object")
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogatepass")
    catalogue = None if catalog is None else core_of(catalog)
    return [Finding(**found, file=file) for found in _core.lint(text, catalogue)]

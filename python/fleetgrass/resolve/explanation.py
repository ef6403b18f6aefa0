"""Whether any set of versions would do, and where none would, why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fleetgrass import _core
from fleetgrass.resolve.catalog import core_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetgrass.resolve.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Constraint:
    """Somebody requires something of a component.

    Attributes:
        who: A group's target, or a component.
        component: Of what it is required.
        requirement: As it was written.
        versions: The versions of the component `who` that say so, the highest first.
        path: How a deployment leads to `who`: `["thinggroup/line-4", "A", "B"]`; of more than 64 names the middle is
            left out, as "…".
        found: The version that does not meet it, where `unmet` tells of it; None where there is none.
    """

    who: str
    component: str
    requirement: str
    versions: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    found: str | None = None

    def __str__(self) -> str:
        if not self.versions:
            return f"{self.who} requires {self.component} {self.requirement}"
        path = " -> ".join(self.path)
        return f"{self.who} {', '.join(self.versions)} requires {self.component} {self.requirement} ({path})"


@dataclass(frozen=True, slots=True)
class Fix:
    """A pin to change: the version of a root in the deployment of a group."""

    group: str
    component: str
    from_version: str
    to_version: str

    def __str__(self) -> str:
        return f"{self.component} from {self.from_version} to {self.to_version} in the deployment of {self.group}"


class Explanation:
    """What a complete search found: what could be deployed, not what devices would install, which `simulate` tells.

    Attributes:
        satisfiable: Whether any set of versions meets all that is required; None where it would take too long to know.
        solution: Such a set, newer versions first.
        conflict: Constraints that cannot be met together.
        irreducible: Whether without any one of these the others could be met; False where it would take too long to
            know, so that some of them may have nothing to do with it.
        fixes: Each a set of pins whose change would do: single ones where there are such, else one smallest set.
        available: By component of the conflict, its versions in the catalogue, the highest first, each "usable",
            "other_platform" or "unreadable".
    """

    def __init__(self, core: _core.Question) -> None:
        self._core = core
        told = core.explain()
        self.satisfiable: bool | None = told["satisfiable"]
        self.solution: dict[str, str] | None = told.get("solution")
        self.conflict: list[Constraint] = [_constraint(constraint) for constraint in told.get("conflict", ())]
        self.irreducible: bool = told.get("irreducible", False)
        self.fixes: list[list[Fix]] = [
            [Fix(fix["group"], fix["component"], fix["from"], fix["to"]) for fix in fixes]
            for fixes in told.get("fixes", ())
        ]
        self.available: dict[str, dict[str, str]] = told.get("available", {})

    def unmet(self, versions: Mapping[str, str]) -> list[Constraint]:
        """The constraints that a set of versions does not meet, such as what a device has installed."""
        return [_constraint(constraint) for constraint in self._core.unmet(dict(versions))]

    def __str__(self) -> str:
        if self.satisfiable is None:
            return "It would take too long to know whether any set of versions would do."
        if self.solution is not None:
            chosen = (f"  {name} {version}" for name, version in self.solution.items())
            return "\n".join(["This set of versions meets all that is required:", *chosen])
        lines = ["No set of versions meets all of this:"]
        lines += [f"  {constraint}" for constraint in self.conflict]
        if not self.irreducible:
            lines.append("Some of this may be left out; to know what would take too long.")
        lines += [_stock(name, versions) for name, versions in self.available.items()]
        for fixes in self.fixes:
            lines.append(f"It would do to change {', and '.join(map(str, fixes))}.")
        if not self.fixes:
            lines.append("No other version of a root would do.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Explanation satisfiable={self.satisfiable}>"


def explain(
    *,
    platform: Mapping[str, str],
    catalog: Catalog | Mapping[str, Mapping[str, Mapping[str, Any]]],
    deployment: Mapping[str, Any],
    other_groups: Mapping[str, Mapping[str, str]] | None = None,
    engine: Literal["classic"] = "classic",
) -> Explanation:
    """Whether there is any set of versions that a device of this platform could be given, and if not, why.

    Requirements are read as classic devices read them. What a device has, cycles and the nucleus's guard are not looked
    at. The search ends without an answer where it would take too long.

    Args:
        platform, catalog, deployment, other_groups: As `simulate` takes them.
        engine: Classic devices alone are explained. A lite device judges a requirement by the text of a version, or
            leaves it to the cloud, which reads it in another grammar; which of the two depends on what it has and on
            what it came to first. So no set of versions is right or wrong by itself, and there is nothing to search.

    Raises:
        InvalidInputError: A value is not of these shapes.
        ValueError: Another `engine`.
    """
    if engine != "classic":
        raise ValueError(
            f"engine is {engine!r}, but explain() knows classic devices alone: whether a lite device takes a version "
            "hangs on what it has and on the order of its walk, so no set of versions is right or wrong by itself; "
            "simulate() tells what it would do"
        )
    return Explanation(
        _core.Question(core_of(catalog), platform=platform, deployment=deployment, other_groups=other_groups)
    )


def _constraint(told: dict[str, Any]) -> Constraint:
    versions, path = tuple(told.get("versions", ())), tuple(told.get("path", ()))
    return Constraint(told["who"], told["component"], told["requirement"], versions, path, told.get("found"))


def _stock(name: str, versions: dict[str, str]) -> str:
    if not versions:
        return f"There is no {name}."
    words = {"usable": "", "other_platform": " (for other platforms)", "unreadable": " (unreadable)"}
    return f"There is {name} " + ", ".join(version + words[usable] for version, usable in versions.items()) + "."

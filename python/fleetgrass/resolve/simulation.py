"""What a device would install for a deployment, walked as the device does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from fleetgrass import _core
from fleetgrass.resolve.catalog import core_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetgrass.resolve.catalog import Catalog
    from fleetgrass.resolve.manifests import Engine


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a device refuses a deployment; its text is the device's.

    Attributes:
        kind: One word: `no_available_version`, `no_available_version_offline`, `platform_incompatible`,
            `local_recipe_unusable`, `circular_dependency`, `invalid_root_requirement`, `recipe_parse_error`,
            `multiple_nucleus`, `nucleus_minor_update_not_explicit`, or `no_fixpoint`, where a device walks on for ever.
            Lite devices also have `roots_differ`, `chosen_already`, `component_type_unsupported`, `nucleus_differs`,
            `too_many_components` and `requirements_too_long`.
        message: The device's message; of a lite device, ours.
        codes: The device's error codes, the most general first; of a lite device, none.
        details: What the kind is about: `component`, `version`, and `requirements` by who has them.
    """

    kind: str
    message: str
    codes: list[str]
    details: dict[str, Any]

    @classmethod
    def of(cls, told: dict[str, Any] | None) -> Refusal | None:
        """Of what the core tells; None of nothing."""
        if told is None:
            return None
        kind, *details = told["facts"].items()
        return cls(kind[1], told["message"], told["codes"], dict(details))

    def __str__(self) -> str:
        return self.message


class Simulation:
    """What a device makes of a deployment: either `result` or `error` is None.

    Attributes:
        result: The version of each component that is installed.
        error: Why the device refuses.
        trace: Every choice on the way, in order: `A@1.0.0(cloud)`. The source is `cloud`, `local`, `local-fallback`
            (the cloud had none), `local-offline` or `nucleus-skip` (the nucleus that runs).
        requirements: By component, who requires what of it in the end.
        orphans: Components that are installed though no root leads to them.
        merged_alternatives: Components of which a version on the device was judged otherwise than the requirements say
            one by one, since a device searches what it has with all of them as one text. It does so where the cloud
            does not decide alone: offline, for local deployments, for the nucleus, after a refusal.
    """

    def __init__(self, core: _core.Simulation | _core.CloudSimulation) -> None:
        self._core = core
        told = core.run()
        self.result: dict[str, str] | None = told["result"]
        self.trace: list[str] = told["trace"]
        self.requirements: dict[str, dict[str, str]] = told["requirements"]
        self.orphans: list[str] = told["orphans"]
        self.merged_alternatives: list[str] = told["merged_alternatives"]
        self.error: Refusal | None = Refusal.of(told["error"])

    @cached_property
    def order_sensitive(self) -> bool:
        """Whether the outcome hangs on the order of Java's hash maps: some of ten other orders end otherwise.

        They are walked when this is first asked.
        """
        return self._core.is_order_sensitive()

    def __repr__(self) -> str:
        told = f"error={self.error.kind!r}" if self.error else f"result={self.result!r}"
        return f"<Simulation {told}>"


def simulate(
    *,
    platform: Mapping[str, str],
    catalog: Catalog | Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    device: Mapping[str, Any] | None = None,
    deployment: Mapping[str, Any],
    other_groups: Mapping[str, Mapping[str, str]] | None = None,
    cloud_policy: Literal["highest", "prefer_candidate"] = "highest",
    engine: Engine = "classic",
    cloud: Any = None,
) -> Simulation:
    """What a device of this platform and state would install for the deployment.

    This is the device's own walk, which neither looks back nor searches for a solution. What is assumed is the cloud.

    Args:
        platform: What the device tells of itself: `{"os": "linux", "architecture": "amd64"}`.
        catalog: What the cloud has: `{name: {version: facts}}`, where facts are `deps` (name to requirement), and
            optionally `soft` (the names of those that are SOFT), `manifests` (as in a recipe; one without Platform
            where they are left out, which suits every classic device and no lite one) and `type`. A requirement that
            no device can read makes the version unreadable.
        device: What is on the device, all of it optional: `active` (name to the version that runs), `nucleus`
            (`{"name": …, "version": …}`, which runs too), `builtin` (the active ones that are services of the nucleus
            itself, known without a recipe, such as "DeploymentService"), `local_store` (name to versions whose recipes
            it has from the catalog), `local_recipes` (name to version to facts, where they are not those of the
            catalog), `online` (True: it asks the cloud), `region_mismatch` (names of components that came from another
            Region).
        deployment: `{"target": …, "components": [{"name": …, "version": …}]}`, in the order of the document. The target
            is `thinggroup/<name>`, `thing/<name>` or `LOCAL_DEPLOYMENT`, whose versions may be requirements.
        other_groups: What the device has from its other groups: target to root components and their versions.
        cloud_policy: What the cloud answers where several versions would do: "highest", or "prefer_candidate", the one
            that the device has.
        engine: The kind of device. "lite" has a walk of its own: it takes what it has before it asks the cloud, and
            the first in the order of `local_recipes` and `local_store`, not the highest; it resolves each name once.
            That is known from reading its code, not from running it.
        cloud: A client of the device data plane, such as `fleetgrass.device_client()`, or of an emulator, which is
            asked in place of a model of the cloud, one request after another as a device asks, never the same twice.
            `catalog` then only has recipes that are on the device, where `local_recipes` has not; without a recipe what
            runs is `local_recipe_unusable`. Errors have two more kinds: `access_denied`, and
            `unanswered`, on which a classic device asks again and again. A lite device sends all requirements of a
            component in one text, as they were written, and asks only for what it has no version of.

    Raises:
        InvalidInputError: A value is not of these shapes; `kind` is `invalid_fact` or `unknown_engine`.
        ValueError: A value that JSON cannot hold, or a `cloud` and a `cloud_policy`.
        TypeError: Neither `catalog` nor `cloud` is given, or a `cloud` that cannot be asked.
    """
    if cloud is not None:
        from fleetgrass.resolve.cloud import asking

        if cloud_policy != "highest":
            raise ValueError(
                f"cloud_policy is {cloud_policy!r}, but a cloud that is asked has a policy of its own: leave it out, "
                "or give a catalog in place of the cloud"
            )
        return Simulation(
            _core.CloudSimulation(
                asking(cloud, platform, engine),
                core_of({} if catalog is None else catalog),
                platform=platform,
                device=device,
                deployment=deployment,
                other_groups=other_groups,
                engine=engine,
            )
        )
    if catalog is None:
        raise TypeError("simulate() needs a catalog, or a cloud to ask")
    return Simulation(
        _core.Simulation(
            core_of(catalog),
            platform=platform,
            device=device,
            deployment=deployment,
            other_groups=other_groups,
            cloud_policy=cloud_policy,
            engine=engine,
        )
    )

"""What core devices make of recipes and deployments, without a device.

Each function takes and gives plain values, and asks nobody. `engine` names the kind of device: "classic" is the Java
nucleus, "lite" the one in C. They differ, and both differ from npm, whose version ranges the documentation promises.
"""

from fleetgrass._core import InvalidInputError, RecipeError
from fleetgrass.resolve.catalog import Catalog
from fleetgrass.resolve.configuration import merge_configuration
from fleetgrass.resolve.lint import Finding, lint
from fleetgrass.resolve.manifests import select_lifecycle, select_manifest
from fleetgrass.resolve.requirements import satisfies
from fleetgrass.resolve.simulation import Refusal, Simulation, simulate

__all__ = [
    "Catalog",
    "Finding",
    "InvalidInputError",
    "RecipeError",
    "Refusal",
    "Simulation",
    "lint",
    "merge_configuration",
    "satisfies",
    "select_lifecycle",
    "select_manifest",
    "simulate",
]

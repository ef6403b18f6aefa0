"""What core devices make of recipes and deployments, without a device.

Each function takes and gives plain values, and asks nobody, save those that are given a client. `engine` names the
kind of device: "classic" is the Java nucleus, "lite" the one in C. They differ, and both differ from npm, whose version
ranges the documentation promises.
"""

from fleetgrass._core import InvalidInputError, RecipeError
from fleetgrass.resolve.catalog import Catalog, Dependent
from fleetgrass.resolve.cloud import Candidate, CandidateError, candidates_from_cloud
from fleetgrass.resolve.configuration import merge_configuration
from fleetgrass.resolve.explanation import Constraint, Explanation, Fix, explain
from fleetgrass.resolve.fleet import fleet_snapshot
from fleetgrass.resolve.lint import Finding, lint
from fleetgrass.resolve.manifests import lifecycle_steps, select_lifecycle, select_manifest
from fleetgrass.resolve.planning import DeviceState, Plan, PlanConflictError, plan
from fleetgrass.resolve.requirements import satisfies
from fleetgrass.resolve.simulation import Refusal, Simulation, simulate

__all__ = [
    "Candidate",
    "CandidateError",
    "Catalog",
    "Constraint",
    "Dependent",
    "DeviceState",
    "Explanation",
    "Finding",
    "Fix",
    "InvalidInputError",
    "Plan",
    "PlanConflictError",
    "RecipeError",
    "Refusal",
    "Simulation",
    "candidates_from_cloud",
    "explain",
    "fleet_snapshot",
    "lifecycle_steps",
    "lint",
    "merge_configuration",
    "plan",
    "satisfies",
    "select_lifecycle",
    "select_manifest",
    "simulate",
]

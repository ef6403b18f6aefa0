"""What the cloud has, asked through a client: what is published, and what it tells devices to take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fleetgrass import _core, exceptions
from fleetgrass.resolve.manifests import attributes
from fleetgrass.resolve.recipe_cache import RecipeCache

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from fleetgrass.resolve.manifests import Engine

#: A published version: component, version, JSON recipe.
Published = tuple[str, str, bytes]


def published(
    client: Any, scopes: tuple[str, ...], names: set[str] | None, cache: str | os.PathLike[str] | None, concurrency: int
) -> list[Published]:
    """Every version of the components that the client sees; see `Catalog.from_client`."""
    check_client(client)
    kept = RecipeCache.of(client.meta.endpoint_url, cache)
    found: list[Published] = []
    missing: list[tuple[str, str, str]] = []
    for arn, name, version in _versions(client, scopes, names, concurrency):
        recipe = kept.read(arn)
        if recipe is None:
            missing.append((arn, name, version))
        else:
            found.append((name, version, recipe))
    params = ({"arn": arn, "recipeOutputFormat": "JSON"} for arn, _, _ in missing)
    answers = client.map("get_component", params, max_concurrency=concurrency)
    failure: Exception | None = None
    for (arn, name, version), answer in zip(missing, answers, strict=True):
        if isinstance(answer, Exception):
            failure = failure or (None if is_gone(answer) else answer)
            continue
        kept.write(arn, answer["recipe"])
        found.append((name, version, answer["recipe"]))
    if failure is not None:
        raise failure
    return found


def _versions(
    client: Any, scopes: tuple[str, ...], names: set[str] | None, concurrency: int
) -> Iterator[tuple[str, str, str]]:
    """(ARN, component, version) of each version."""
    listed = client.map("list_components", [{"scope": scope} for scope in scopes], errors="raise", paginate=True)
    components = [row for answer in listed for row in answer.get("components", ())]
    if names is not None:
        components = [row for row in components if row["componentName"] in names]
    arns = [{"arn": row["arn"]} for row in components]
    for answer in client.map("list_component_versions", arns, max_concurrency=concurrency, paginate=True):
        if isinstance(answer, Exception):
            if is_gone(answer):
                continue
            raise answer
        for row in answer.get("componentVersions", ()):
            yield row["arn"], row["componentName"], row["componentVersion"]


def is_gone(error: Exception) -> bool:
    return isinstance(error, exceptions.ClientError) and error.response["Error"]["Code"] == "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class Candidate:
    """The version that the cloud tells a device to take.

    Attributes:
        component, version, arn: What it is.
        recipe: Its recipe, as bytes of JSON.
        vendor_guidance: ACTIVE, or DISCONTINUED or DELETED, of which `message` tells more.
        message: What the cloud says of it.
    """

    component: str
    version: str
    arn: str
    recipe: bytes
    vendor_guidance: str | None = None
    message: str | None = None

    def recipe_dict(self) -> dict[str, Any]:
        """The recipe, parsed."""
        parsed: dict[str, Any] = json.loads(self.recipe)
        return parsed


class CandidateError(Exception):
    """Why the cloud tells no version.

    Attributes:
        component: Of what.
        kind: "no_version" meets the requirements; none claims the "platform"; the device has no "permission" to ask; or
            "other". On a status of 429, or of 500 and above, and without an answer, a classic device asks again every
            minute, unless it has a version of its own to take.
        error: What the client raised, where it did.
    """

    def __init__(
        self,
        component: str,
        kind: Literal["no_version", "platform", "permission", "other"],
        message: str,
        error: Exception | None = None,
    ) -> None:
        super().__init__(message)
        self.component = component
        self.kind = kind
        self.error: Exception | None = error

    def __repr__(self) -> str:
        return f"<CandidateError {self.kind} of {self.component}: {self}>"


def candidates_from_cloud(
    client: Any,
    platform: Mapping[str, str],
    requirements: Mapping[str, Mapping[str, str]],
    *,
    installed: Mapping[str, str] | None = None,
    max_concurrency: int = 16,
) -> dict[str, Candidate | CandidateError]:
    """The versions that the cloud would tell a device to take, asked as a device asks: one component a request.

    Args:
        client: Of the device data plane, such as `fleetgrass.device_client()`, or of an emulator.
        platform: What the device tells of itself: `{"os": "linux", "architecture": "amd64"}`.
        requirements: By component, who requires what: `{"B": {"A": "^1.0.0", "thinggroup/line-4": "1.2.0"}}`.
        installed: By component, the version that the device has and sends along.
        max_concurrency: How many requests are made at the same time.

    Returns:
        For each component of `requirements` a `Candidate` or a `CandidateError`, which is returned and not raised.

    Raises:
        InvalidInputError: A requirement that devices cannot read; `kind` is `invalid_requirement`.
        ValueError: `platform` or `requirements` is not of these shapes.
    """
    check_client(client)
    told, held = {"attributes": attributes(platform)}, installed or {}
    params = [_question(told, name, sent, held.get(name)) for name, sent in _normalized(requirements).items()]
    answers = client.map("resolve_component_candidates", params, max_concurrency=max_concurrency)
    return {name: _candidate(name, answer) for name, answer in zip(requirements, answers, strict=True)}


def _normalized(requirements: Any) -> dict[str, dict[str, str]]:
    """By component, as a device sends them."""
    sent = {}
    for name, texts in _entries("requirements", requirements):
        place = f"requirements[{name!r}]"
        sent[name] = {who: _sent(f"{place}[{who!r}]", text) for who, text in _entries(place, texts)}
    return sent


def _entries(place: str, given: Any) -> list[tuple[str, Any]]:
    if not isinstance(given, Mapping):
        raise ValueError(f"{place} is {given!r}: give a dict; requirements are such as {{'B': {{'A': '^1.0.0'}}}}")
    return list(given.items())


def _sent(place: str, requirement: Any) -> str:
    if not isinstance(requirement, str):
        raise ValueError(f"{place} is {requirement!r}: give a requirement, such as '^1.0.0'")
    try:
        return _core.normalized(requirement)
    except _core.InvalidInputError as error:
        error.args = (f"{place}: {error}",)
        raise


def asking(cloud: Any, platform: Mapping[str, str], engine: Engine) -> Callable[[str, dict[str, str], str | None], Any]:
    """The cloud as `_core.CloudSimulation` asks it."""
    if not hasattr(cloud, "resolve_component_candidates"):
        raise TypeError(f"cloud is of {type(cloud)}: give a client, such as fleetgrass.device_client() makes")
    is_lite = engine == "lite"
    told: dict[str, Any] = {"attributes": attributes(platform)}
    if is_lite:
        told = {"name": "linux", "attributes": {"runtime": "aws_nucleus_lite", **told["attributes"]}}

    def ask(component: str, requirements: dict[str, str], candidate: str | None) -> Any:
        try:
            answer = cloud.resolve_component_candidates(**_question(told, component, requirements, candidate))
        except (exceptions.ClientError, exceptions.BotoCoreError, exceptions.ResponseParserError) as error:
            answer = error
        if is_lite and not isinstance(answer, Exception):
            # it takes the first of what comes
            answer = {"resolvedComponentVersions": (answer.get("resolvedComponentVersions") or [])[:1]}
        found = _candidate(component, answer)
        if isinstance(found, Candidate) and found.vendor_guidance == "DELETED":
            return "other", f"{component} {found.version} is deleted: {found.message or 'choose another'}", None
        if isinstance(found, Candidate):
            return None, found.version, found.recipe
        return found.kind, str(found), None

    return ask


def _question(
    platform: Mapping[str, Any], component: str, requirements: Mapping[str, str], candidate: str | None
) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "componentName": component,
        "versionRequirements": dict(requirements),
    }
    if candidate is not None:
        asked["componentVersion"] = candidate
    return {"platform": platform, "componentCandidates": [asked]}


def _candidate(component: str, answer: Any) -> Candidate | CandidateError:
    if isinstance(answer, Exception):
        return _classified(component, answer)
    versions = answer.get("resolvedComponentVersions") or []
    if len(versions) != 1 or not {"componentVersion", "recipe"} <= versions[0].keys():
        message = "Component service returns invalid response. It should have one resolved component version"
        return CandidateError(component, "other", message)
    (row,) = versions
    if not _is_about(component, row):
        message = "Component service returns invalid response. It is about another component or version"
        return CandidateError(component, "other", message)
    return Candidate(
        component,
        row["componentVersion"],
        row.get("arn", ""),
        row["recipe"],
        row.get("vendorGuidance"),
        row.get("message"),
    )


def _is_about(component: str, row: Mapping[str, Any]) -> bool:
    """Whether the answer and its recipe name the component and one version. What is no recipe is found later."""
    if row.get("componentName", component) != component:
        return False
    try:
        recipe = json.loads(row["recipe"])
    except (ValueError, RecursionError):
        return True
    if not isinstance(recipe, dict):
        return True
    named = {key.lower(): value for key, value in recipe.items()}
    wanted = {"componentname": component, "componentversion": row["componentVersion"]}
    return all(named.get(key, value) == value for key, value in wanted.items())


def _classified(component: str, error: Exception) -> CandidateError:
    """As devices read the answer: by its status, and by words in its message."""
    if not isinstance(error, exceptions.ClientError):
        return CandidateError(component, "other", str(error), error)
    message = error.response["Error"].get("Message") or ""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    kind: Literal["no_version", "platform", "permission", "other"] = "other"
    if status == 403:
        kind = "permission"
    elif status == 409 or (status == 404 and not message):
        kind = "no_version"
    elif status == 404 and "claim platform" in message:
        kind = "platform"
    elif status == 404 and "no usable version" in message:
        kind = "no_version"
    return CandidateError(component, kind, message or str(error), error)


def check_client(client: Any) -> None:
    if not hasattr(client, "map"):
        raise TypeError(f"client is of {type(client)}: give one that fleetgrass.client('greengrassv2') makes")

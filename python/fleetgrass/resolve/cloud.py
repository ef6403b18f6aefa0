"""What the cloud has, asked through a client: many requests at once by `client.map`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetgrass import exceptions
from fleetgrass.resolve.recipe_cache import RecipeCache

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

#: A published version: component, version, JSON recipe.
Published = tuple[str, str, bytes]


def published(
    client: Any, scopes: tuple[str, ...], names: set[str] | None, cache: str | os.PathLike[str] | None, concurrency: int
) -> list[Published]:
    """Every version of the components that the client sees; see `Catalog.from_client`."""
    if not hasattr(client, "map"):
        raise TypeError(f"client is of {type(client)}: give one that fleetgrass.client('greengrassv2') makes")
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
            failure = failure or (None if _is_gone(answer) else answer)
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
            if _is_gone(answer):
                continue
            raise answer
        for row in answer.get("componentVersions", ()):
            yield row["arn"], row["componentName"], row["componentVersion"]


def _is_gone(error: Exception) -> bool:
    return isinstance(error, exceptions.ClientError) and error.response["Error"]["Code"] == "ResourceNotFoundException"

"""The component versions that a cloud has: what simulations and plans choose from."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fleetgrass import _core
from fleetgrass.resolve.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Files of a folder that are taken for recipes.
SUFFIXES = {".json", ".yaml", ".yml"}


@dataclass(frozen=True, slots=True)
class Dependent:
    """A version that depends on a component; `requirement` as it was written, `type` HARD or SOFT."""

    component: str
    version: str
    requirement: str
    type: Literal["HARD", "SOFT"]


class Catalog:
    """Component versions and their recipes, read once for any number of simulations and plans; it never changes.

    `catalog | other` has the versions of both, and the other's where both have one: what is about to be published
    over what the cloud has.

    Args:
        components: `{name: {version: facts}}`, where facts are `deps` (name to requirement), and optionally `soft`,
            `manifests` and `type`, as `simulate` takes them.

    Raises:
        InvalidInputError: `components` is not of this shape.
    """

    def __init__(self, components: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None) -> None:
        self._core = _core.Catalogue(components or {})

    @classmethod
    def from_files(cls, paths: Iterable[str | os.PathLike[str]]) -> Catalog:
        """The recipes in these files, JSON or YAML.

        Raises:
            RecipeError: Some file is no recipe. Its text and `problems` tell file, line, key and remedy of all of them.
            InvalidInputError: Two files are of one version.
            OSError: A file cannot be read.
            ValueError: `paths` is one path.
        """
        if isinstance(paths, (str, os.PathLike)):
            raise ValueError(f"paths is the one path {os.fspath(paths)!r}: give a list, or a folder to from_folder")
        recipes = [(os.fspath(path), Path(path).read_bytes()) for path in paths]
        return cls._of(_core.Catalogue.of_recipes(recipes))

    @classmethod
    def from_folder(cls, folder: str | os.PathLike[str]) -> Catalog:
        """The recipes in the `.json`, `.yaml` and `.yml` files of a folder and of the folders in it.

        Raises:
            ValueError: There are none.
            RecipeError, InvalidInputError, OSError: As `from_files`.
        """
        if not Path(folder).is_dir():
            raise NotADirectoryError(f"{os.fspath(folder)} is no folder: name one that holds recipes")
        files = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        if not files:
            raise ValueError(f"{os.fspath(folder)} holds no recipe: name a folder with .yaml, .yml or .json files")
        return cls.from_files(files)

    @classmethod
    def from_recipes(cls, recipes: Iterable[str | bytes | Mapping[str, Any]]) -> Catalog:
        """Recipes as texts or as dicts. Errors as those of `from_files`; `recipes[0]` stands for the file."""
        if isinstance(recipes, (str, bytes, Mapping)):
            raise ValueError(f"recipes is one recipe, a {type(recipes).__name__}: give a list of them")
        texts = ((f"recipes[{at}]", _text_of(at, recipe)) for at, recipe in enumerate(recipes))
        return cls._of(_core.Catalogue.of_recipes(list(texts)))

    @classmethod
    def from_client(
        cls,
        client: Any,
        *,
        scopes: Iterable[Literal["PRIVATE", "PUBLIC"]] = ("PRIVATE", "PUBLIC"),
        names: Iterable[str] | None = None,
        cache: str | os.PathLike[str] | None = None,
        max_concurrency: int = 16,
    ) -> Catalog:
        """What the account, and AWS, have published, as a client of fleetgrass reads it.

        Versions never change, so each recipe is fetched once and kept in a file. Those of a cloud at an endpoint of
        one's own, such as an emulator's, are kept only where `cache` is given.

        Every version that is listed counts, also one that has FAILED or is DEPRECATED: the list does not tell, and a
        request more for each version would. Leave out what must not be chosen with `names`, or build from files.

        Args:
            client: Made by `fleetgrass.client("greengrassv2")`. It lists components and their versions, and gets
                components.
            scopes: The account's own components, AWS's, or both.
            names: Only these components. Their dependencies are not followed.
            cache: The folder of the recipes, in place of `fleetgrass/recipes` in the user's cache folder.
            max_concurrency: How many requests are made at the same time.

        Raises:
            ValueError: `names` is a text.
            ClientError, BotoCoreError: What the first request that failed raises; recipes that were read are kept. A
                version that was deleted meanwhile is left out.
        """
        from fleetgrass.resolve import cloud

        if isinstance(names, str):
            raise ValueError(f"names is the text {names!r}: give a list of names, such as [{names!r}]")
        wanted = None if names is None else set(names)
        published = cloud.published(client, tuple(scopes), wanted, cache, max_concurrency)
        return cls._of(_core.Catalogue.of_published(published))

    @classmethod
    def _of(cls, core: _core.Catalogue) -> Catalog:
        catalog = cls.__new__(cls)
        catalog._core = core
        return catalog

    def __or__(self, other: Catalog) -> Catalog:
        if not isinstance(other, Catalog):
            return NotImplemented
        return self._of(self._core.overlaid(other._core))

    def names(self) -> list[str]:
        """The components, sorted."""
        return self._core.names()

    def versions(self, name: str) -> list[str]:
        """The versions of a component, the highest first; none where it is unknown."""
        return self._core.versions(name)

    def recipe(self, name: str, version: str) -> dict[str, Any] | None:
        """The recipe as the service prints it; None where there is no such version, or devices cannot read it."""
        return self._core.recipe(name, version)

    def dependents(self, name: str) -> list[Dependent]:
        """Every version that depends on a component, by name, the highest of each first."""
        return [Dependent(**told) for told in self._core.dependents(name)]

    def blocks(self, name: str, version: str) -> list[Dependent]:
        """What stands in the way of a version of a component: every version that depends on another one.

        Requirements are read as classic devices read them. The version need not be published.

        Raises:
            InvalidInputError: `version` is none; `kind` is `invalid_version`.
        """
        return [Dependent(**told) for told in self._core.blocks(name, version)]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self._core.versions(name))

    def __len__(self) -> int:
        """How many versions there are."""
        return len(self._core)

    def __repr__(self) -> str:
        return f"<Catalog of {counted(len(self), 'version')} of {counted(len(self.names()), 'component')}>"


def core_of(catalog: Catalog | Mapping[str, Mapping[str, Mapping[str, Any]]]) -> _core.Catalogue:
    """The core's catalogue, made of facts where these are given."""
    return catalog._core if isinstance(catalog, Catalog) else _core.Catalogue(catalog)


def _text_of(at: int, recipe: str | bytes | Mapping[str, Any]) -> bytes:
    if isinstance(recipe, bytes):
        return recipe
    if isinstance(recipe, str):
        return recipe.encode()
    try:
        return json.dumps(recipe, separators=(",", ":"), ensure_ascii=False).encode()
    except (TypeError, RecursionError, ValueError) as error:
        raise ValueError(f"recipes[{at}] is no recipe: give bytes, a text or what JSON can hold ({error})") from error

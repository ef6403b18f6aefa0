"""Catalogues of files, folders and clients, and what they keep."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from fleetgrass import resolve
from fleetgrass.emulator import Emulator
from fleetgrass.resolve import Catalog
from fleetgrass.resolve.recipe_cache import RecipeCache, user_cache
from support import worlds

LINUX = {"os": "linux", "architecture": "amd64"}


def recipe(name: str, version: str = "1.0.0", **needs: str) -> dict[str, Any]:
    return worlds.recipe(name, version, needs)


def write(folder: Path, name: str, text: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
    return path


YAML = """
RecipeFormatVersion: 2020-01-25
ComponentName: B
ComponentVersion: 1.1.0
Manifests: [{}]
"""


def test_a_folder_is_read_with_the_folders_in_it(tmp_path: Path) -> None:
    write(tmp_path, "a.json", recipe("A", B="^1.0.0"))
    write(tmp_path, "deep/b/one.json", recipe("B"))
    write(tmp_path, "deep/b/two.yaml", YAML)
    write(tmp_path, "C.YML", YAML.replace("Name: B", "Name: C"))
    write(tmp_path, "README.md", "no recipe")
    catalog = Catalog.from_folder(tmp_path)
    assert (catalog.names(), len(catalog), "A" in catalog, "D" in catalog) == (["A", "B", "C"], 4, True, False)
    assert catalog.versions("B") == ["1.1.0", "1.0.0"]
    assert repr(catalog) == "<Catalog of 4 versions of 3 components>"
    read = catalog.recipe("A", "1.0.0")
    assert read is not None
    assert read["ComponentDependencies"] == {"B": {"VersionRequirement": "^1.0.0", "DependencyType": "HARD"}}
    assert (catalog.recipe("A", "2.0.0"), catalog.recipe("A", "x"), catalog.recipe("D", "1.0.0")) == (None, None, None)
    deployment = {"target": "thinggroup/g", "components": [{"name": "A", "version": "1.0.0"}]}
    simulation = resolve.simulate(platform=LINUX, catalog=catalog, deployment=deployment)
    assert simulation.result == {"A": "1.0.0", "B": "1.1.0"}


def test_all_that_is_wrong_is_told_with_its_file(tmp_path: Path) -> None:
    good = write(tmp_path, "good.json", recipe("A"))
    bad = write(tmp_path, "bad.yaml", YAML.replace("1.1.0", "1.1"))
    worse = write(tmp_path, "worse.json", recipe("C", A=">=1.0.0, <2.0.0"))
    with pytest.raises(resolve.RecipeError) as raised:
        Catalog.from_files([good, bad, worse])
    lines = str(raised.value).splitlines()
    assert len(lines) == len(raised.value.problems) == 2
    assert lines[0].startswith(f"{bad}: ComponentVersion (line 4): ")
    assert lines[1].startswith(f"{worse}: ComponentDependencies")
    assert [problem["file"] for problem in raised.value.problems] == [str(bad), str(worse)]
    assert all(problem["remedy"] for problem in raised.value.problems)


def test_what_cannot_be_a_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no recipe: name a folder with \.yaml"):
        Catalog.from_folder(tmp_path)
    with pytest.raises(NotADirectoryError, match="is no folder: name one"):
        Catalog.from_folder(tmp_path / "missing")
    with pytest.raises(FileNotFoundError):
        Catalog.from_files([tmp_path / "missing.json"])
    first, second = write(tmp_path, "1.json", recipe("A")), write(tmp_path, "2.json", recipe("A", "1.0.0+build"))
    with pytest.raises(resolve.InvalidInputError) as raised:
        Catalog.from_files([first, second])
    assert raised.value.kind == "version_given_twice"
    assert {str(first), str(second)} <= set(str(raised.value).replace(",", "").replace(":", "").split())
    with pytest.raises(ValueError, match=r"recipes\[1\] is no recipe"):
        Catalog.from_recipes([recipe("A"), {"ComponentName": {1}}])
    with pytest.raises(resolve.RecipeError, match=r"^recipes\[0\]: "):
        Catalog.from_recipes([{}])
    for path in (first, str(first)):
        with pytest.raises(ValueError, match=r"^paths is the one path '.*1\.json': give a list"):
            Catalog.from_files(path)  # type: ignore[arg-type]
    for one in (YAML, YAML.encode(), recipe("A")):
        with pytest.raises(ValueError, match=r"^recipes is one recipe, a (str|bytes|dict): give a list"):
            Catalog.from_recipes(one)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"fleetgrass\.client"):
        Catalog.from_client(object())
    with pytest.raises(ValueError, match="names is the text 'pump': give a list of names"):
        Catalog.from_client(object(), names="pump")
    with pytest.raises(TypeError):
        Catalog() | {}  # type: ignore[operator]


def test_one_catalogue_over_another() -> None:
    under = Catalog({"A": {"1.0.0": {"deps": {"B": "^1.0.0"}}, "1.1.0": {}}, "B": {"1.0.0": {}}})
    over = Catalog.from_recipes([recipe("A", "1.0.0", C="^1.0.0"), json.dumps(recipe("C")), YAML.encode()])
    both = under | over
    assert {name: both.versions(name) for name in both.names()} == {
        "A": ["1.1.0", "1.0.0"],
        "B": ["1.1.0", "1.0.0"],
        "C": ["1.0.0"],
    }
    merged = both.recipe("A", "1.0.0")
    assert merged is not None
    assert list(merged["ComponentDependencies"]) == ["C"]
    assert len(under) == 3
    assert repr(Catalog({"A": {"1.0.0": {}}})) == "<Catalog of 1 version of 1 component>"


class Counting:
    """A client that counts the recipes that it is asked for."""

    def __init__(self, client: Any) -> None:
        self.meta = client.meta
        self.asked: list[str] = []
        self._client = client

    def map(self, operation: str, params: Any, **options: Any) -> Any:
        given = list(params)
        if operation == "get_component":
            self.asked += [item["arn"] for item in given]
        return self._client.map(operation, given, **options)


def test_a_cloud_is_read_once(tmp_path: Path) -> None:
    with Emulator() as emulator:
        client = emulator.client()
        # names that no file could have, or that some file systems take for one
        for name in ("..", "CON", "con", "x" * 128):
            for version in ("1.0.0", "1.1.0"):
                client.create_component_version(inlineRecipe=json.dumps(recipe(name, version)))
        counting = Counting(client)
        catalog = Catalog.from_client(counting, scopes=["PRIVATE"], cache=tmp_path)
        assert catalog.names() == sorted(["..", "CON", "con", "x" * 128])
        assert (len(catalog), len(counting.asked)) == (8, 8)
        assert catalog.recipe("con", "1.1.0") == json.loads(
            client.get_component(arn=next(arn for arn in counting.asked if ":con:versions:1.1.0" in arn))["recipe"]
        )
        files = sorted(tmp_path.iterdir())
        assert len(files) == 8
        assert all(file.suffix == ".recipe" for file in files)

        # one file is cut, one is new; the others are as they were
        files[0].write_bytes(files[0].read_bytes()[:-5])
        client.create_component_version(inlineRecipe=json.dumps(recipe("con", "2.0.0")))
        counting.asked.clear()
        again = Catalog.from_client(counting, scopes=["PRIVATE"], cache=tmp_path)
        assert (len(again), len(counting.asked)) == (9, 2)
        assert again.versions("con") == ["2.0.0", "1.1.0", "1.0.0"]

        named = Catalog.from_client(client, names=["con", "aws.greengrass.Cli"], cache=tmp_path)
        assert named.names() == ["aws.greengrass.Cli", "con"]


def test_failures_reach_the_caller_and_nothing_read_is_lost(tmp_path: Path) -> None:
    with Emulator() as emulator:
        client = emulator.client()
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            client.create_component_version(inlineRecipe=json.dumps(recipe("A", version)))
        emulator.inject("error", "AccessDeniedException", operations="GetComponent", times=1)
        with pytest.raises(client.exceptions.AccessDeniedException):
            Catalog.from_client(client, scopes=["PRIVATE"], cache=tmp_path)
        assert len(list(tmp_path.iterdir())) == 2


def test_a_cloud_of_ones_own_is_kept_only_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    aws, own = "https://greengrass.eu-west-1.amazonaws.com", "http://127.0.0.1:1"
    RecipeCache.of(own, None).write("arn", b"own")
    assert list(tmp_path.iterdir()) == []
    for endpoint in (own, "http://127.0.0.1:2", aws):
        cache = RecipeCache.of(endpoint, tmp_path / "mine")
        assert cache.read("arn") is None
        cache.write("arn", endpoint.encode())
        assert cache.read("arn") == endpoint.encode()
    assert RecipeCache.of("https://greengrass.eu-west-1.api.aws", tmp_path / "mine").read("arn") == aws.encode()
    RecipeCache.of(aws, None).write("arn", b"{}")
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert user_cache() == tmp_path / "fleetgrass" / "recipes"
    (kept,) = user_cache().iterdir()
    assert kept.read_bytes().endswith(b"\n{}")


def test_a_folder_that_cannot_be_written_to_is_passed_over(tmp_path: Path) -> None:
    file = write(tmp_path, "file", "no folder")
    cache = RecipeCache.of("http://127.0.0.1:1", file)
    cache.write("arn", b"{}")
    assert cache.read("arn") is None

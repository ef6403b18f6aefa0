"""What the lint finds, in every form a recipe can be given in, and in the recipes of public repositories."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from fleetgrass import resolve

PUBLIC = Path(__file__).parents[2] / "shared" / "vectors" / "recipes"

RECIPE = """\
RecipeFormatVersion: 2020-01-25
ComponentName: com.example.Pump
ComponentVersion: 1.0.0
ComponentDependencies:
  com.example.Valve:
    VersionRequirement: '>=2.0'
Manifests:
- Platform:
    os: linux
    architecture: arm64
"""


def told(findings: list[resolve.Finding]) -> list[tuple[str, str, int | None]]:
    return [(finding.code, finding.place, finding.line) for finding in findings]


def test_a_finding_tells_code_place_line_and_remedy() -> None:
    findings = resolve.lint(RECIPE)
    requirement = 'ComponentDependencies["com.example.Valve"].VersionRequirement'
    assert told(findings) == [
        ("partial_comparator", requirement, 6),
        ("prerelease_leak", requirement, 6),
        ("label_never_matches", 'Manifests[0].Platform["architecture"]', 10),
        ("no_catch_all_manifest", "Manifests", 8),
        ("lite_runtime_missing", "Manifests", 8),
    ]
    assert str(findings[2]) == (
        'error: Manifests[0].Platform["architecture"] (line 10): no device calls its architecture "arm64"; '
        'write "aarch64" [label_never_matches]'
    )


def test_text_bytes_dicts_and_files_are_alike(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE, "utf-8")
    codes = [finding.code for finding in resolve.lint(RECIPE)]
    content = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "com.example.Pump",
        "ComponentVersion": "1.0.0",
        "ComponentDependencies": {"com.example.Valve": {"VersionRequirement": ">=2.0"}},
        "Manifests": [{"Platform": {"os": "linux", "architecture": "arm64"}}],
    }
    assert [finding.code for finding in resolve.lint(content)] == codes
    assert resolve.lint(RECIPE.encode()) == resolve.lint(RECIPE)
    findings = resolve.lint(file)
    assert [finding.code for finding in findings] == codes
    assert str(findings[0]).startswith(f"{file}: warning: ComponentDependencies")


@pytest.mark.parametrize(
    ("text", "code", "place", "line"),
    [
        (RECIPE.replace(">=2.0", "<3.x"), "unreadable_requirement", "VersionRequirement", 6),
        (RECIPE.replace("com.example.Pump", "a b"), "unreadable_recipe", "ComponentName", 2),
        ('{"RecipeFormatVersion": "2020-01-25",\n"ComponentName": ""}', "unreadable_recipe", "ComponentName", 2),
        ("a: [", "unreadable_recipe", "", 1),
        ("\ud800", "unreadable_recipe", "", 1),
    ],
)
def test_what_cannot_be_read_is_a_finding(text: str, code: str, place: str, line: int) -> None:
    finding = resolve.lint(text)[0]
    assert (finding.code, finding.severity, finding.line) == (code, "error", line)
    assert finding.place.endswith(place)


def test_dependencies_that_lead_back_are_found_over_a_catalogue() -> None:
    catalog = {"com.example.Valve": {"2.1.0": {"deps": {"com.example.Pump": "*"}}}}
    found = [finding for finding in resolve.lint(RECIPE, catalog=catalog) if finding.code == "circular_dependency"]
    assert told(found) == [("circular_dependency", 'ComponentDependencies["com.example.Valve"]', None)]
    assert found[0].message == (
        "it leads back: com.example.Pump 1.0.0 needs com.example.Valve 2.1.0 needs com.example.Pump"
    )


def test_bad_arguments_are_named() -> None:
    with pytest.raises(TypeError, match="recipe is of int: give text, a dict or a path object"):
        resolve.lint(1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="recipe must be what JSON can hold"):
        resolve.lint({"Manifests": {1, 2}})
    with pytest.raises(FileNotFoundError):
        resolve.lint(Path("no such file"))


def test_the_files_of_a_manifest_differ_in_name() -> None:
    def codes(*manifests: list[str]) -> list[tuple[str, str]]:
        artifacts = [{"Artifacts": [{"URI": uri} for uri in uris]} for uris in manifests]
        recipe = {"RecipeFormatVersion": "2020-01-25", "ComponentName": "a", "ComponentVersion": "1.0.0"}
        return [
            (finding.code, finding.place)
            for finding in resolve.lint({**recipe, "Manifests": artifacts})
            if finding.code == "same_file_name"
        ]

    assert codes(["s3://a/one/x.py", "s3://b/x.py", "s3://b/y.py", "s3://c/x.py"]) == [
        ("same_file_name", "Manifests[0].Artifacts[1]"),
        ("same_file_name", "Manifests[0].Artifacts[3]"),
    ]
    # another manifest has a folder of its own on the device, and images have none
    assert codes(["s3://a/x.py"], ["s3://b/x.py"]) == codes(["docker:a/x:1", "docker:b/x:1"]) == []


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="needs the recipes of public repositories in ../shared/vectors/recipes")
def test_public_recipes_have_these_findings() -> None:
    counts: Counter[str] = Counter()
    files = [file for file in sorted(PUBLIC.iterdir()) if file.suffix != ".md"]
    for file in files:
        findings = resolve.lint(file)
        counts.update({finding.code for finding in findings})
        for finding in findings:
            assert finding.line is not None, finding
    assert len(files) == 78
    assert counts == COUNTS


#: In how many of the 78 each is found.
COUNTS = {
    "lite_runtime_missing": 39,
    "no_catch_all_manifest": 20,
    "npm_disagrees": 1,
    "prerelease_leak": 9,
    "run_and_startup": 1,
    "self_dependency": 1,
    "unknown_step": 2,
    "unpinned_nucleus": 1,
    "unreadable_recipe": 26,
    "unreadable_requirement": 1,
}

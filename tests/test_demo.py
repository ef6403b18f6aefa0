"""The main job in one command, and the command line around it."""

import io
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import pytest
from rich.console import Console

from fleetgrass import demo
from fleetgrass.__main__ import main
from fleetgrass.emulator import Emulator

#: The recipes of public repositories. They lie beside the checkout, where there is room for them.
RECIPES = Path(__file__).parents[2] / "shared" / "vectors" / "recipes"


def printed(findings: demo.Findings) -> str:
    console = Console(file=io.StringIO(), width=100)
    demo.show(findings, console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def connect_boto3(emulator: Emulator) -> Any:
    return boto3.client(
        "greengrassv2",
        endpoint_url=emulator.endpoint_url,
        region_name=emulator.region_name,
        **emulator.credentials,
    )


def outcome(findings: demo.Findings) -> tuple[Any, ...]:
    return (
        findings.problems,
        findings.published,
        findings.running,
        findings.failed,
        findings.calls,
        findings.deployments,
    )


def recipe(name: str, version: str = "1.0.0") -> str:
    return json.dumps({"RecipeFormatVersion": "2020-01-25", "ComponentName": name, "ComponentVersion": version})


def test_our_own_fleet() -> None:
    findings = demo.run(devices=100)
    assert findings.devices == 100
    # every device of a deployment either runs its component or failed it
    for name in {name for name, _ in findings.published}:
        roots = sum(count for failure, count in findings.failed.items() if failure.deployment == name)
        runs = sum(count for (component, *_), count in findings.running.items() if component == name)
        assert roots + runs >= 20
    bridge = {key[2]: count for key, count in findings.running.items() if key[0] == "com.example.OpcBridge"}
    assert bridge == {"windows/amd64": 4}
    reasons = [failure.reason for failure in findings.failed if failure.deployment == "com.example.OpcBridge"]
    assert len(reasons) == 2
    assert all("'com.example.OpcBridge' is incompatible" in reason for reason in reasons)
    assert [(problem.file, problem.key) for problem in findings.problems] == [
        ("com.example.EdgeDashboard-1.2.0.yaml", "ComponentVersion (line 4)"),
        (
            "com.example.EdgeDashboard-1.2.0.yaml",
            'ComponentDependencies["com.example.TelemetryAgent"].VersionRequirement (line 9)',
        ),
    ]
    assert list(findings.seconds) == [
        "start the cloud",
        "publish the recipes",
        "register the devices",
        "deploy to the groups",
        "read the fleet back",
    ]


def test_boto3_finds_the_same() -> None:
    assert outcome(demo.run(devices=30)) == outcome(demo.run(devices=30, connect=connect_boto3))


@pytest.mark.skipif(not RECIPES.is_dir(), reason="the recipes of public repositories are not here")
def test_recipes_from_public_repositories() -> None:
    findings = demo.run(RECIPES, devices=100)
    files = {path.name for path in RECIPES.iterdir()} - {"README.md"}
    told = {problem.file for problem in findings.problems}
    assert (findings.files, len(files)) == (78, 78)
    # every file is published or has its problem told
    assert len(findings.published) + len(told) == len(files)
    wrong_by_name = {
        name for name in files if any(word in name.lower() for word in ("error-", "-fail-", "illegal", "invalid"))
    }
    assert len(wrong_by_name) == 7
    assert wrong_by_name <= told
    assert "hello_world_recipe.yaml" not in told
    problems = {problem.file: problem for problem in findings.problems}
    assert problems["sample-recipe-fail-missing-uri.yaml"].key == "Manifests[0].Artifacts[0].URI (line 10)"
    same = [problem for problem in findings.problems if "already" in problem.what]
    assert len(same) == 8
    assert problems["valid_component_recipe.json"].what == (
        "com.example.HelloWorld 1.0.0 is published from hello_world_recipe.yaml already; give it another version"
    )


def test_what_is_printed() -> None:
    findings = demo.run(devices=100)
    text = printed(findings)
    for title in (
        "Not published: 1 of 7 recipes",
        "What runs where on 100 core devices",
        "What failed on 40 core devices, and why",
        "How long it took",
    ):
        assert title in text
    assert '  ComponentVersion (line 4): "1.2" is not a version' in text
    assert "  16 devices: No local or cloud component version satisfies the requirements. Component" in text
    assert "Check whether" not in text


def test_brackets_are_text(tmp_path: Path) -> None:
    (tmp_path / "[red]a.json").write_text('{"ComponentName": "[bold]"}')
    assert "[red]a.json" in printed(demo.run(tmp_path, devices=1))


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_published(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(recipe("a"))
    (tmp_path / "b.yaml").mkdir()
    (tmp_path / "c.yml").symlink_to(tmp_path / "nowhere")
    findings = demo.run(tmp_path, devices=1)
    assert findings.published == {("a", "1.0.0"): "a.json"}
    assert findings.problems == [
        demo.Problem("b.yaml", "", "it cannot be read: Is a directory"),
        demo.Problem("c.yml", "", "it cannot be read: No such file or directory"),
    ]


def test_components_whose_groups_would_be_alike_are_told_apart(tmp_path: Path) -> None:
    names = ["a.b", "a-b", "n" * 128, "n" * 127 + "m"]
    for name in names:
        (tmp_path / f"{name}.json").write_text(recipe(name))
    findings = demo.run(tmp_path, devices=40)
    assert (findings.devices, findings.deployments) == (40, 4)
    reached = Counter(failure.deployment for failure in findings.failed.elements())
    assert reached == dict.fromkeys(names, 10)  # no manifest fits, and no device is reached by two deployments


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["demo", "no/such/folder"], "no/such/folder cannot be read: No such file or directory"),
        (["demo", str(Path(__file__).parent / "support")], "holds no recipe: name a folder with"),
        (["demo", __file__], "cannot be read: Not a directory"),
        (["demo", "--devices", "0"], "0 devices make no fleet"),
    ],
)
def test_mistakes_end_with_a_sentence(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("fleetgrass: ")
    assert text in error


def test_without_rich(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert main(["demo"]) == 1
    assert "pip install 'fleetgrass[cli]'" in capsys.readouterr().err


def test_the_demo_as_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--devices", "10"]) == 0
    assert "What runs where on 10 core devices" in capsys.readouterr().out


def test_ctrl_c_ends_the_demo_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", interrupted)
    assert main(["demo"]) == 130

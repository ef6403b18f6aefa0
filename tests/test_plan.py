"""Plans: what a deployment would make of devices, in Python, as tables, and on the command line."""

from __future__ import annotations

import io
import json
import pickle
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from fleetgrass import exceptions, resolve
from fleetgrass.__main__ import main
from fleetgrass.resolve import Catalog, PlanConflictError

TARGET = "arn:aws:iot:eu-west-1:111122223333:thinggroup/line-4"
CATALOG = Catalog(
    {
        "A": {"1.0.0": {"deps": {"B": "^1.0.0"}}, "2.0.0": {"deps": {"B": "^2.0.0"}}},
        "B": {"1.0.0": {}, "1.1.0": {}, "2.0.0": {}},
        "C": {"1.0.0": {"deps": {"B": "<1.1.0"}}},
        "W": {"1.0.0": {"manifests": [{"Platform": {"os": "windows"}}]}},
    }
)


def deployment(*roots: str, **params: Any) -> dict[str, Any]:
    components = {name: {"componentVersion": version} for name, _, version in (root.partition(" ") for root in roots)}
    return {"targetArn": TARGET, "components": components, **params}


def test_each_distinct_state_is_resolved_once() -> None:
    bare = {"platform": {"os": "linux", "architecture": "amd64"}}
    devices = {
        "one": "linux/amd64",
        "two": bare,
        "three": {"platform": "linux/amd64", "active": {"A": "2.0.0", "B": "2.0.0", "C": "1.0.0"}},
        "four": {"active": {"C": "1.0.0", "B": "2.0.0", "A": "2.0.0"}, "platform": "linux/amd64"},
        "five": {"platform": "linux/amd64", "other_groups": {"thinggroup/all": {"C": "1.0.0"}}},
    }
    plan = resolve.plan(deployment("A 1.0.0"), CATALOG, devices=devices)
    assert (len(plan), [state.devices for state in plan.states]) == (5, [["one"], ["two"], ["three", "four"], ["five"]])
    assert plan.device("two").result == {"A": "1.0.0", "B": "1.1.0"}
    assert plan.device("five").result == {"A": "1.0.0", "B": "1.0.0", "C": "1.0.0"}
    changed = plan.device("four").components
    assert {name: (facts["change"], facts["from"], facts["to"], facts["root"]) for name, facts in changed.items()} == {
        "A": ("downgrade", "2.0.0", "1.0.0", True),
        "B": ("downgrade", "2.0.0", "1.1.0", False),
        "C": ("remove", "1.0.0", None, False),
    }
    assert plan.device("three") is plan.device("four")
    assert list(plan.device("one").changes("install")) == ["A", "B"]
    assert plan.device("one").requirements["B"] == {"A": ">=1.0.0 <2.0.0"}
    assert plan.conflicts == []
    plan.raise_for_conflicts()
    with pytest.raises(KeyError):
        plan.device("six")


def test_a_plan_is_what_simulations_say() -> None:
    """Random catalogues and states, each device against a simulation of its own."""
    chance = random.Random(7)
    versions = ["1.0.0", "1.1.0", "2.0.0"]
    for _ in range(30):
        names = "ABCDE"
        catalog = {
            name: {
                version: {
                    "deps": {need: chance.choice(["^1.0.0", ">=1.1.0", "<2.0.0", "*"]) for need in names[at + 1 :]}
                }
                for version in chance.sample(versions, 2)
            }
            for at, name in enumerate(names)
        }
        root = chance.choice(list(catalog["A"]))
        devices = [
            {"active": {"B": chance.choice(versions)}, "other_groups": {"thing/t": {"C": chance.choice(versions)}}}
            for _ in range(4)
        ]
        planned = resolve.plan(
            deployment(f"A {root}"), catalog, devices=[{"platform": "linux/amd64", **device} for device in devices]
        )
        for at, device in enumerate(devices):
            simulation = resolve.simulate(
                platform={"os": "linux", "architecture": "amd64"},
                catalog=catalog,
                device={"active": device["active"]},
                deployment={"target": "thinggroup/line-4", "components": [{"name": "A", "version": root}]},
                other_groups=device["other_groups"],
            )
            state = planned.device(f"devices[{at}]")
            assert (state.result, state.error, state.trace) == (simulation.result, simulation.error, simulation.trace)
            assert (state.order_sensitive, state.orphans) == (simulation.order_sensitive, simulation.orphans)
            # a refused deployment changes nothing
            after = {name: facts["to"] for name, facts in state.components.items() if facts["to"]}
            assert after == (simulation.result if simulation.result is not None else device["active"])


def test_the_nucleus_stays_whether_it_is_published_or_not() -> None:
    nucleus = {"name": "aws.greengrass.Nucleus", "version": "2.12.0"}
    catalog = {"A": {"1.0.0": {"deps": {"aws.greengrass.Nucleus": ">=2.0.0 <2.13.0"}}, "2.0.0": {}}}
    device = {"platform": "linux/amd64", "nucleus": nucleus}
    for version, trace in [("1.0.0", "aws.greengrass.Nucleus@2.12.0(nucleus-skip)"), ("2.0.0", "A@2.0.0(cloud)")]:
        state = resolve.plan(deployment(f"A {version}"), catalog, devices=[device]).states[0]
        assert state.trace[-1] == trace
        assert state.components["aws.greengrass.Nucleus"]["change"] == "keep"
        assert state.components["aws.greengrass.Nucleus"]["to"] == "2.12.0"


def test_the_configuration_afterwards() -> None:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "A",
        "ComponentVersion": "1.0.0",
        "ComponentConfiguration": {"DefaultConfiguration": {"port": 80, "host": "a", "new": True}},
        "Manifests": [{}],
    }
    update = {"merge": '{"port": 8080, "level": {"x": 1}}', "reset": ["/host"]}
    plan = resolve.plan(
        {"targetArn": TARGET, "components": {"A": {"componentVersion": "1.0.0", "configurationUpdate": update}}},
        Catalog.from_recipes([recipe]),
        devices={
            "new": "linux/amd64",
            "old": {
                "platform": "linux/amd64",
                "active": {"A": "1.0.0"},
                "configuration": {"A": {"port": 1, "host": "b", "mine": 2}},
            },
            "later": {
                "platform": "linux/amd64",
                "active": {"A": "1.0.0"},
                "configuration": {"A": {"port": 1}},
                "configuration_timestamps": {"A": {"/port": 2000}},
            },
        },
        deployment_timestamp=1000,
    )
    assert plan.device("new").components["A"]["configuration"] == {
        "host": "a", "level": {"x": 1}, "new": True, "port": 8080,
    }  # fmt: skip
    assert plan.device("old").components["A"]["configuration"] == {
        "host": "a", "level": {"x": 1}, "mine": 2, "new": True, "port": 8080,
    }  # fmt: skip
    assert plan.device("later").components["A"]["configuration"]["port"] == 1


@pytest.fixture
def conflicting() -> resolve.Plan:
    devices = [
        {"name": "pump-1", "platform": "linux/amd64", "other_groups": {"thinggroup/all": {"B": "1.0.0"}}},
        {"name": "pump-2", "platform": "linux/amd64"},
        {"name": "pump-3", "platform": "linux/amd64", "active": {"A": "1.0.0"}},
    ]
    return resolve.plan(deployment("A 2.0.0", "W 1.0.0"), CATALOG, devices=[*devices, "windows/amd64"])


def test_conflicts_are_told(conflicting: resolve.Plan) -> None:
    kinds = {state.devices[0]: state.error and state.error.kind for state in conflicting.states}
    assert kinds == {
        "pump-1": "no_available_version",
        "pump-2": "platform_incompatible",
        "pump-3": "platform_incompatible",
        "devices[3]": None,
    }
    with pytest.raises(PlanConflictError) as raised:
        conflicting.raise_for_conflicts()
    assert raised.value.plan is conflicting
    lines = str(raised.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("pump-1: No local or cloud component version satisfies the requirements.")
    assert conflicting.device("pump-3").components["A"]["change"] == "keep"


def test_a_plan_can_be_looked_at(conflicting: resolve.Plan) -> None:
    text = str(conflicting)
    head = "thinggroup/line-4: 4 devices in 4 distinct states, 3 devices would refuse it"
    assert head in text.splitlines()[0]
    assert "REFUSED (platform_incompatible)" in text
    assert "+ A  2.0.0  root" in text
    assert "no_catch_all_manifest" in text  # W is for windows only
    html = conflicting._repr_html_()
    assert html.count("<table>") == 4
    assert "<script" not in resolve.plan(deployment("A 1.0.0"), CATALOG, devices={"<script>": "a/b"})._repr_html_()
    console = Console(file=io.StringIO(), width=150)
    console.print(conflicting)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert head in printed
    assert "install" in printed
    assert json.loads(json.dumps(conflicting.to_dict()))["states"][0]["error"]["kind"] == "no_available_version"
    assert repr(conflicting).endswith("4 devices in 4 states, 3 in conflict>")
    one = resolve.plan(deployment("A 1.0.0"), CATALOG, devices=["a/b"])
    assert repr(one).endswith("1 device in 1 state, 0 in conflict>")
    assert repr(one.states[0]).startswith("<DeviceState of 1 device result=")
    many = resolve.plan(
        deployment("A 1.0.0"),
        CATALOG,
        devices=[{"platform": "linux/amd64", "active": {"B": f"1.0.{n}"}} for n in range(30)],
    )
    assert "… and 10 more states" in str(many)
    assert "… and 10 more states" in many._repr_html_()


def test_a_plan_is_an_arrow_table(conflicting: resolve.Plan) -> None:
    table = pa.table(conflicting)
    assert table.column_names == [
        "device", "state", "component", "change", "from_version", "to_version", "root", "error",
    ]  # fmt: skip
    rows = table.to_pylist()
    assert rows == [
        {
            "device": name,
            "state": at,
            "component": component,
            "change": facts and facts["change"],
            "from_version": facts and facts["from"],
            "to_version": facts and facts["to"],
            "root": facts and facts["root"],
            "error": state.error and state.error.kind,
        }
        for at, state in enumerate(conflicting.states)
        for name in state.devices
        for component, facts in (state.components.items() or [(None, None)])
    ]
    assert rows[0]["component"] is None
    # each reading begins anew, in several batches
    plan = resolve.plan(
        deployment("A 1.0.0"), CATALOG, devices=({"name": str(n), "platform": "a/b"} for n in range(9000))
    )
    reader = pa.RecordBatchReader.from_stream(plan)
    assert [batch.num_rows for batch in reader] == [8192, 8192, 1616]
    assert pa.table(plan).num_rows == 18_000
    assert len(plan.states) == 1


@pytest.mark.parametrize(
    ("wrong", "devices", "told"),
    [
        ({"targetArn": "thinggroup/x"}, ["a/b"], ['deployment["targetArn"] is "thinggroup/x"', "give the ARN"]),
        ({"targetArn": TARGET.rpartition("/")[0] + "/"}, ["a/b"], ['deployment["targetArn"]', "give the ARN"]),
        (
            {"components": {"A": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": "[1]"}}}},
            ["a/b"],
            ['["A"]["configurationUpdate"]["merge"] is "[1]"', "a JSON object as text"],
        ),
        (
            {"components": {"A": {"componentVersion": "1.0.0", "configurationUpdate": {"reset": ["port"]}}}},
            ["a/b"],
            ['["reset"][0] is "port"', "a JSON pointer"],
        ),
        (
            {"components": {"A": {"componentVersion": "^1.0.0"}}},
            ["a/b"],
            ['deployment["components"]["A"]["componentVersion"] is "^1.0.0"', "one version", "no range"],
        ),
        ({"components": {"A": {"componentVersion": "1.0"}}}, ["a/b"], ['["componentVersion"] is "1.0"', "one version"]),
        (
            {"components": {"A": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": "[" * 1000}}}},
            ["a/b"],
            [f'["merge"] is "{"[" * 100}"... (1000 characters): give a JSON object'],
        ),
        ({}, ["linux"], ['devices[0]["platform"] is "linux"', '"linux/amd64"']),
        ({}, ["linux/arm/v7"], ['devices[0]["platform"] is "linux/arm/v7"', '"architecture": "amd64"']),
        ({}, [{"platform": "a/b", "engine": "heavy"}], ['devices[0]["engine"] is "heavy"', '"classic" or "lite"']),
        ({}, [{}], ['devices[0]["platform"] is missing', '"linux/amd64"']),
        ({}, [1], ["devices[0] is 1", "dict"]),
        ({}, ["a/b", {"platform": "a/b", "activ": {}}], ['devices[1]["activ"] is unknown', "active", "configuration"]),
        ({}, {"x": {"platform": {"os": 1}}}, ['devices["x"]["platform"]["os"] is 1', "text"]),
        ({}, {"x": {"platform": "a/b", "active": {"A": "1"}}}, ['devices["x"]["active"]["A"]', "three numbers"]),
        (
            {},
            [{"platform": "a/b", "other_groups": {"g": {}}}],
            ['devices[0]["other_groups"]["g"]', "thinggroup/<name>"],
        ),
        ({}, [{"platform": "a/b", "name": 1}], ['devices[0]["name"] is 1', "text"]),
        ({}, [{"platform": "a/b", "name": "x"}] * 2, ['called "x"', "a name of its own"]),
        ({}, [{"platform": "a/b", "configuration": {"A": 1}}], ['devices[0]["configuration"]["A"]', "a number"]),
        (
            {},
            [{"platform": "a/b", "configuration_timestamps": {"A": {"": 1}}}],
            ['devices[0]["configuration_timestamps"]["A"]', "leave it out"],
        ),
        (
            {"parentTargetArn": TARGET.rpartition("/")[0] + "/"},
            ["a/b"],
            ['deployment["parentTargetArn"]', "give the ARN"],
        ),
        (
            {},
            [{"platform": "a/b", "parents": {"thinggroup/s": "thinggroup/p"}}],
            ['devices[0]["parents"]["thinggroup/s"]', "leave it out"],
        ),
        (
            {},
            [{"platform": "a/b", "other_groups": {"thinggroup/s": {}}, "parents": {"thinggroup/s": "p"}}],
            ['devices[0]["parents"]["thinggroup/s"]', "thinggroup/<name>"],
        ),
        ({}, [{"platform": "a/b", "superseded": {"p": {}}}], ['devices[0]["superseded"]', "thinggroup/<name>"]),
        ({}, "linux/amd64", ["devices is the text 'linux/amd64'", "give a list"]),
        ({}, [{"platform": "a/b", "active": {1, 2}}], ['devices[0]["active"]', "set"]),
    ],
)
def test_what_cannot_be_read_is_named_with_its_remedy(wrong: dict[str, Any], devices: Any, told: list[str]) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the texts follow
        resolve.plan({**deployment("A 1.0.0"), **wrong}, CATALOG, devices=devices)
    assert [part for part in told if part not in str(raised.value)] == []


def test_a_deployment_is_checked_as_a_client_checks_it() -> None:
    with pytest.raises(exceptions.ParamValidationError, match='Unknown parameter in input: "component"'):
        resolve.plan({"targetArn": TARGET, "component": {}}, CATALOG, devices=["a/b"])
    with pytest.raises(exceptions.ParamValidationError, match='Missing required parameter in input: "targetArn"'):
        resolve.plan({"components": {}}, CATALOG, devices=["a/b"])


def test_who_would_get_a_new_version() -> None:
    devices = {"a": "linux/amd64", "b": {"platform": "linux/amd64", "other_groups": {"thing/b": {"C": "1.0.0"}}}}
    before, after = (
        resolve.plan(deployment("A 1.0.0"), catalog, devices=devices)
        for catalog in (CATALOG, CATALOG | Catalog({"B": {"1.2.0": {}}}))
    )
    (name,) = before.differences(after)
    assert name == "a"
    assert [state.versions()["B"] for state in before.differences(after)["a"]] == ["1.1.0", "1.2.0"]
    assert before.differences(before) == {}


def write(path: Path, value: Any) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value), "utf-8")
    return str(path)


@pytest.fixture
def recipes(tmp_path: Path) -> str:
    for name, version, needs in [("A", "1.0.0", {"B": "^1.0.0"}), ("A", "2.0.0", {"B": "^3.0.0"}), ("B", "1.0.0", {})]:
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentDependencies": {need: {"VersionRequirement": text} for need, text in needs.items()},
            "Manifests": [{}],
        }
        write(tmp_path / "recipes" / f"{name}-{version}.json", recipe)
    return str(tmp_path / "recipes")


def test_the_command(tmp_path: Path, recipes: str, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = write(tmp_path / "1.json", deployment("A 1.0.0")), write(tmp_path / "2.json", deployment("A 2.0.0"))
    assert main(["plan", good, "--recipes", recipes, "--platform", "linux/amd64", "--platform", "darwin/aarch64"]) == 0
    out = capsys.readouterr().out
    assert "2 devices in 2 distinct states, no conflict" in out
    assert "+ B  1.0.0" in out
    assert main(["plan", bad, "--recipes", recipes, "--platform", "linux/amd64", "--json"]) == 1
    (state,) = json.loads(capsys.readouterr().out)["states"]
    assert (state["devices"], state["error"]["kind"]) == (["linux/amd64"], "no_available_version")
    devices = write(tmp_path / "devices.json", {"pump-1": {"platform": "linux/amd64", "active": {"B": "1.0.0"}}})
    assert main(["plan", good, "--recipes", recipes, "--devices", devices]) == 0
    assert "1 device: pump-1" in capsys.readouterr().out


def test_what_the_command_cannot_read(tmp_path: Path, recipes: str, capsys: pytest.CaptureFixture[str]) -> None:
    good = write(tmp_path / "1.json", deployment("A 1.0.0"))
    (tmp_path / "cut.json").write_text('{"targetArn":', "utf-8")
    (tmp_path / "deep.json").write_text("[" * 100_000, "utf-8")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.yaml").write_text("ComponentName: A\n", "utf-8")
    platform = ["--platform", "linux/amd64"]
    for arguments, told in [
        ([str(tmp_path / "none.json"), "--recipes", recipes, *platform], "none.json"),
        ([str(tmp_path / "cut.json"), "--recipes", recipes, *platform], "cut.json is no JSON"),
        ([good, "--recipes", str(tmp_path / "bad"), *platform], "a.yaml: "),
        ([good, "--recipes", str(tmp_path / "none"), *platform], "is no folder"),
        ([good, "--recipes", recipes, "--platform", "linux"], '"linux/amd64"'),
        ([str(tmp_path / "deep.json"), "--recipes", recipes, *platform], "deep.json is no JSON"),
        ([good, "--recipes", recipes, "--devices", str(tmp_path / "deep.json")], "deep.json is no JSON"),
        ([write(tmp_path / "list.json", []), "--recipes", recipes, *platform], "holds a JSON list: give a dict"),
        ([good, "--recipes", recipes, "--devices", write(tmp_path / "3.json", 3)], "holds a JSON int: give a list"),
        ([good, "--recipes", recipes, "--devices", write(tmp_path / "no.json", None)], "no.json holds null: give a"),
        ([good, "--recipes", recipes, "--devices", write(tmp_path / "{}.json", {})], "{}.json names no device"),
    ]:
        assert main(["plan", *arguments]) == 2, arguments
        assert told in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["plan", good, "--recipes", recipes])
    assert ended.value.code == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device to print to")
def test_a_plan_that_cannot_be_printed_is_no_conflict(tmp_path: Path, recipes: str) -> None:
    good = write(tmp_path / "1.json", deployment("A 1.0.0"))
    command = [sys.executable, "-m", "fleetgrass", "plan", good, "--recipes", recipes, "--platform", "linux/amd64"]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert "No space left" in ended.stderr


def test_a_deployment_stands_in_for_its_parent_and_for_what_is_below_it() -> None:
    sub = TARGET.replace("line-4", "sub")
    groups = {"thinggroup/line-4": {"B": "1.0.0"}, "thing/t": {"A": "1.0.0"}}
    (state,) = resolve.plan(
        {**deployment("B 1.1.0", parentTargetArn=TARGET), "targetArn": sub},
        CATALOG,
        devices=[{"platform": "a/b", "other_groups": groups}],
    ).states
    assert (state.result, state.requirements["B"]) == (
        {"A": "1.0.0", "B": "1.1.0"},
        {"thinggroup/sub": "=1.1.0", "A": ">=1.0.0 <2.0.0"},
    )
    device = {
        "platform": "a/b",
        "other_groups": {"thinggroup/sub": {"B": "1.0.0"}, "thinggroup/far": {"C": "1.0.0"}},
        "parents": {"thinggroup/sub": "thinggroup/line-4", "thinggroup/far": "thinggroup/x"},
    }
    (state,) = resolve.plan(deployment("B 1.0.0"), CATALOG, devices=[device]).states
    assert state.requirements["B"] == {"thinggroup/line-4": "=1.0.0", "C": "<1.1.0"}


def test_a_nucleus_of_another_name_takes_the_place_and_the_configuration_of_the_old_one() -> None:
    kind = {"type": "aws.greengrass.nucleus"}
    catalog = {"aws.greengrass.Nucleus": {"2.5.0": kind}, "my.Nucleus": {"1.0.0": kind}}
    device = {
        "platform": "linux/amd64",
        "nucleus": {"name": "aws.greengrass.Nucleus", "version": "2.5.0"},
        "configuration": {"aws.greengrass.Nucleus": {"logging": {"level": "DEBUG"}}},
    }
    (state,) = resolve.plan(deployment("my.Nucleus 1.0.0"), catalog, devices=[device]).states
    assert {name: (facts["change"], facts["configuration"]) for name, facts in state.components.items()} == {
        "aws.greengrass.Nucleus": ("remove", {}),
        "my.Nucleus": ("install", {"logging": {"level": "DEBUG"}}),
    }


def made(name: str, default: Any) -> dict[str, Any]:
    return {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": "1.0.0",
        "ComponentConfiguration": {"DefaultConfiguration": default},
        "Manifests": [{"Platform": {"os": "linux", "runtime": "*"}}, {}],
    }


def test_each_engine_configures_in_its_own_way() -> None:
    catalog = Catalog.from_recipes([made("A", {"Port": 1})])
    device = {"platform": "linux/amd64", "active": {"A": "1.0.0"}, "configuration": {"A": {"Port": 9}}}
    update = {"merge": '{"port": 2}', "reset": ["/PORT"]}
    asked = {"targetArn": TARGET, "components": {"A": {"componentVersion": "1.0.0", "configurationUpdate": update}}}
    plan = resolve.plan(asked, catalog, devices={"classic": device, "lite": {**device, "engine": "lite"}})
    configured = {name: plan.device(name).components["A"]["configuration"] for name in ("classic", "lite")}
    assert configured == {"classic": {"Port": 2}, "lite": {"Port": 9, "port": 2}}


@pytest.mark.parametrize("default", [[1], "x", 0])
def test_a_default_that_is_no_object_is_none(default: Any) -> None:
    catalog = Catalog.from_recipes([made("A", default), made("B", {"port": 1})])
    plan = resolve.plan(deployment("A 1.0.0", "B 1.0.0"), catalog, devices=["linux/amd64"])
    assert [facts["configuration"] for facts in plan.states[0].components.values()] == [{}, {"port": 1}]
    assert "default_is_no_object" in {finding["code"] for finding in plan.findings if finding["component"] == "A"}


def test_a_conflict_can_be_pickled() -> None:
    plan = resolve.plan(deployment("A 9.0.0"), CATALOG, devices=["a/b"])
    again = pickle.loads(pickle.dumps(PlanConflictError(plan)))
    assert (type(again), str(again)) == (PlanConflictError, str(PlanConflictError(plan)))


@pytest.mark.parametrize("timestamp", [-1, True, 2**63, 1.5])
def test_a_timestamp_that_is_none_is_named(timestamp: Any) -> None:
    with pytest.raises(ValueError, match=f"deployment_timestamp is {timestamp}: give milliseconds since 1970"):
        resolve.plan(deployment("A 1.0.0"), CATALOG, devices=["a/b"], deployment_timestamp=timestamp)

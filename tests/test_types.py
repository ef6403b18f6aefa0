"""The types: those of types-boto3, true at run time, and good for what users write.

The programs of `tests/typing/` are checked, not run: each line with `# expect: error` has to be reported, and no other.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import shutil
import subprocess
import sys
import types
import typing
import venv
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from types_boto3_greengrassv2 import literals, type_defs
from typing_extensions import NotRequired, get_type_hints, is_typeddict

import fleetgrass
from fleetgrass import config, types as ours, waiters

ROOT = Path(__file__).parent.parent
PROGRAMS = ROOT / "tests" / "typing"
PACKAGE = Path(fleetgrass.__file__).parent
PEER = ("types_boto3_greengrassv2", "botocore-stubs")
PEERS_PROGRAM = "types_boto3.py"

#: Where ours are meant to be other than those of types-boto3.
DIFFERENT = {
    "BlobTypeDef",  # theirs has files, which cannot be sent
    "CreateComponentVersionRequestTypeDef",  # has a blob
}


# At run time


def test_every_name_is_there_at_run_time() -> None:
    assert len(ours.__all__) > 100
    for name in ours.__all__:
        assert getattr(ours, name) is not None


def test_classes_are_those_of_the_objects() -> None:
    with fleetgrass.client("greengrassv2", "us-east-1") as client:
        assert isinstance(client, ours.GreengrassV2Client)
        assert isinstance(client.get_paginator("list_components"), ours.ListComponentsPaginator)
        assert isinstance(client.get_waiter("component_deployable"), ours.ComponentDeployableWaiter)
        assert client.waiter_names == list(typing.get_args(ours.WaiterName))
        assert all(client.can_paginate(name) for name in typing.get_args(ours.PaginatorName))


def test_nobody_but_users_loads_them() -> None:
    code = "import fleetgrass, sys; fleetgrass.client('greengrassv2', 'us-east-1'); print(*sys.modules)"
    assert "fleetgrass.types" not in subprocess.check_output([sys.executable, "-c", code], text=True).split()


def form(annotation: Any) -> Any:
    """An annotation that can be compared: TypedDicts by their names, unions and literals without order."""
    if is_typeddict(annotation):
        return annotation.__name__
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return frozenset(arguments)
    if origin in (typing.Union, types.UnionType):
        return frozenset(form(argument) for argument in arguments)
    return (origin, *(form(argument) for argument in arguments)) if origin else annotation


def members(found: Any) -> Any:
    """The members of a TypedDict and which of them are required; of anything else its form."""
    if not is_typeddict(found):
        return form(found)
    hints = get_type_hints(found, include_extras=True)
    optional = {name for name, hint in hints.items() if typing.get_origin(hint) is NotRequired}
    return {name: form(hint) for name, hint in get_type_hints(found).items()}, found.__required_keys__ - optional


@pytest.mark.parametrize("name", sorted(type_defs.__all__))
def test_types_are_those_of_types_boto3(name: str) -> None:
    assert (members(getattr(ours, name)) == members(getattr(type_defs, name))) is (name not in DIFFERENT)


def test_literals_are_those_of_types_boto3() -> None:
    names = [name for name in literals.__all__ if name.endswith("Type") or name == "PaginatorName"]
    assert len(names) > 15
    for name in names:
        assert form(getattr(ours, name)) == form(getattr(literals, name)), name


# The source of both: the model


def test_they_are_what_the_generator_makes() -> None:
    subprocess.run([sys.executable, ROOT / "scripts" / "make_types.py", "--check"], check=True)


def methods(path: Path, name: str) -> list[ast.FunctionDef]:
    """The functions of a class of this file, or, with an empty name, those of the file and its `if` blocks."""
    tree = ast.parse(path.read_text())
    found = next(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == name) if name else tree
    blocks = [found, *(node for node in found.body if isinstance(node, ast.If))]
    return [node for block in blocks for node in block.body if isinstance(node, ast.FunctionDef)]


def keywords(function: ast.FunctionDef) -> list[tuple[str, bool]]:
    """The keyword-only parameters and whether each is required."""
    assert [argument.arg for argument in function.args.args] == ["self"]
    found = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return [(argument.arg, default is None) for argument, default in found]


def test_methods_are_those_of_botocore_and_of_the_client() -> None:
    declared = {function.name: function for function in methods(PACKAGE / "_interface.pyi", "GreengrassV2Client")}
    model = botocore.session.get_session().get_service_model("greengrassv2")
    assert len(model.operation_names) == 29
    with fleetgrass.client("greengrassv2", "us-east-1") as client:
        names = client.meta.method_to_api_mapping
        assert declared.keys() - names.keys() == {"exceptions", "__enter__", "get_paginator", "get_waiter"}
        for name, operation in names.items():
            parameters = keywords(declared[name])
            shape = model.operation_model(operation).input_shape
            assert dict(parameters) == {member: member in shape.required_members for member in shape.members}, name
            at_run_time = inspect.signature(getattr(client, name)).parameters.values()
            assert parameters == [(p.name, p.default is p.empty) for p in at_run_time], name


def test_paginators_and_waiters_take_what_their_methods_take() -> None:
    declared = {function.name: function for function in methods(PACKAGE / "_interface.pyi", "GreengrassV2Client")}
    for waiter in waiters.WAITERS.values():
        (wait,) = methods(PACKAGE / "_interface.pyi", f"{waiter.name}Waiter")
        assert keywords(wait) == [*keywords(declared[waiter.method_name]), ("WaiterConfig", False)]
    with fleetgrass.client("greengrassv2", "us-east-1") as client:
        for name in typing.get_args(ours.PaginatorName):
            cls = f"{client.meta.method_to_api_mapping[name]}Paginator"
            paginate, items = methods(PACKAGE / "_interface.pyi", cls)
            own = {("maxResults", False), ("nextToken", False)}
            taken = [parameter for parameter in keywords(declared[name]) if parameter not in own]
            assert keywords(paginate) == keywords(items) == [*taken, ("PaginationConfig", False)]


def test_overloads_of_client_have_its_parameters() -> None:
    parameters = list(inspect.signature(fleetgrass.Session.client).parameters)
    in_session = [f for f in methods(PACKAGE / "session.py", "Session") if f.name == "client"]
    in_module = [f for f in methods(PACKAGE / "__init__.py", "") if f.name == "client" and f.decorator_list]
    assert len(in_session) == 3
    assert len(in_module) == 2
    for function in in_session:
        assert [argument.arg for argument in function.args.args] == parameters
    for function in in_module:
        assert [argument.arg for argument in function.args.args] == parameters[1:]


def test_options_of_config_are_declared_in_their_order() -> None:
    tree = ast.parse((PACKAGE / "config.py").read_text())
    options = next(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == "_Options")
    declared = {n.target.id: n.value for n in options.body if isinstance(n, ast.AnnAssign)}
    assert list(declared) == [*config.OPTION_DEFAULTS, *config.OWN_DEFAULTS]
    defaults = {name: ast.literal_eval(declared[name]) for name in config.OPTION_DEFAULTS}
    assert defaults == config.OPTION_DEFAULTS
    for name in config.OWN_DEFAULTS:
        assert ast.unparse(declared[name]).endswith("kw_only=True)")


# In checkers


def environment(home: Path, *packages: str) -> str:
    """The interpreter of an environment that has fleetgrass and these packages of the present one."""
    venv.create(home, symlinks=True)
    interpreter = home / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    there = Path(subprocess.check_output([interpreter, "-c", code], text=True).strip())
    for package in (PACKAGE, *(Path(type_defs.__file__).parent.parent / name for name in packages)):
        shutil.copytree(package, there / package.name, ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    return str(interpreter)


@pytest.fixture(scope="module", params=[(), PEER], ids=["alone", "with types-boto3"])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder of programs, and the interpreter of a user who has types-boto3 or does not."""
    home = tmp_path_factory.mktemp("typing")
    shutil.copytree(PROGRAMS, home / "programs")
    if not request.param:
        (home / "programs" / PEERS_PROGRAM).unlink()
    return home / "programs", environment(home / "venv", *request.param)


def expected(programs: Path) -> set[tuple[str, int]]:
    return {
        (path.name, number)
        for path in programs.glob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.endswith("# expect: error")
    }


def run(*command: str, cwd: Path) -> str:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True).stdout


@pytest.mark.timeout(300)
def test_mypy_finds_what_is_wrong_and_no_more(project: tuple[Path, str]) -> None:
    programs, interpreter = project
    options = (
        "--config-file=",
        "--strict",
        "--no-error-summary",
        "--hide-error-context",
        "--python-executable",
        interpreter,
    )
    report = run(sys.executable, "-m", "mypy", *options, ".", cwd=programs)
    errors = [line for line in report.splitlines() if ": error: " in line]
    found = {(line.split(":")[0], int(line.split(":")[1])) for line in errors}
    assert found == expected(programs), report


@pytest.mark.timeout(300)
def test_pyright_finds_what_is_wrong_and_no_more(project: tuple[Path, str]) -> None:
    programs, interpreter = project
    (programs / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    report = pyright("--pythonpath", interpreter, ".", cwd=programs)
    errors = [d for d in report["generalDiagnostics"] if d["severity"] == "error"]
    found = {(Path(d["file"]).name, d["range"]["start"]["line"] + 1) for d in errors}
    assert found == expected(programs), json.dumps(errors, indent=1)


@pytest.mark.timeout(300)
def test_all_that_is_public_has_a_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter = Path(environment(tmp_path / "venv"))
    monkeypatch.setenv("PATH", str(interpreter.parent), prepend=os.pathsep)  # here pyright takes no --pythonpath
    report = pyright("--verifytypes", "fleetgrass", "--ignoreexternal", cwd=tmp_path)["typeCompleteness"]
    assert report["pyTypedPath"].startswith(str(tmp_path))
    assert report["exportedSymbolCounts"]["withKnownType"] > 1000
    untyped = [s["name"] for s in report["symbols"] if s["isExported"] and not s["isTypeKnown"]]
    assert untyped == [], untyped


def pyright(*options: str, cwd: Path) -> Any:
    return json.loads(run(sys.executable, "-m", "basedpyright", "--outputjson", *options, cwd=cwd))

"""Write what type checkers and editors know of the client, from src/model/greengrassv2.json.

    python/fleetgrass/types.py          the TypedDicts and Literals, importable at run time
    python/fleetgrass/_interface.pyi    the client, its paginators and waiters with typed parameters
    python/fleetgrass/_types_boto3.pyi  what of it derives from types-boto3 for type checkers
    python/fleetgrass/aio/_interface.pyi    the client of `fleetgrass.aio`

Names and fields are those of the package `types-boto3-greengrassv2`, which users of boto3 know: a shape is a
`<Shape>TypeDef`, an enum a `<Enum>Type`. As there, a member of an answer counts as present, a token as optional; a
parameter takes a Sequence or Mapping where an answer has a list or dict, so that a shape that is both has a twin
`<Shape>OutputTypeDef`, and a parameter takes either.

    python scripts/make_types.py            # write
    python scripts/make_types.py --check    # exit 1 if the files are not what the model says
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from botocore import xform_name

from fleetgrass.waiters import WAITERS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "python" / "fleetgrass"
LINE = 120
NARROWER = "type: ignore[override]"

SCALARS = {
    "string": "str",
    "integer": "int",
    "long": "int",
    "double": "float",
    "boolean": "bool",
    "timestamp": "datetime",
}

#: A twin whose one half types-boto3 does not take as a parameter. If we did, their TypedDicts would not fit ours.
NOT_TAKEN_BACK = {"IoTJobAbortConfig"}

#: What is not of the model: name -> members, each with whether it is required.
FIXED = {
    "ResponseMetadata": {
        "RequestId": ("str", True),
        "HTTPStatusCode": ("int", True),
        "HTTPHeaders": ("dict[str, str]", True),
        "RetryAttempts": ("int", True),
        "HostId": ("str", False),
    },
    "EmptyResponseMetadata": {"ResponseMetadata": ("ResponseMetadataTypeDef", True)},
    "PaginatorConfig": {"MaxItems": ("int", False), "PageSize": ("int", False), "StartingToken": ("str", False)},
    "WaiterConfig": {"Delay": ("float", False), "MaxAttempts": ("int", False)},
}

TYPES_HEAD = """\
\"""The types of parameters and answers: `from fleetgrass.types import CreateDeploymentRequestTypeDef`.

Made by `scripts/make_types.py`. Names and fields are those of `types_boto3_greengrassv2`. At run time the TypedDicts
are real, `GreengrassV2Client` is the class of clients, and all paginators and waiters have one class each.
\"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypedDict

"""

INTERFACE_HEAD = """\
\"""What type checkers see of the client that `_client.py` makes from the model. Made by `scripts/make_types.py`.\"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, overload

from fleetgrass._client import BaseClient
from fleetgrass._errors import ClientError
from fleetgrass.exceptions import BaseServiceExceptions
from fleetgrass.paginate import PageIterator, Paginator
"""

AIO_INTERFACE_HEAD = """\
\"""What type checkers see of the client of `fleetgrass.aio`. Made by `scripts/make_types.py`.\"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal, overload

from fleetgrass._interface import GreengrassV2Exceptions
from fleetgrass.aio._client import BaseClient
from fleetgrass.aio.paginate import PageIterator, Paginator
from fleetgrass.aio.waiters import Waiter
"""

TYPES_BOTO3 = """\
\"""The client and its paginators as types-boto3 declares them, where it is installed. Made by `scripts/make_types.py`.

Ours derive from them for type checkers, so that they are accepted where theirs are asked for. The imports are of all
names on purpose: one by name would leave the name unknown where types-boto3 is missing, and with it our class.
\"""

try:
    from types_boto3_greengrassv2.client import *
    from types_boto3_greengrassv2.paginator import *
except ImportError:
"""

Members = dict[str, tuple[str, bool]]


class Service:
    """The model, read as types."""

    def __init__(self, model: dict[str, Any]) -> None:
        self.operations: dict[str, Any] = model["operations"]
        self.shapes: dict[str, Any] = model["shapes"]
        self.pagination: dict[str, Any] = model["pagination"]
        self.inputs = self._reach("input")
        self.outputs = self._reach("output")
        self.responses = {o["output"]["shape"]: name for name, o in self.operations.items() if "output" in o}

    def _reach(self, side: str) -> set[str]:
        """The shapes that the inputs or outputs of operations are made of."""
        found: set[str] = set()
        waiting = [operation[side]["shape"] for operation in self.operations.values() if side in operation]
        while waiting:
            if (name := waiting.pop()) not in found:
                found.add(name)
                waiting += self._parts(name)
        return found

    def _parts(self, name: str) -> list[str]:
        shape = self.shapes[name]
        parts = [shape.get(part) for part in ("member", "key", "value")] + list(shape.get("members", {}).values())
        return [part["shape"] for part in parts if part]

    def _has_container(self, name: str) -> bool:
        return any(self.shapes[p]["type"] in ("list", "map") or self._has_container(p) for p in self._parts(name))

    def is_twin(self, name: str) -> bool:
        """Whether a structure is written in one way and read in another."""
        return name in self.inputs and name in self.outputs and self._has_container(name)

    def type_of(self, name: str, side: str) -> str:
        """The annotation of a shape as a parameter ("input") or in an answer ("output")."""
        shape = self.shapes[name]
        kind: str = shape["type"]
        if kind == "structure":
            suffix = "Output" if side == "output" else "" if name in NOT_TAKEN_BACK else "Union"
            return f"{name}{suffix if self.is_twin(name) else ''}TypeDef"
        if kind == "list":
            return f"{'list' if side == 'output' else 'Sequence'}[{self.type_of(shape['member']['shape'], side)}]"
        if kind == "map":
            key, value = (self.type_of(shape[part]["shape"], side) for part in ("key", "value"))
            return f"{'dict' if side == 'output' else 'Mapping'}[{key}, {value}]"
        if kind == "blob":
            return "bytes" if side == "output" else "BlobTypeDef"
        return f"{name}Type" if "enum" in shape else SCALARS[kind]

    def members(self, name: str, side: str) -> Members:
        shape = self.shapes[name]
        required = shape.get("required", [])
        if name in self.responses:
            token = self.pagination.get(self.responses[name], {}).get("output_token")
            required = [member for member in shape["members"] if member != token]
        found = {m: (self.type_of(part["shape"], side), m in required) for m, part in shape["members"].items()}
        return {**found, **FIXED["EmptyResponseMetadata"]} if name in self.responses else found

    def parameters(self, operation: str) -> Members:
        """The parameters of a method, required ones first."""
        members = self.members(self.operations[operation]["input"]["shape"], "input")
        return dict(sorted(members.items(), key=lambda member: not member[1][1]))

    def pagination_parameters(self, operation: str) -> Members:
        """The parameters of `paginate`: without those that the paginator itself sets."""
        paginator = self.pagination[operation]
        own = (paginator["input_token"], paginator["limit_key"])
        members = {name: member for name, member in self.parameters(operation).items() if name not in own}
        return {**members, "PaginationConfig": ("PaginatorConfigTypeDef", False)}

    def answer(self, operation: str) -> str:
        shape = self.operations[operation].get("output", {}).get("shape")
        return f"{shape if shape and self.shapes[shape]['members'] else 'EmptyResponseMetadata'}TypeDef"

    def item(self, operation: str) -> str:
        """What a list of the operation holds."""
        members = self.shapes[self.operations[operation]["output"]["shape"]]["members"]
        items = self.shapes[members[self.pagination[operation]["result_key"]]["shape"]]
        return self.type_of(items["member"]["shape"], "output")

    def paginators(self) -> list[str]:
        return [f"{operation}Paginator" for operation in self.pagination]

    def enums(self) -> dict[str, list[str]]:
        used = sorted(name for name in self.inputs | self.outputs if "enum" in self.shapes[name])
        return {f"{name}Type": literal(self.shapes[name]["enum"]) for name in used}

    def structures(self) -> dict[str, Members | str]:
        """Every TypedDict (and union of them) by its name, after all that it is made of."""
        found: dict[str, Members | str] = {f"{name}TypeDef": members for name, members in FIXED.items()}

        def add(name: str) -> None:
            for part in self._parts(name):
                add(part)
            if self.shapes[name]["type"] != "structure" or not self.shapes[name]["members"]:
                return
            if self.is_twin(name):
                found[f"{name}TypeDef"] = self.members(name, "input")
                found[f"{name}OutputTypeDef"] = self.members(name, "output")
                if name not in NOT_TAKEN_BACK:
                    found[f"{name}UnionTypeDef"] = f"{name}TypeDef | {name}OutputTypeDef"
            else:
                found[f"{name}TypeDef"] = self.members(name, "output" if name in self.outputs else "input")

        for name in sorted(self.inputs | self.outputs):
            add(name)
        for operation in self.pagination:
            request = self.operations[operation]["input"]["shape"]
            found[f"{request}PaginateTypeDef"] = self.pagination_parameters(operation)
        return found


def method_name(operation: str) -> str:
    return str(xform_name(operation))


def class_name(waiter: str) -> str:
    return f"{WAITERS[waiter].name}Waiter"


def bracketed(before: str, items: Iterable[str], after: str) -> str:
    """A list in brackets, on one line where that has room, else one item a line."""
    items = list(items)
    line = f"{before}{', '.join(items)}{after}"
    if len(line) <= LINE:
        return f"{line}\n"
    indent = " " * (len(before) - len(before.lstrip()))
    rows = "".join(f"{indent}    {item},\n" for item in items)
    return f"{before}\n{rows}{indent}{after}\n"


def literal(values: Iterable[str]) -> list[str]:
    return [json.dumps(value) for value in values]


def typed_dict(name: str, members: Members) -> str:
    """A TypedDict; one with required and optional members is two, as NotRequired came with Python 3.11 only."""

    def rows(required: bool) -> str:
        return "".join(f"    {m}: {annotation}\n" for m, (annotation, needed) in members.items() if needed == required)

    if not rows(False):
        return f"class {name}(TypedDict):\n{rows(True)}"
    if not rows(True):
        return f"class {name}(TypedDict, total=False):\n{rows(False)}"
    base = f"_{name.removesuffix('TypeDef')}Required"
    return f"class {base}(TypedDict):\n{rows(True)}\n\nclass {name}({base}, total=False):\n{rows(False)}"


def types_file(service: Service) -> str:
    waiters = [class_name(waiter) for waiter in WAITERS]
    literals = {
        **service.enums(),
        "PaginatorName": literal(map(method_name, service.pagination)),
        "WaiterName": literal(WAITERS),
    }
    structures = service.structures()
    names = sorted(["BlobTypeDef", "GreengrassV2Client", *service.paginators(), *waiters, *literals, *structures])
    text = TYPES_HEAD
    text += "if TYPE_CHECKING:\n    from fleetgrass._interface import *\n"
    text += "else:\n    from fleetgrass._client import GreengrassV2 as GreengrassV2Client\n"
    text += "    from fleetgrass.paginate import Paginator\n    from fleetgrass.waiters import Waiter\n\n"
    text += "".join(f"    {name} = Paginator\n" for name in service.paginators())
    text += "".join(f"    {name} = Waiter\n" for name in waiters)
    text += "\n" + bracketed("__all__ = [", literal(names), "]") + "\n"
    text += "".join(bracketed(f"{name} = Literal[", values, "]") for name, values in literals.items())
    text += "\nBlobTypeDef = str | bytes | bytearray\n"
    for name, members in structures.items():
        text += f"\n\n{typed_dict(name, members)}" if isinstance(members, dict) else f"\n\n{name} = {members}\n"
    return text


def method(
    name: str, parameters: Members, answer: str, *, document: str = "", comment: str = "", start: str = "def"
) -> str:
    """One method, whose parameters are by keyword."""
    items = [f"{m}: {annotation}{'' if required else ' = ...'}" for m, (annotation, required) in parameters.items()]
    after = f") -> {answer}:{'' if document else ' ...'}"
    text = bracketed(f"    {start} {name}(", ["self", *(["*", *items] if items else [])], after)
    if comment:
        text = text.replace("(\n", f"(  # {comment}\n", 1) if "(\n" in text else f"{text[:-1]}  # {comment}\n"
    return text + (f'        """{document}"""\n' if document else "")


def overloads(name: str, argument: str, classes: dict[str, str]) -> str:
    """One method that gives a class of its own for each value; it takes no others, unlike the one that it overrides."""
    each = [
        f"    def {name}(self, {argument}: Literal[{json.dumps(value)}]) -> {found}: ...\n"
        for value, found in classes.items()
    ]
    return f"    @overload  # {NARROWER}\n" + "    @overload\n".join(each)


def interface_file(service: Service, errors: Iterable[str]) -> str:
    body = "\nclass GreengrassV2Exceptions(BaseServiceExceptions):\n"
    body += "".join(f"    {error}: type[ClientError]\n" for error in errors)
    body += pages_and_waiters(service, "__iter__", "Iterator", ", Their{}Paginator", "def")
    body += "\nclass GreengrassV2Client(BaseClient, TheirGreengrassV2Client):\n"
    body += '    """A client of AWS IoT Greengrass V2. Threads may share it."""\n\n'
    body += "    @property\n    def exceptions(self) -> GreengrassV2Exceptions: ...\n"
    body += "    def __enter__(self) -> GreengrassV2Client: ...\n"
    body += methods(service, "def")
    theirs = [f"{name} as Their{name}" for name in ("GreengrassV2Client", *service.paginators())]
    head = INTERFACE_HEAD
    head += bracketed("from fleetgrass._types_boto3 import (", theirs, ")")
    return f"{head}{types_import(service, body)}from fleetgrass.waiters import Waiter\n{body}"


def aio_interface_file(service: Service) -> str:
    body = pages_and_waiters(service, "__aiter__", "AsyncIterator", "", "async def")
    body += "\nclass GreengrassV2Client(BaseClient):\n"
    body += '    """A client of AWS IoT Greengrass V2 for asyncio. Loops may share it."""\n\n'
    body += "    @property\n    def exceptions(self) -> GreengrassV2Exceptions: ...\n"
    body += "    async def __aenter__(self) -> GreengrassV2Client: ...\n"
    body += methods(service, "async def")
    return f"{AIO_INTERFACE_HEAD}{types_import(service, body)}{body}"


def pages_and_waiters(service: Service, iterate: str, iterator: str, base: str, start: str) -> str:
    """The classes of paginators and waiters; `base` is a further one of paginators."""
    body = ""
    for operation in service.pagination:
        body += f"\nclass {operation}PageIterator(PageIterator):\n"
        body += f"    def {iterate}(self) -> {iterator}[{service.answer(operation)}]: ...\n"
        body += f"\nclass {operation}Paginator(Paginator{base.format(operation)}):\n"
        parameters = service.pagination_parameters(operation)
        body += method("paginate", parameters, f"{operation}PageIterator", comment=NARROWER)
        body += method("items", parameters, f"{iterator}[{service.item(operation)}]", comment=NARROWER)
    for name, goal in WAITERS.items():
        operation = next(o for o in service.operations if method_name(o) == goal.method_name)
        body += f"\nclass {class_name(name)}(Waiter):\n"
        parameters = {**service.parameters(operation), "WaiterConfig": ("WaiterConfigTypeDef", False)}
        body += method("wait", parameters, "None", comment=NARROWER, start=start)
    return body


def methods(service: Service, start: str) -> str:
    """The methods of a client that the model tells of."""
    body = ""
    for operation, facts in service.operations.items():
        name, answer = method_name(operation), service.answer(operation)
        body += method(name, service.parameters(operation), answer, document=facts["documentation"], start=start)
    body += overloads("get_paginator", "operation_name", {method_name(o): f"{o}Paginator" for o in service.pagination})
    return body + overloads("get_waiter", "waiter_name", {name: class_name(name) for name in WAITERS})


def types_import(service: Service, body: str) -> str:
    types = ["BlobTypeDef", *service.structures(), *service.enums()]
    used = sorted(name for name in types if re.search(rf"\b{name}\b", body))
    return bracketed("from fleetgrass.types import (", used, ")")


def types_boto3_file(service: Service) -> str:
    return TYPES_BOTO3 + "".join(f"    class {name}: ...\n" for name in ("GreengrassV2Client", *service.paginators()))


def files() -> dict[Path, str]:
    model = json.loads((ROOT / "src" / "model" / "greengrassv2.json").read_text())
    service = Service(model)
    errors = sorted({error["shape"] for operation in model["operations"].values() for error in operation["errors"]})
    return {
        PACKAGE / "types.py": types_file(service),
        PACKAGE / "_interface.pyi": interface_file(service, errors),
        PACKAGE / "_types_boto3.pyi": types_boto3_file(service),
        PACKAGE / "aio" / "_interface.pyi": aio_interface_file(service),
    }


if __name__ == "__main__":
    for path, text in files().items():
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            sys.exit(f"{path.relative_to(ROOT)} is not what the model says: run scripts/make_types.py")

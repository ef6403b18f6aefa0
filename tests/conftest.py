"""Fixtures and options of all tests.

`--ours=boto3` puts botocore on both sides of every differential test: the harness must then find no difference, so a
failure is the harness's own. `--ours=observed` gives our clients a handler of events, which takes their calls another
way. The seed and the number of random cases stand in the header of each run.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from support import cases
from support.clients import boto3_side, fleetgrass_side, observed_side
from support.compare import Pair, Side
from support.deviations import Ledger
from support.server import RecordingServer

# hypothesis: every run takes the same examples, so a failure is the change's own; `--hypothesis-profile=nightly` takes
# new ones, and prints what makes them again.
settings.register_profile("default", max_examples=150, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--ours",
        choices=["fleetgrass", "observed", "boto3"],
        default="fleetgrass",
        help="the client held against botocore",
    )
    parser.addoption(
        "--every-deviation", action="store_true", help="fail when a row of deviations.toml was not used by a test"
    )


LEDGER = Ledger()


def pytest_report_header(config: pytest.Config) -> str:
    return (
        f"differential: FLEETGRASS_SEED={cases.SEED} FLEETGRASS_CASES={cases.CASES} --ours={config.getoption('--ours')}"
    )


@pytest.fixture(scope="session", autouse=True)
def no_aws_settings() -> Iterator[None]:
    """No test sees the settings of the person who runs it, and none looks for an instance's credentials."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("AWS_") or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        yield


@pytest.fixture(scope="session")
def ledger() -> Ledger:
    """The meant differences, and which of them this run has met."""
    return LEDGER


class Collector:
    """Brings the used rows of pytest-xdist's workers home."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # A worker that was ended has no output.
        LEDGER.used |= set(getattr(node, "workeroutput", {}).get("deviations", ()))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Collector())
    config.addinivalue_line("markers", "deviation: shows a meant difference, so it has no sense with --ours=boto3")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--ours") == "boto3":
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("deviation")])
        items[:] = [item for item in items if not item.get_closest_marker("deviation")]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["deviations"] = sorted(LEDGER.used)
    elif session.config.getoption("--every-deviation") and LEDGER.unused():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    print_faults(terminalreporter)
    if config.getoption("--every-deviation") and LEDGER.unused():
        terminalreporter.write_line(
            f"rows of deviations.toml that no test used: {', '.join(LEDGER.unused())}", red=True
        )


FAULTS_HEAD = ("fault", "botocore", "fleetgrass", "sent", "row of deviations.toml", "operations")


def print_faults(terminalreporter: Any) -> None:
    """What `test_faults.py` saw, if it ran: one line for operations that fared alike."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    rows = [row for report in reports for name, row in getattr(report, "user_properties", ()) if name == "faults"]
    if rows:
        table = [FAULTS_HEAD, *sorted(rows)]
        widths = [max(len(row[at]) for row in table) for at in range(len(FAULTS_HEAD))]
        terminalreporter.section("faults x operations")
        for row in table:
            terminalreporter.write_line("  ".join(map(str.ljust, row, widths)).rstrip())


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A recording server of the test's own."""
    with RecordingServer() as running:
        yield running


@pytest.fixture(scope="session")
def theirs() -> Side:
    """botocore, the oracle."""
    return boto3_side("botocore")


@pytest.fixture(scope="session")
def ours(request: pytest.FixtureRequest) -> Side:
    """The client under test."""
    makers: dict[str, Callable[[], Side]] = {
        "fleetgrass": fleetgrass_side,
        "observed": observed_side,
        "boto3": lambda: boto3_side("ours"),
    }
    return makers[request.config.getoption("--ours")]()


@pytest.fixture
def pair(server: RecordingServer, theirs: Side, ours: Side) -> Pair:
    """Both clients on the test's server."""
    return Pair(server, theirs, ours)

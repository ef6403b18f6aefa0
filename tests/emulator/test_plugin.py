"""The pytest plugin, in runs of pytest of its own."""

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def _own_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)


def run(pytester: pytest.Pytester, code: str, *arguments: str, **outcomes: int) -> None:
    pytester.makepyfile(code)
    pytester.runpytest_subprocess("-p", "no:randomly", "-W", "error", *arguments).assert_outcomes(**outcomes)


def test_every_test_has_a_fresh_cloud_of_one_server(pytester: pytest.Pytester) -> None:
    code = """
    import pytest
    servers = set()

    @pytest.mark.parametrize("turn", range(3))
    def test_fresh(greengrass, turn):
        servers.add(greengrass.emulator.endpoint_url)
        assert len(servers) == 1
        greengrass.emulator.register_core_device("pump-1", ["line-4"])
        target = greengrass.emulator.thing_group_arn("line-4")
        greengrass.client.create_deployment(targetArn=target, clientToken="once")
        (row,) = greengrass.boto3_client.list_deployments(historyFilter="ALL")["deployments"]
        assert row["revisionId"] == "1"
        greengrass.emulator.inject("throttle", operations="CreateDeployment")
        assert greengrass.iot.meta.endpoint_url == greengrass.emulator.endpoint_url
    """
    run(pytester, code, passed=3)


def test_the_options_are_a_conftests_to_tell(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
    import pytest

    @pytest.fixture(scope="session")
    def greengrass_options():
        return {"region_name": "eu-west-1", "account_id": "111122223333"}
    """)
    code = """
    def test_options(greengrass):
        arn = "arn:aws:iot:eu-west-1:111122223333:thinggroup/a"
        assert greengrass.emulator.thing_group_arn("a") == arn
    """
    run(pytester, code, passed=1)


def test_code_that_makes_its_own_clients(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of another account")
    code = """
    import os
    import boto3, fleetgrass

    def test_inside(greengrass_environment):
        greengrass_environment.emulator.register_core_device("pump-1")
        for made in (boto3, fleetgrass):
            assert len(made.client("greengrassv2").list_core_devices()["coreDevices"]) == 1

    def test_outside():
        assert "AWS_ENDPOINT_URL_GREENGRASSV2" not in os.environ
        assert os.environ["AWS_SESSION_TOKEN"] == "of another account"
    """
    run(pytester, code, passed=2)


def test_runs_that_do_not_use_it_load_nothing(pytester: pytest.Pytester) -> None:
    code = """
    import sys

    def test_nothing_is_loaded():
        ours = {name for name in sys.modules if name.startswith("fleetgrass")}
        assert ours == {"fleetgrass", "fleetgrass.pytest_plugin"}
        assert not {"boto3", "botocore"} & set(sys.modules)
    """
    run(pytester, code, passed=1)


def test_the_fixtures_have_help(pytester: pytest.Pytester) -> None:
    told = pytester.runpytest_subprocess("--fixtures", "-q").stdout
    told.fnmatch_lines(["greengrass_options *", "greengrass -- *", "*A local Greengrass in this process*"])


def test_boto3s_clients_without_boto3(pytester: pytest.Pytester) -> None:
    code = """
    import sys
    import pytest

    def test_ours(greengrass, monkeypatch):
        monkeypatch.setitem(sys.modules, "boto3", None)
        assert greengrass.client.list_core_devices()["coreDevices"] == []

    def test_theirs(greengrass, monkeypatch):
        monkeypatch.setitem(sys.modules, "boto3", None)
        greengrass.iot
    """
    run(pytester, code, passed=1, skipped=1)

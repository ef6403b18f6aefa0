"""Exceptions: botocore's own where it is importable; where it is not, ours say the same."""

import copy
import inspect
import pickle
import string
import subprocess
import sys
import types
from unittest import mock

import botocore.errorfactory
import botocore.exceptions
import botocore.model
import botocore.parsers
import pytest
from hypothesis import given, strategies as st

import fleetgrass
from facade import environment, outcome
from fleetgrass import _core, _errors, exceptions

OURS = {name: value for name, value in vars(_errors).items() if isinstance(value, type)}
HOMES = (botocore.exceptions, botocore.model, botocore.parsers)


def botocores(name):
    return next(getattr(home, name) for home in HOMES if hasattr(home, name))


def bases(cls):
    """The names of the classes above, botocore's vendored ones aside: of those only `OSError` is promised."""
    vendored = ("botocore.vendored", "urllib3")
    return {base.__name__ for base in cls.__mro__ if not base.__module__.startswith(vendored)}


def arguments(cls):
    return {field: f"<{field}>" for _, field, _, _ in string.Formatter().parse(getattr(cls, "fmt", "")) if field}


@pytest.mark.parametrize("name", OURS)
def test_the_public_class_is_botocores_own(name):
    assert getattr(exceptions, name) is botocores(name)


@pytest.mark.parametrize("name", OURS)
def test_our_class_is_like_botocores(name):
    ours, theirs = OURS[name], botocores(name)
    assert bases(ours) == bases(theirs)
    assert getattr(ours, "fmt", None) == getattr(theirs, "fmt", None)
    assert ours.__module__ == "fleetgrass.exceptions"
    assert list(inspect.signature(ours.__init__).parameters) == list(inspect.signature(theirs.__init__).parameters)


@pytest.mark.parametrize("name", [name for name in OURS if name not in ("ClientError", *exceptions._ELSEWHERE)])
def test_text_and_arguments_are_like_botocores(name):
    ours, theirs = OURS[name], botocores(name)
    given_arguments = arguments(theirs)
    if name == "WaiterError":
        given_arguments["last_response"] = {}
    got, want = ours(**given_arguments), theirs(**given_arguments)
    assert (str(got), got.kwargs, got.args) == (str(want), want.kwargs, want.args)
    if given_arguments:
        assert outcome(lambda: ours(nonsense=1)) == outcome(lambda: theirs(nonsense=1))


@pytest.fixture
def no_botocore():
    """`fleetgrass.exceptions` as a machine without botocore has it."""
    missing = [name for name in sys.modules if name.split(".")[0] in ("botocore", "boto3")]
    fresh = types.ModuleType("fleetgrass.exceptions")
    with mock.patch.dict(sys.modules, {**dict.fromkeys(missing), "fleetgrass.exceptions": fresh}):
        with open(exceptions.__file__) as source:
            exec(compile(source.read(), exceptions.__file__, "exec"), vars(fresh))
        yield fresh


@pytest.mark.parametrize("name", OURS)
def test_without_botocore_the_classes_are_ours_and_pickle(no_botocore, name):
    cls = getattr(no_botocore, name)
    assert cls is OURS[name]
    if name == "ClientError":
        made = cls({"Error": {"Code": "c"}}, "Op")
    elif name in exceptions._ELSEWHERE:
        made = cls("text")
    else:
        made = cls(**arguments(cls), **({"last_response": {"a": 1}} if name == "WaiterError" else {}))
    again = pickle.loads(pickle.dumps(made))
    assert (type(again), str(again), vars(again)) == (cls, str(made), vars(made))


def test_a_class_that_an_older_botocore_lacks_stands_below_its_bases():
    with mock.patch.object(botocore.exceptions, "InvalidRetryModeError"):
        del botocore.exceptions.InvalidRetryModeError
        found = exceptions._find("InvalidRetryModeError")
    assert found.__bases__ == (botocore.exceptions.InvalidRetryConfigurationError,)
    assert "must be one of" in str(found(provided_retry_mode="x", valid_modes=()))


def test_botocore_is_not_imported_before_a_class_is_asked_for():
    code = (
        "import sys, fleetgrass.exceptions as e; assert 'botocore' not in sys.modules; "
        "e.ClientError; assert 'botocore.exceptions' in sys.modules; assert 'botocore.session' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_boto3s_own_exceptions_are_here_too():
    import boto3.exceptions

    assert exceptions.S3UploadFailedError is boto3.exceptions.S3UploadFailedError


def test_unknown_names_are_no_attributes():
    for name in ("Nope", "_private", "__path__", "BotoCoreErrors"):
        with pytest.raises(AttributeError, match=name):
            getattr(exceptions, name)
        with pytest.raises(AttributeError):
            OURS["BotoCoreError"].nope  # noqa: B018


# Errors of the service

CODES = [*_core.error_codes(), "Unknown", "404", "", None, 5]
RESPONSES = st.fixed_dictionaries(
    {},
    optional={
        "Error": st.fixed_dictionaries({}, optional={"Code": st.sampled_from(CODES), "Message": st.text() | st.none()}),
        "ResponseMetadata": st.fixed_dictionaries(
            {}, optional={"MaxAttemptsReached": st.booleans(), "RetryAttempts": st.integers(0, 5)}
        ),
        "reason": st.text(),
    },
)


@pytest.fixture(scope="module")
def theirs():
    with environment(AWS_DEFAULT_REGION="eu-west-1"):
        yield botocore.session.Session().create_client("greengrassv2")


@given(RESPONSES)
def test_client_errors_are_botocores(theirs, response):
    code = response.get("Error", {}).get("Code")
    want = theirs.exceptions.from_code(code)(response, "GetComponent")
    got = exceptions.client_error("GetComponent", response)
    assert isinstance(got, botocore.exceptions.ClientError)
    assert (type(got).__name__, type(got).__module__, str(got)) == (
        type(want).__name__,
        type(want).__module__,
        str(want),
    )
    assert got.response is response
    assert (got.operation_name, got.args, type(got).__bases__) == (want.operation_name, want.args, type(want).__bases__)
    again = pickle.loads(pickle.dumps(got))
    assert (type(again), again.response) == (botocore.exceptions.ClientError, response)
    assert str(OURS["ClientError"](response, "GetComponent")) == str(want)


def test_the_container_is_like_botocores(theirs):
    ours = exceptions.service_exceptions()
    assert sorted(ours._code_to_exception) == sorted(theirs.exceptions._code_to_exception)
    assert ours.ClientError is botocore.exceptions.ClientError
    assert (type(ours).__name__, type(ours).__module__) == ("GreengrassV2Exceptions", "botocore.errorfactory")
    for code in CODES:
        assert ours.from_code(code).__name__ == theirs.exceptions.from_code(code).__name__
    want, got = (outcome(lambda e=e: e.Nope) for e in (theirs.exceptions, ours))
    assert got[0] is want[0]
    assert got[1].split(" object at ")[0] == want[1].split(" object at ")[0]
    assert got[1].partition("> object")[2] == want[1].partition("> object")[2]


def test_one_set_of_classes_a_process():
    with environment(AWS_DEFAULT_REGION="eu-west-1"):
        one, two = (fleetgrass.Session().client("greengrassv2") for _ in range(2))
        assert one.exceptions is two.exceptions
        assert (
            type(exceptions.client_error("Op", {"Error": {"Code": "ConflictException"}}))
            is one.exceptions.ConflictException
        )


def test_the_core_makes_exceptions_by_name():
    made = exceptions.make("EndpointConnectionError", {"endpoint_url": "http://h", "error": "refused"})
    assert type(made) is botocore.exceptions.EndpointConnectionError
    assert made.kwargs == {"endpoint_url": "http://h", "error": "refused"}
    assert exceptions.make("ResponseParserError", {"message": "cut off"}).args == ("cut off",)


def test_what_a_text_says_beyond_botocores_is_in_copies_and_pickles():
    told = exceptions.make("ConnectionClosedError", {"endpoint_url": "http://h", "status": 200})
    for again in (copy.copy(told), pickle.loads(pickle.dumps(told))):
        assert str(again) == str(told)
        assert "Status 200 had come" in str(again)
        assert again.kwargs == told.kwargs
    plain = botocore.exceptions.ConnectionClosedError(endpoint_url="http://h")
    again = pickle.loads(pickle.dumps(plain))
    assert (str(again), again.kwargs) == (str(plain), plain.kwargs)


def test_a_pause_may_be_of_any_length():
    class Enough(Exception):
        pass

    def check():
        raise Enough

    with pytest.raises(Enough):
        _core.sleep(1e19, check)

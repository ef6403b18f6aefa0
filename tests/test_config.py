"""`Config`, and the shared files: the same arguments and the same text to botocore and to us."""

import copy
import pickle
import sys

import botocore
import botocore.config
import botocore.session
import pytest
from hypothesis import example, given, strategies as st

import fleetgrass
from facade import OPTIONS, environment, outcome
from fleetgrass import _core, config as ours

CONFIGS = (botocore.config.Config, ours.Config)


def both(call):
    """The same outcome for both classes, which is returned."""

    def seen(cls):
        made = call(cls)
        return {name: getattr(made, name) for name in OPTIONS}, made._user_provided_options

    want, got = (outcome(lambda cls=cls: seen(cls)) for cls in CONFIGS)
    assert got == want
    return got


def test_options_and_defaults_are_botocores():
    assert dict(botocore.config.Config.OPTION_DEFAULTS) == ours.OPTION_DEFAULTS
    both(lambda cls: cls())


OPTION_VALUES = st.dictionaries(
    st.sampled_from([name for name in OPTIONS if name not in ("s3", "retries")]),
    st.none() | st.booleans() | st.integers() | st.sampled_from(["legacy", "standard", "x", ""]),
)


@given(st.lists(st.integers() | st.none(), max_size=4), OPTION_VALUES)
def test_options_by_position_and_keyword(args, kwargs):
    both(lambda cls: cls(*args, **kwargs))


@given(OPTION_VALUES, OPTION_VALUES)
def test_merge(first, second):
    both(lambda cls: cls(**first).merge(cls(**second)))
    both(lambda cls: cls(**first).merge(botocore.config.Config(**second)))


RETRIES = st.dictionaries(
    st.sampled_from(["mode", "max_attempts", "total_max_attempts", "foo"]),
    st.integers(-2, 3) | st.sampled_from(["legacy", "standard", "adaptive", "Standard"]),
)


@given(RETRIES)
def test_retries_are_checked(retries):
    both(lambda cls: cls(retries=dict(retries)))


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda cls: cls(foo=1), id="unknown"),
        pytest.param(lambda cls: cls(*range(40)), id="too-many"),
        pytest.param(lambda cls: cls("eu-west-1", region_name="x"), id="twice"),
        pytest.param(lambda cls: cls(s3={"addressing_style": "sideways"}), id="s3"),
        pytest.param(lambda cls: cls(s3={"addressing_style": "path"}), id="s3-good"),
        pytest.param(lambda cls: cls(inject_host_prefix=False), id="host-prefix"),
    ],
)
def test_errors_and_oddities(call):
    both(call)


def test_a_config_goes_to_boto3_as_botocores_own():
    made = ours.to_botocore(ours.Config(region_name="r", signature_version=ours.UNSIGNED))
    assert isinstance(made, botocore.config.Config)
    assert (made.region_name, made.signature_version) == ("r", botocore.UNSIGNED)


# The shared files

NAMES = st.sampled_from(
    [
        "default",
        "profile a",
        "profile b",
        'profile "a b"',
        "profile 'x",
        "profile a b",
        "profileb c",
        "a",
        "DEFAULT",
        "services s",
        "sso-session o",
        "services",
        "preview",
        "profile a\\ b",
        "]",
        "x] y",
        "",
    ]
)
KEYS = st.sampled_from(
    ["region", "REGION", "aws_access_key_id", "aws_secret_access_key", "greengrassv2", "k ", "", "É"]
)
VALUES = st.sampled_from(["", "v", " v ", "a=b", "a:b", "# no comment", "x ; y", "\u00a0v\u001c", "[a]", "é"])
LINES = st.one_of(
    st.builds("[{}]".format, NAMES),
    st.builds("{}{}{}{}".format, st.sampled_from(["", "", "", "  "]), KEYS, st.sampled_from(["=", " = ", ":"]), VALUES),
    st.builds(
        "{}{}".format, st.sampled_from([" ", "\t", "    "]), st.sampled_from(["c = d", "C=d=e", "word", "[x]", "# c"])
    ),
    st.sampled_from(["", "  ", "# comment", "; comment", "  # comment", "word", "\x0c"]),
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])
FILES = st.lists(st.tuples(LINES, ENDS), max_size=12).map(lambda lines: "".join(line + end for line, end in lines))
GOOD = "[profile a]\nregion = r\n" + "services = s\n[services s]\ngreengrassv2 =\n  endpoint_url = http://x\n"


@given(FILES, FILES)
@example(GOOD, "[a]\nregion = other\n[DEFAULT]\naws_access_key_id = k\n")
@example("[default]\nk =\n  a = b\n\n  c = d\n", "\ufeff[default]\n")
@example("[a]\nk=1\nK=2", "")
def test_files_are_read_as_botocore_reads_them(config, credentials):
    with environment(config, credentials) as place:

        def botocores():
            session = botocore.session.Session()
            full = session.full_config
            return full["profiles"], full["services"], full["sso_sessions"], list(full["profiles"])

        def fleetgrasss():
            files = _core.load_profiles(str(place / "config"), str(place / "credentials"))
            return files["profiles"], files["services"], files["sso_sessions"], list(files["profiles"])

        assert outcome(fleetgrasss) == outcome(botocores)


@pytest.mark.parametrize("broken", ["config", "credentials"])
def test_bytes_that_are_no_text_are_refused(broken):
    with environment(**{broken: b"[default]\nregion = \xff\n"}) as place:
        got = outcome(fleetgrass.Session)
        assert got == outcome(lambda: botocore.session.Session().full_config)
        assert got[1] == f"Unable to parse config file: {place / broken}"


def test_a_parse_error_tells_the_line():
    with environment("[default]\nregion = a\nregion = b\n"):
        with pytest.raises(fleetgrass.exceptions.ConfigParseError) as raised:
            fleetgrass.Session()
        assert raised.value.kwargs["error"] == 'line 3: option "region" in section "default" already exists'


def test_missing_files_are_empty():
    missing = {"AWS_CONFIG_FILE": "/nonexistent/a", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/b"}
    with environment(**missing):
        assert fleetgrass.Session().available_profiles == []


def test_paths_may_hold_variables_and_the_home():
    with environment("[profile here]\n") as place:
        for path in ("$PLACE/config", "~/config"):
            with environment(AWS_CONFIG_FILE=path, PLACE=str(place), HOME=str(place)):
                assert fleetgrass.Session().available_profiles == ["here"]


@pytest.mark.parametrize("again", [lambda made: pickle.loads(pickle.dumps(made)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("unsigned", [botocore.UNSIGNED, ours.UNSIGNED, "v4"])
def test_a_config_can_be_pickled_and_copied(again, unsigned):
    config = ours.Config(signature_version=unsigned, read_timeout=3)
    with environment(AWS_DEFAULT_REGION="eu-west-1"):
        settled = fleetgrass.client("greengrassv2", config=config).meta.config
    for made in (config, settled):
        other = again(made)
        assert other is not made
        assert vars(other) == vars(made)
        assert unsigned == "v4" or other.signature_version is unsigned


def test_a_pickle_needs_no_botocore(monkeypatch):
    pickled = pickle.dumps(ours.Config(signature_version=botocore.UNSIGNED))
    monkeypatch.setitem(sys.modules, "botocore", None)
    assert pickle.loads(pickled).signature_version is ours.UNSIGNED

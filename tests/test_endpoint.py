"""Endpoints: every Region with every flag, compared with the two resolvers of botocore."""

import botocore.exceptions
import botocore.session
import pytest
from botocore.config import Config
from hypothesis import given, strategies as st

import fleetgrass
from facade import FakeCore, environment, same
from fleetgrass import _core

KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
FLAGS = [(fips, dualstack) for fips in (False, True) for dualstack in (False, True)]


@pytest.fixture(scope="module")
def botocore_session():
    with environment():
        yield botocore.session.Session()


def regions():
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    tables = [loader.load_data("partitions")["partitions"], loader.load_data("endpoints")["partitions"]]
    known = {region for table in tables for partition in table for region in partition["regions"]}
    odd = {"mars-1", "US-EAST-1", "dataplane-us-gov-east-1", "dataplane-us-gov-west-1", "us-gov-moon-7", "cn-x-12"}
    return sorted(known | odd)


def botocores(session, region, fips, dualstack):
    """The URL that is called, the one that is shown, the partition and the Region that is signed for."""
    config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dualstack)
    client = session.create_client("greengrassv2", region_name=region, config=config, **KEYS)
    context = {}
    model = client.meta.service_model.operation_model("ListComponents")
    url, _, _ = client._resolve_endpoint_ruleset(model, {}, context)
    signing_region = context.get("signing", {}).get("region", client._request_signer.region_name)
    return {
        "url": url,
        "legacy_url": client.meta.endpoint_url,
        "partition": client.meta.partition,
        "signing_region": signing_region,
    }


def check(session, region, fips, dualstack):
    got = _core.resolve_endpoint(region, fips, dualstack)
    del got["data_plane_url"]  # which botocore does not know
    try:
        want = botocores(session, region, fips, dualstack)
    except botocore.exceptions.EndpointVariantError:
        assert got["legacy_url"] is None
    else:
        assert got == want


@pytest.mark.parametrize("region", regions())
def test_every_region_resolves_as_botocores(botocore_session, region):
    for fips, dualstack in FLAGS:
        check(botocore_session, region, fips, dualstack)


@given(
    st.from_regex(r"\A(us|eu|us-gov|us-iso|us-isob|eu-isoe|us-isof|cn|eusc-de|mx)-[a-z]{1,4}(-[0-9]{1,2}){0,2}\Z"),
    st.sampled_from(FLAGS),
)
def test_any_region_resolves_as_botocores(botocore_session, region, flags):
    check(botocore_session, region, *flags)


@pytest.mark.parametrize("region", ["eu-isoe-west-1", "us-isof-south-1"])
@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("url", [None, "http://localhost:1"])
def test_regions_without_a_dualstack_name_are_refused(region, fips, url):
    def make(module):
        config = Config(use_dualstack_endpoint=True, use_fips_endpoint=fips)
        module.client("greengrassv2", region, config=config, endpoint_url=url, **KEYS)

    with environment():
        assert same(make)[0] is botocore.exceptions.EndpointVariantError


def test_listed_regions_and_partitions_are_botocores():
    def ask(module):
        session = module.Session()
        partitions = session.get_available_partitions()
        return partitions, [
            session.get_available_regions("greengrassv2", partition, allow)
            for partition in [*partitions, "no-such"]
            for allow in (False, True)
        ]

    with environment():
        same(ask)


@pytest.mark.parametrize("region", [*regions(), "nowhere"])
def test_partition_of_a_region_is_botocores(region):
    with environment():
        same(lambda module: module.Session().get_partition_for_region(region))


def test_other_services_regions_come_from_boto3():
    with environment():
        assert "us-east-1" in fleetgrass.Session().get_available_regions("s3")


FILES = """
[profile none]
region = eu-west-1
[profile all]
region = eu-west-1
endpoint_url = http://file-all
[profile own]
region = eu-west-1
services = s
[profile both]
region = eu-west-1
endpoint_url = http://file-all
services = s
[profile others]
region = eu-west-1
services = o
[profile ignoring]
region = eu-west-1
endpoint_url = http://file-all
services = s
ignore_configured_endpoint_urls = true
[services s]
greengrassv2 =
  endpoint_url = http://file-own
[services o]
greengrass_v2 =
  endpoint_url = http://misspelt
greengrass =
  endpoint_url = http://older
"""
OWN, ALL, IGNORE = "AWS_ENDPOINT_URL_GREENGRASSV2", "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
VARIABLES = [
    {},
    {ALL: "http://all"},
    {OWN: "http://own"},
    {OWN: "http://own", ALL: "http://all"},
    {OWN: "", ALL: "http://all"},
    {OWN: "", ALL: ""},
]


def configured(profile, variables, url=None, **options):
    """The URL of a client, which is called as it is shown."""

    def ask(module):
        client = module.Session(profile_name=profile).client("greengrassv2", endpoint_url=url, config=Config(**options))
        return client.meta.endpoint_url

    with environment(FILES, **variables):
        shown = same(ask)
        assert FakeCore.made[-1].options["endpoint_url"] == shown
        return shown


@pytest.mark.parametrize("profile", ["none", "all", "own", "both", "others", "ignoring"])
@pytest.mark.parametrize(
    ("ignored", "ignoring"),
    [(None, None), (None, "true"), (None, "False"), (None, "1"), (True, None), (False, "true"), (False, None)],
)
def test_configured_urls_are_found_in_botocores_order(profile, ignored, ignoring):
    """Variable and file, for this service and for all, under every way of ignoring them."""
    options = {} if ignored is None else {"ignore_configured_endpoint_urls": ignored}
    for variables in VARIABLES:
        configured(profile, {**variables, **({IGNORE: ignoring} if ignoring else {})}, **options)


@pytest.mark.parametrize("ignored", [True, False])
def test_a_url_in_the_argument_wins_over_all(ignored):
    url = configured("both", VARIABLES[3], "http://argument", ignore_configured_endpoint_urls=ignored)
    assert url == "http://argument"

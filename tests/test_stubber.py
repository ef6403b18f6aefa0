"""botocore's own Stubber, unmodified, on our client and on boto3's: the same answers, complaints and leftovers."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

import fleetgrass
from support import outcome
from support.outcome import capture

#: No credentials, and a server that nobody serves: a stubbed call needs neither.
ARGUMENTS: dict[str, Any] = {"region_name": "eu-west-1", "endpoint_url": "http://127.0.0.1:9"}
PAGE = {"components": [{"componentName": "a", "arn": "arn:a"}], "nextToken": "t"}
LAST = {"components": [{"componentName": "b"}]}

Scenario = Callable[[Any, Stubber], Any]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__] = function
    return function


@scenario
def the_very_answer(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", PAGE)
    with stubber:
        assert client.list_components() is PAGE
    stubber.assert_no_pending_responses()


@scenario
def expected_parameters(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", PAGE, {"scope": ANY, "maxResults": 3})
    with stubber:
        return client.list_components(scope="PUBLIC", maxResults=3)


@scenario
def other_parameters(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", PAGE, {"scope": "PUBLIC"})
    with stubber:
        return client.list_components(scope="PRIVATE")


@scenario
def more_parameters(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", PAGE, {"scope": "PUBLIC"})
    with stubber:
        return client.list_components(scope="PUBLIC", maxResults=3)


@scenario
def no_token_among_the_expected(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("create_deployment", {"deploymentId": "d"}, {"targetArn": "arn:t"})
    with stubber:
        return client.create_deployment(targetArn="arn:t")


@scenario
def parameters_that_are_not_valid(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", PAGE)
    with stubber:
        return client.list_components(maxResults="three")


@scenario
def an_error(client: Any, stubber: Stubber) -> Any:
    stubber.add_client_error(
        "get_component",
        "ResourceNotFoundException",
        "gone",
        404,
        service_error_meta={"Extra": 1},
        response_meta={"RequestId": "r"},
        modeled_fields={"resourceId": "c", "resourceType": "component", "message": "gone"},
    )
    with stubber:
        try:
            client.get_component(arn="arn:a")
        except client.exceptions.ResourceNotFoundException as error:
            return error.response, str(error), error.operation_name


@scenario
def an_error_that_is_not_modelled(client: Any, stubber: Stubber) -> Any:
    stubber.add_client_error("get_component")
    with stubber:
        return client.get_component(arn="arn:a")


@scenario
def fields_that_are_not_of_the_error(client: Any, stubber: Stubber) -> Any:
    stubber.add_client_error("get_component", "ConflictException", modeled_fields={"nope": 1})


@scenario
def another_operation(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", PAGE)
    with stubber:
        return client.get_component(arn="arn:a")


@scenario
def nothing_left(client: Any, stubber: Stubber) -> Any:
    with stubber:
        return client.list_components()


@scenario
def something_left(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", PAGE)
    stubber.assert_no_pending_responses()


@scenario
def no_such_method(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("nope", {})


@scenario
def an_answer_that_is_not_valid(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", {"components": "none", "nope": 1})


@scenario
def an_answer_where_there_is_none(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("delete_deployment", {"deploymentId": "d"})


@scenario
def metadata(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("delete_deployment", {"ResponseMetadata": {"HTTPStatusCode": 204}})
    with stubber:
        return client.delete_deployment(deploymentId="d")


@scenario
def pages(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", PAGE, {"scope": "PUBLIC"})
    stubber.add_response("list_components", LAST, {"scope": "PUBLIC", "nextToken": "t"})
    with stubber:
        return client.get_paginator("list_components").paginate(scope="PUBLIC").build_full_result()


@scenario
def a_url_in_between(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", LAST)
    with stubber:
        url = capture(lambda: client.generate_presigned_url("get_component", Params={"arn": "a"}))
        return url.kind, client.list_components()


@scenario
def switched_on_and_off(client: Any, stubber: Stubber) -> Any:
    stubber.add_response("list_components", PAGE)
    stubber.activate()
    first = client.list_components()
    stubber.deactivate()
    return first, capture(client.list_components).kind


@pytest.mark.parametrize("run", SCENARIOS.values(), ids=SCENARIOS)
def test_stubbed_alike(run: Scenario) -> None:
    came = []
    for module in (boto3, fleetgrass):
        client = module.Session().client("greengrassv2", **ARGUMENTS)  # the default one may be another test's
        came.append(capture(lambda client=client: run(client, Stubber(client))))
    assert outcome.differences(*came) == []


def test_no_event_is_emitted_when_the_stubber_has_left() -> None:
    client = fleetgrass.client("greengrassv2", **ARGUMENTS)
    with Stubber(client):
        assert client.meta.events.observed
    assert not client.meta.events.observed

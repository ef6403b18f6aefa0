"""The service role of the local cloud's account."""

import re
from typing import Any

from support.local_cloud import refused

ROLE = "arn:aws:iam::111122223333:role/service-role/GgRole"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_one_role_comes_and_goes(client: Any) -> None:
    associated = client.associate_service_role_to_account(roleArn=ROLE)["associatedAt"]
    assert TIME.fullmatch(associated)
    told = client.get_service_role_for_account()
    assert (told["roleArn"], told["associatedAt"]) == (ROLE, associated)
    client.associate_service_role_to_account(roleArn=ROLE + "2")
    assert client.get_service_role_for_account()["roleArn"] == ROLE + "2"
    for _ in range(2):
        assert TIME.fullmatch(client.disassociate_service_role_from_account()["disassociatedAt"])


def test_no_role_is_an_error_of_old_style(client: Any) -> None:
    status, code, error = refused(client.get_service_role_for_account)
    assert (status, code) == (404, "404")
    assert error["Error"]["Message"] == "You need to attach a service role to this account."
    assert "x-amzn-errortype" not in error["ResponseMetadata"]["HTTPHeaders"]


def test_what_is_no_role_is_refused(client: Any) -> None:
    for wrong in ("", "GgRole", "arn:aws:iam::111122223333:user/dev", "arn:aws:iam::111122223333:role/"):
        status, code, error = refused(client.associate_service_role_to_account, roleArn=wrong)
        assert (status, code, error["fields"][0]["name"]) == (400, "ValidationException", "roleArn")
        assert f"'{wrong}'" in error["message"]
    assert refused(client.get_service_role_for_account)[0] == 404

"""The files of older tools, read by botocore and by us."""

from typing import Any

import pytest

import fleetgrass
from support.sources import Place

EC2 = "AWSAccessKeyId = A\nAWSSecretKey=s\n"
BOTO = "[Credentials]\naws_access_key_id = A\naws_secret_access_key = s\n"


@pytest.mark.parametrize("text", [EC2, f"# odd\n\n{EC2}", "AWSSecretKey=s\n", "", None])
def test_the_file_of_the_first_ec2_tools(place: Place, text: str | None) -> None:
    place.patch.setenv("AWS_CREDENTIAL_FILE", str(place.home / "ec2"))
    if text is not None:
        place.write("ec2", text)
    told = place.compare()
    assert told.method == ("ec2-credentials-file" if text and EC2 in text else None)


def test_a_key_without_its_secret(place: Place, ledger: Any) -> None:
    ledger.use("leaked-credential-errors")
    place.write("ec2", "AWSAccessKeyId=A\n")
    place.patch.setenv("AWS_CREDENTIAL_FILE", str(place.home / "ec2"))
    told = place.ask(fleetgrass, [], {})
    assert str(told.error) == "Partial credentials found in ec2-credentials-file, missing: AWSSecretKey"


def test_a_file_of_boto_2_that_is_none(place: Place) -> None:
    place.write(".boto", "no file at all")
    told = place.compare(text=lambda theirs, ours: ours == theirs)
    assert isinstance(told.error, fleetgrass.exceptions.ConfigParseError)


@pytest.mark.parametrize("text", [BOTO, BOTO.rpartition("aws_s")[0], "[Boto]\ndebug = 1\n", "", None])
@pytest.mark.parametrize("named", [True, False])
def test_the_file_of_boto_2(place: Place, text: str | None, named: bool) -> None:
    if named:
        place.patch.setenv("BOTO_CONFIG", "$HOME/.boto")
    if text is not None:
        place.write(".boto", text)
    told = place.compare()
    assert told.method == ("boto-config" if text == BOTO else None)

"""The exceptions."""

import fleetgrass
from fleetgrass.exceptions import ClientError, NoRegionError, WaiterError

client = fleetgrass.client("greengrassv2")
try:
    client.get_component(arn="a")
except client.exceptions.ResourceNotFoundException as error:
    print(error.response["Error"]["Code"], error.operation_name.upper())
except (client.exceptions.ClientError, ClientError) as error:
    print(error.response)
except fleetgrass.exceptions.ParamValidationError as error:
    print(error.kwargs["report"])
except NoRegionError:
    raise
except WaiterError as error:
    print(error.last_response)

print(client.exceptions.NotFound)  # expect: error
raise ClientError({"Error": {}})  # expect: error

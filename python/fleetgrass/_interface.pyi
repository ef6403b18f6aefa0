"""What type checkers see of the client that `_client.py` makes from the model. Made by `scripts/make_types.py`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, overload

from fleetgrass._client import BaseClient
from fleetgrass._errors import ClientError
from fleetgrass.exceptions import BaseServiceExceptions
from fleetgrass.paginate import PageIterator, Paginator
from fleetgrass._types_boto3 import (
    GreengrassV2Client as TheirGreengrassV2Client,
    ListComponentVersionsPaginator as TheirListComponentVersionsPaginator,
    ListComponentsPaginator as TheirListComponentsPaginator,
    ListCoreDevicesPaginator as TheirListCoreDevicesPaginator,
    ListDeploymentsPaginator as TheirListDeploymentsPaginator,
    ListEffectiveDeploymentsPaginator as TheirListEffectiveDeploymentsPaginator,
    ListInstalledComponentsPaginator as TheirListInstalledComponentsPaginator,
    ListClientDevicesAssociatedWithCoreDevicePaginator as TheirListClientDevicesAssociatedWithCoreDevicePaginator,
)
from fleetgrass.types import (
    AssociateClientDeviceWithCoreDeviceEntryTypeDef,
    AssociateServiceRoleToAccountResponseTypeDef,
    AssociatedClientDeviceTypeDef,
    BatchAssociateClientDeviceWithCoreDeviceResponseTypeDef,
    BatchDisassociateClientDeviceFromCoreDeviceResponseTypeDef,
    BlobTypeDef,
    CancelDeploymentResponseTypeDef,
    ComponentCandidateTypeDef,
    ComponentDeploymentSpecificationUnionTypeDef,
    ComponentPlatformUnionTypeDef,
    ComponentTypeDef,
    ComponentVersionListItemTypeDef,
    ComponentVisibilityScopeType,
    ConnectivityInfoTypeDef,
    CoreDeviceStatusType,
    CoreDeviceTypeDef,
    CreateComponentVersionResponseTypeDef,
    CreateDeploymentResponseTypeDef,
    DeploymentHistoryFilterType,
    DeploymentIoTJobConfigurationUnionTypeDef,
    DeploymentPoliciesTypeDef,
    DeploymentTypeDef,
    DescribeComponentResponseTypeDef,
    DisassociateClientDeviceFromCoreDeviceEntryTypeDef,
    DisassociateServiceRoleFromAccountResponseTypeDef,
    EffectiveDeploymentTypeDef,
    EmptyResponseMetadataTypeDef,
    GetComponentResponseTypeDef,
    GetComponentVersionArtifactResponseTypeDef,
    GetConnectivityInfoResponseTypeDef,
    GetCoreDeviceResponseTypeDef,
    GetDeploymentResponseTypeDef,
    GetServiceRoleForAccountResponseTypeDef,
    InstalledComponentTopologyFilterType,
    InstalledComponentTypeDef,
    IotEndpointTypeType,
    LambdaFunctionRecipeSourceTypeDef,
    ListClientDevicesAssociatedWithCoreDeviceResponseTypeDef,
    ListComponentVersionsResponseTypeDef,
    ListComponentsResponseTypeDef,
    ListCoreDevicesResponseTypeDef,
    ListDeploymentsResponseTypeDef,
    ListEffectiveDeploymentsResponseTypeDef,
    ListInstalledComponentsResponseTypeDef,
    ListTagsForResourceResponseTypeDef,
    PaginatorConfigTypeDef,
    RecipeOutputFormatType,
    ResolveComponentCandidatesResponseTypeDef,
    S3EndpointTypeType,
    UpdateConnectivityInfoResponseTypeDef,
    WaiterConfigTypeDef,
)
from fleetgrass.waiters import Waiter

class GreengrassV2Exceptions(BaseServiceExceptions):
    AccessDeniedException: type[ClientError]
    ConflictException: type[ClientError]
    InternalServerException: type[ClientError]
    RequestAlreadyInProgressException: type[ClientError]
    ResourceNotFoundException: type[ClientError]
    ServiceQuotaExceededException: type[ClientError]
    ThrottlingException: type[ClientError]
    ValidationException: type[ClientError]

class ListComponentVersionsPageIterator(PageIterator):
    def __iter__(self) -> Iterator[ListComponentVersionsResponseTypeDef]: ...

class ListComponentVersionsPaginator(Paginator, TheirListComponentVersionsPaginator):
    def paginate(  # type: ignore[override]
        self,
        *,
        arn: str,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> ListComponentVersionsPageIterator: ...
    def items(  # type: ignore[override]
        self,
        *,
        arn: str,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> Iterator[ComponentVersionListItemTypeDef]: ...

class ListComponentsPageIterator(PageIterator):
    def __iter__(self) -> Iterator[ListComponentsResponseTypeDef]: ...

class ListComponentsPaginator(Paginator, TheirListComponentsPaginator):
    def paginate(  # type: ignore[override]
        self,
        *,
        scope: ComponentVisibilityScopeType = ...,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> ListComponentsPageIterator: ...
    def items(  # type: ignore[override]
        self,
        *,
        scope: ComponentVisibilityScopeType = ...,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> Iterator[ComponentTypeDef]: ...

class ListCoreDevicesPageIterator(PageIterator):
    def __iter__(self) -> Iterator[ListCoreDevicesResponseTypeDef]: ...

class ListCoreDevicesPaginator(Paginator, TheirListCoreDevicesPaginator):
    def paginate(  # type: ignore[override]
        self,
        *,
        thingGroupArn: str = ...,
        status: CoreDeviceStatusType = ...,
        runtime: str = ...,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> ListCoreDevicesPageIterator: ...
    def items(  # type: ignore[override]
        self,
        *,
        thingGroupArn: str = ...,
        status: CoreDeviceStatusType = ...,
        runtime: str = ...,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> Iterator[CoreDeviceTypeDef]: ...

class ListDeploymentsPageIterator(PageIterator):
    def __iter__(self) -> Iterator[ListDeploymentsResponseTypeDef]: ...

class ListDeploymentsPaginator(Paginator, TheirListDeploymentsPaginator):
    def paginate(  # type: ignore[override]
        self,
        *,
        targetArn: str = ...,
        historyFilter: DeploymentHistoryFilterType = ...,
        parentTargetArn: str = ...,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> ListDeploymentsPageIterator: ...
    def items(  # type: ignore[override]
        self,
        *,
        targetArn: str = ...,
        historyFilter: DeploymentHistoryFilterType = ...,
        parentTargetArn: str = ...,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> Iterator[DeploymentTypeDef]: ...

class ListEffectiveDeploymentsPageIterator(PageIterator):
    def __iter__(self) -> Iterator[ListEffectiveDeploymentsResponseTypeDef]: ...

class ListEffectiveDeploymentsPaginator(Paginator, TheirListEffectiveDeploymentsPaginator):
    def paginate(  # type: ignore[override]
        self,
        *,
        coreDeviceThingName: str,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> ListEffectiveDeploymentsPageIterator: ...
    def items(  # type: ignore[override]
        self,
        *,
        coreDeviceThingName: str,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> Iterator[EffectiveDeploymentTypeDef]: ...

class ListInstalledComponentsPageIterator(PageIterator):
    def __iter__(self) -> Iterator[ListInstalledComponentsResponseTypeDef]: ...

class ListInstalledComponentsPaginator(Paginator, TheirListInstalledComponentsPaginator):
    def paginate(  # type: ignore[override]
        self,
        *,
        coreDeviceThingName: str,
        topologyFilter: InstalledComponentTopologyFilterType = ...,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> ListInstalledComponentsPageIterator: ...
    def items(  # type: ignore[override]
        self,
        *,
        coreDeviceThingName: str,
        topologyFilter: InstalledComponentTopologyFilterType = ...,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> Iterator[InstalledComponentTypeDef]: ...

class ListClientDevicesAssociatedWithCoreDevicePageIterator(PageIterator):
    def __iter__(self) -> Iterator[ListClientDevicesAssociatedWithCoreDeviceResponseTypeDef]: ...

class ListClientDevicesAssociatedWithCoreDevicePaginator(Paginator, TheirListClientDevicesAssociatedWithCoreDevicePaginator):
    def paginate(  # type: ignore[override]
        self,
        *,
        coreDeviceThingName: str,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> ListClientDevicesAssociatedWithCoreDevicePageIterator: ...
    def items(  # type: ignore[override]
        self,
        *,
        coreDeviceThingName: str,
        PaginationConfig: PaginatorConfigTypeDef = ...,
    ) -> Iterator[AssociatedClientDeviceTypeDef]: ...

class ComponentDeployableWaiter(Waiter):
    def wait(self, *, arn: str, WaiterConfig: WaiterConfigTypeDef = ...) -> None: ...  # type: ignore[override]

class DeploymentCompletedWaiter(Waiter):
    def wait(self, *, deploymentId: str, WaiterConfig: WaiterConfigTypeDef = ...) -> None: ...  # type: ignore[override]

class CoreDeviceHealthyWaiter(Waiter):
    def wait(self, *, coreDeviceThingName: str, WaiterConfig: WaiterConfigTypeDef = ...) -> None: ...  # type: ignore[override]

class GreengrassV2Client(BaseClient, TheirGreengrassV2Client):
    """A client of AWS IoT Greengrass V2. Threads may share it."""

    @property
    def exceptions(self) -> GreengrassV2Exceptions: ...
    def __enter__(self) -> GreengrassV2Client: ...
    def associate_service_role_to_account(self, *, roleArn: str) -> AssociateServiceRoleToAccountResponseTypeDef:
        """Set the IAM role that Greengrass uses for this account in this Region."""
    def batch_associate_client_device_with_core_device(
        self,
        *,
        coreDeviceThingName: str,
        entries: Sequence[AssociateClientDeviceWithCoreDeviceEntryTypeDef] = ...,
    ) -> BatchAssociateClientDeviceWithCoreDeviceResponseTypeDef:
        """Let up to 100 client devices connect through a core device."""
    def batch_disassociate_client_device_from_core_device(
        self,
        *,
        coreDeviceThingName: str,
        entries: Sequence[DisassociateClientDeviceFromCoreDeviceEntryTypeDef] = ...,
    ) -> BatchDisassociateClientDeviceFromCoreDeviceResponseTypeDef:
        """Dissociate up to 100 client devices from a core device."""
    def cancel_deployment(self, *, deploymentId: str) -> CancelDeploymentResponseTypeDef:
        """Stop a deployment for the devices that have not received it yet."""
    def create_component_version(
        self,
        *,
        inlineRecipe: BlobTypeDef = ...,
        lambdaFunction: LambdaFunctionRecipeSourceTypeDef = ...,
        tags: Mapping[str, str] = ...,
        clientToken: str = ...,
    ) -> CreateComponentVersionResponseTypeDef:
        """Publish a component version from a recipe or from a Lambda function."""
    def create_deployment(
        self,
        *,
        targetArn: str,
        deploymentName: str = ...,
        components: Mapping[str, ComponentDeploymentSpecificationUnionTypeDef] = ...,
        iotJobConfiguration: DeploymentIoTJobConfigurationUnionTypeDef = ...,
        deploymentPolicies: DeploymentPoliciesTypeDef = ...,
        parentTargetArn: str = ...,
        tags: Mapping[str, str] = ...,
        clientToken: str = ...,
    ) -> CreateDeploymentResponseTypeDef:
        """Deploy components to a thing or a thing group, replacing its former deployment."""
    def delete_component(self, *, arn: str) -> EmptyResponseMetadataTypeDef:
        """Delete one version of a component from the service; devices keep what they run."""
    def delete_core_device(self, *, coreDeviceThingName: str) -> EmptyResponseMetadataTypeDef:
        """Delete a core device from the service's list; its thing stays in the registry."""
    def delete_deployment(self, *, deploymentId: str) -> EmptyResponseMetadataTypeDef:
        """Delete a deployment that is no longer active."""
    def describe_component(self, *, arn: str) -> DescribeComponentResponseTypeDef:
        """Read the metadata of a component version: state, publisher, platforms, tags."""
    def disassociate_service_role_from_account(self) -> DisassociateServiceRoleFromAccountResponseTypeDef:
        """Remove the IAM role that Greengrass uses for this account in this Region."""
    def get_component(
        self,
        *,
        arn: str,
        recipeOutputFormat: RecipeOutputFormatType = ...,
    ) -> GetComponentResponseTypeDef:
        """Read the recipe of a component version."""
    def get_component_version_artifact(
        self,
        *,
        arn: str,
        artifactName: str,
        s3EndpointType: S3EndpointTypeType = ...,
        iotEndpointType: IotEndpointTypeType = ...,
    ) -> GetComponentVersionArtifactResponseTypeDef:
        """Get a presigned URL of an artifact of a public or Lambda component."""
    def get_connectivity_info(self, *, thingName: str) -> GetConnectivityInfoResponseTypeDef:
        """Read the addresses at which client devices reach a core device."""
    def get_core_device(self, *, coreDeviceThingName: str) -> GetCoreDeviceResponseTypeDef:
        """Read what a core device last reported about itself."""
    def get_deployment(self, *, deploymentId: str) -> GetDeploymentResponseTypeDef:
        """Read a deployment: its target, components, policies and status."""
    def get_service_role_for_account(self) -> GetServiceRoleForAccountResponseTypeDef:
        """Read the IAM role that Greengrass uses for this account in this Region."""
    def list_client_devices_associated_with_core_device(
        self,
        *,
        coreDeviceThingName: str,
        maxResults: int = ...,
        nextToken: str = ...,
    ) -> ListClientDevicesAssociatedWithCoreDeviceResponseTypeDef:
        """List the client devices that may connect through a core device."""
    def list_component_versions(
        self,
        *,
        arn: str,
        maxResults: int = ...,
        nextToken: str = ...,
    ) -> ListComponentVersionsResponseTypeDef:
        """List the versions of a component, greatest first."""
    def list_components(
        self,
        *,
        scope: ComponentVisibilityScopeType = ...,
        maxResults: int = ...,
        nextToken: str = ...,
    ) -> ListComponentsResponseTypeDef:
        """List the components of the account or the public ones, each with its latest version."""
    def list_core_devices(
        self,
        *,
        thingGroupArn: str = ...,
        status: CoreDeviceStatusType = ...,
        maxResults: int = ...,
        nextToken: str = ...,
        runtime: str = ...,
    ) -> ListCoreDevicesResponseTypeDef:
        """List the core devices of the Region, by thing group, status or runtime."""
    def list_deployments(
        self,
        *,
        targetArn: str = ...,
        historyFilter: DeploymentHistoryFilterType = ...,
        parentTargetArn: str = ...,
        maxResults: int = ...,
        nextToken: str = ...,
    ) -> ListDeploymentsResponseTypeDef:
        """List deployments: the latest of each target, or all revisions."""
    def list_effective_deployments(
        self,
        *,
        coreDeviceThingName: str,
        maxResults: int = ...,
        nextToken: str = ...,
    ) -> ListEffectiveDeploymentsResponseTypeDef:
        """List the deployments that address a core device and how far each got there."""
    def list_installed_components(
        self,
        *,
        coreDeviceThingName: str,
        maxResults: int = ...,
        nextToken: str = ...,
        topologyFilter: InstalledComponentTopologyFilterType = ...,
    ) -> ListInstalledComponentsResponseTypeDef:
        """List the components on a core device as it last reported them."""
    def list_tags_for_resource(self, *, resourceArn: str) -> ListTagsForResourceResponseTypeDef:
        """Read the tags of a component version, deployment or core device."""
    def resolve_component_candidates(
        self,
        *,
        platform: ComponentPlatformUnionTypeDef = ...,
        componentCandidates: Sequence[ComponentCandidateTypeDef] = ...,
    ) -> ResolveComponentCandidatesResponseTypeDef:
        """Ask which component versions meet a device's platform and requirements."""
    def tag_resource(self, *, resourceArn: str, tags: Mapping[str, str]) -> EmptyResponseMetadataTypeDef:
        """Add or overwrite tags of a component version, deployment or core device."""
    def untag_resource(self, *, resourceArn: str, tagKeys: Sequence[str]) -> EmptyResponseMetadataTypeDef:
        """Remove tags from a component version, deployment or core device."""
    def update_connectivity_info(
        self,
        *,
        thingName: str,
        connectivityInfo: Sequence[ConnectivityInfoTypeDef],
    ) -> UpdateConnectivityInfoResponseTypeDef:
        """Replace the addresses at which client devices reach a core device."""
    @overload  # type: ignore[override]
    def get_paginator(self, operation_name: Literal["list_component_versions"]) -> ListComponentVersionsPaginator: ...
    @overload
    def get_paginator(self, operation_name: Literal["list_components"]) -> ListComponentsPaginator: ...
    @overload
    def get_paginator(self, operation_name: Literal["list_core_devices"]) -> ListCoreDevicesPaginator: ...
    @overload
    def get_paginator(self, operation_name: Literal["list_deployments"]) -> ListDeploymentsPaginator: ...
    @overload
    def get_paginator(self, operation_name: Literal["list_effective_deployments"]) -> ListEffectiveDeploymentsPaginator: ...
    @overload
    def get_paginator(self, operation_name: Literal["list_installed_components"]) -> ListInstalledComponentsPaginator: ...
    @overload
    def get_paginator(self, operation_name: Literal["list_client_devices_associated_with_core_device"]) -> ListClientDevicesAssociatedWithCoreDevicePaginator: ...
    @overload  # type: ignore[override]
    def get_waiter(self, waiter_name: Literal["component_deployable"]) -> ComponentDeployableWaiter: ...
    @overload
    def get_waiter(self, waiter_name: Literal["deployment_completed"]) -> DeploymentCompletedWaiter: ...
    @overload
    def get_waiter(self, waiter_name: Literal["core_device_healthy"]) -> CoreDeviceHealthyWaiter: ...

"""The types of parameters and answers: `from fleetgrass.types import CreateDeploymentRequestTypeDef`.

Made by `scripts/make_types.py`. Names and fields are those of `types_boto3_greengrassv2`. At run time the TypedDicts
are real, `GreengrassV2Client` is the class of clients, and all paginators and waiters have one class each.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from fleetgrass._interface import *
else:
    from fleetgrass._client import GreengrassV2 as GreengrassV2Client
    from fleetgrass.paginate import Paginator
    from fleetgrass.waiters import Waiter

    ListComponentVersionsPaginator = Paginator
    ListComponentsPaginator = Paginator
    ListCoreDevicesPaginator = Paginator
    ListDeploymentsPaginator = Paginator
    ListEffectiveDeploymentsPaginator = Paginator
    ListInstalledComponentsPaginator = Paginator
    ListClientDevicesAssociatedWithCoreDevicePaginator = Paginator
    ComponentDeployableWaiter = Waiter
    DeploymentCompletedWaiter = Waiter
    CoreDeviceHealthyWaiter = Waiter

__all__ = [
    "AssociateClientDeviceWithCoreDeviceEntryTypeDef",
    "AssociateClientDeviceWithCoreDeviceErrorEntryTypeDef",
    "AssociateServiceRoleToAccountRequestTypeDef",
    "AssociateServiceRoleToAccountResponseTypeDef",
    "AssociatedClientDeviceTypeDef",
    "BatchAssociateClientDeviceWithCoreDeviceRequestTypeDef",
    "BatchAssociateClientDeviceWithCoreDeviceResponseTypeDef",
    "BatchDisassociateClientDeviceFromCoreDeviceRequestTypeDef",
    "BatchDisassociateClientDeviceFromCoreDeviceResponseTypeDef",
    "BlobTypeDef",
    "CancelDeploymentRequestTypeDef",
    "CancelDeploymentResponseTypeDef",
    "CloudComponentStateType",
    "CloudComponentStatusTypeDef",
    "ComponentCandidateTypeDef",
    "ComponentConfigurationUpdateOutputTypeDef",
    "ComponentConfigurationUpdateTypeDef",
    "ComponentConfigurationUpdateUnionTypeDef",
    "ComponentDependencyRequirementTypeDef",
    "ComponentDependencyTypeType",
    "ComponentDeployableWaiter",
    "ComponentDeploymentSpecificationOutputTypeDef",
    "ComponentDeploymentSpecificationTypeDef",
    "ComponentDeploymentSpecificationUnionTypeDef",
    "ComponentLatestVersionTypeDef",
    "ComponentPlatformOutputTypeDef",
    "ComponentPlatformTypeDef",
    "ComponentPlatformUnionTypeDef",
    "ComponentRunWithTypeDef",
    "ComponentTypeDef",
    "ComponentVersionListItemTypeDef",
    "ComponentVisibilityScopeType",
    "ConnectivityInfoTypeDef",
    "CoreDeviceHealthyWaiter",
    "CoreDeviceStatusType",
    "CoreDeviceTypeDef",
    "CreateComponentVersionRequestTypeDef",
    "CreateComponentVersionResponseTypeDef",
    "CreateDeploymentRequestTypeDef",
    "CreateDeploymentResponseTypeDef",
    "DeleteComponentRequestTypeDef",
    "DeleteCoreDeviceRequestTypeDef",
    "DeleteDeploymentRequestTypeDef",
    "DeploymentCompletedWaiter",
    "DeploymentComponentUpdatePolicyActionType",
    "DeploymentComponentUpdatePolicyTypeDef",
    "DeploymentConfigurationValidationPolicyTypeDef",
    "DeploymentFailureHandlingPolicyType",
    "DeploymentHistoryFilterType",
    "DeploymentIoTJobConfigurationOutputTypeDef",
    "DeploymentIoTJobConfigurationTypeDef",
    "DeploymentIoTJobConfigurationUnionTypeDef",
    "DeploymentPoliciesTypeDef",
    "DeploymentStatusType",
    "DeploymentTypeDef",
    "DescribeComponentRequestTypeDef",
    "DescribeComponentResponseTypeDef",
    "DisassociateClientDeviceFromCoreDeviceEntryTypeDef",
    "DisassociateClientDeviceFromCoreDeviceErrorEntryTypeDef",
    "DisassociateServiceRoleFromAccountResponseTypeDef",
    "EffectiveDeploymentExecutionStatusType",
    "EffectiveDeploymentStatusDetailsTypeDef",
    "EffectiveDeploymentTypeDef",
    "EmptyResponseMetadataTypeDef",
    "GetComponentRequestTypeDef",
    "GetComponentResponseTypeDef",
    "GetComponentVersionArtifactRequestTypeDef",
    "GetComponentVersionArtifactResponseTypeDef",
    "GetConnectivityInfoRequestTypeDef",
    "GetConnectivityInfoResponseTypeDef",
    "GetCoreDeviceRequestTypeDef",
    "GetCoreDeviceResponseTypeDef",
    "GetDeploymentRequestTypeDef",
    "GetDeploymentResponseTypeDef",
    "GetServiceRoleForAccountResponseTypeDef",
    "GreengrassV2Client",
    "InstalledComponentLifecycleStateType",
    "InstalledComponentTopologyFilterType",
    "InstalledComponentTypeDef",
    "IoTJobAbortActionType",
    "IoTJobAbortConfigOutputTypeDef",
    "IoTJobAbortConfigTypeDef",
    "IoTJobAbortCriteriaTypeDef",
    "IoTJobExecutionFailureTypeType",
    "IoTJobExecutionsRolloutConfigTypeDef",
    "IoTJobExponentialRolloutRateTypeDef",
    "IoTJobRateIncreaseCriteriaTypeDef",
    "IoTJobTimeoutConfigTypeDef",
    "IotEndpointTypeType",
    "LambdaContainerParamsTypeDef",
    "LambdaDeviceMountTypeDef",
    "LambdaEventSourceTypeDef",
    "LambdaEventSourceTypeType",
    "LambdaExecutionParametersTypeDef",
    "LambdaFilesystemPermissionType",
    "LambdaFunctionRecipeSourceTypeDef",
    "LambdaInputPayloadEncodingTypeType",
    "LambdaIsolationModeType",
    "LambdaLinuxProcessParamsTypeDef",
    "LambdaVolumeMountTypeDef",
    "ListClientDevicesAssociatedWithCoreDevicePaginator",
    "ListClientDevicesAssociatedWithCoreDeviceRequestPaginateTypeDef",
    "ListClientDevicesAssociatedWithCoreDeviceRequestTypeDef",
    "ListClientDevicesAssociatedWithCoreDeviceResponseTypeDef",
    "ListComponentVersionsPaginator",
    "ListComponentVersionsRequestPaginateTypeDef",
    "ListComponentVersionsRequestTypeDef",
    "ListComponentVersionsResponseTypeDef",
    "ListComponentsPaginator",
    "ListComponentsRequestPaginateTypeDef",
    "ListComponentsRequestTypeDef",
    "ListComponentsResponseTypeDef",
    "ListCoreDevicesPaginator",
    "ListCoreDevicesRequestPaginateTypeDef",
    "ListCoreDevicesRequestTypeDef",
    "ListCoreDevicesResponseTypeDef",
    "ListDeploymentsPaginator",
    "ListDeploymentsRequestPaginateTypeDef",
    "ListDeploymentsRequestTypeDef",
    "ListDeploymentsResponseTypeDef",
    "ListEffectiveDeploymentsPaginator",
    "ListEffectiveDeploymentsRequestPaginateTypeDef",
    "ListEffectiveDeploymentsRequestTypeDef",
    "ListEffectiveDeploymentsResponseTypeDef",
    "ListInstalledComponentsPaginator",
    "ListInstalledComponentsRequestPaginateTypeDef",
    "ListInstalledComponentsRequestTypeDef",
    "ListInstalledComponentsResponseTypeDef",
    "ListTagsForResourceRequestTypeDef",
    "ListTagsForResourceResponseTypeDef",
    "PaginatorConfigTypeDef",
    "PaginatorName",
    "RecipeOutputFormatType",
    "ResolveComponentCandidatesRequestTypeDef",
    "ResolveComponentCandidatesResponseTypeDef",
    "ResolvedComponentVersionTypeDef",
    "ResponseMetadataTypeDef",
    "S3EndpointTypeType",
    "SystemResourceLimitsTypeDef",
    "TagResourceRequestTypeDef",
    "UntagResourceRequestTypeDef",
    "UpdateConnectivityInfoRequestTypeDef",
    "UpdateConnectivityInfoResponseTypeDef",
    "VendorGuidanceType",
    "WaiterConfigTypeDef",
    "WaiterName",
]

CloudComponentStateType = Literal["REQUESTED", "INITIATED", "DEPLOYABLE", "FAILED", "DEPRECATED"]
ComponentDependencyTypeType = Literal["HARD", "SOFT"]
ComponentVisibilityScopeType = Literal["PRIVATE", "PUBLIC"]
CoreDeviceStatusType = Literal["HEALTHY", "UNHEALTHY"]
DeploymentComponentUpdatePolicyActionType = Literal["NOTIFY_COMPONENTS", "SKIP_NOTIFY_COMPONENTS"]
DeploymentFailureHandlingPolicyType = Literal["ROLLBACK", "DO_NOTHING"]
DeploymentHistoryFilterType = Literal["ALL", "LATEST_ONLY"]
DeploymentStatusType = Literal["ACTIVE", "COMPLETED", "CANCELED", "FAILED", "INACTIVE"]
EffectiveDeploymentExecutionStatusType = Literal[
    "IN_PROGRESS",
    "QUEUED",
    "FAILED",
    "COMPLETED",
    "TIMED_OUT",
    "CANCELED",
    "REJECTED",
    "SUCCEEDED",
]
InstalledComponentLifecycleStateType = Literal[
    "NEW",
    "INSTALLED",
    "STARTING",
    "RUNNING",
    "STOPPING",
    "ERRORED",
    "BROKEN",
    "FINISHED",
]
InstalledComponentTopologyFilterType = Literal["ALL", "ROOT"]
IoTJobAbortActionType = Literal["CANCEL"]
IoTJobExecutionFailureTypeType = Literal["FAILED", "REJECTED", "TIMED_OUT", "ALL"]
IotEndpointTypeType = Literal["fips", "standard"]
LambdaEventSourceTypeType = Literal["PUB_SUB", "IOT_CORE"]
LambdaFilesystemPermissionType = Literal["ro", "rw"]
LambdaInputPayloadEncodingTypeType = Literal["json", "binary"]
LambdaIsolationModeType = Literal["GreengrassContainer", "NoContainer"]
RecipeOutputFormatType = Literal["JSON", "YAML"]
S3EndpointTypeType = Literal["REGIONAL", "GLOBAL"]
VendorGuidanceType = Literal["ACTIVE", "DISCONTINUED", "DELETED"]
PaginatorName = Literal[
    "list_component_versions",
    "list_components",
    "list_core_devices",
    "list_deployments",
    "list_effective_deployments",
    "list_installed_components",
    "list_client_devices_associated_with_core_device",
]
WaiterName = Literal["component_deployable", "deployment_completed", "core_device_healthy"]

BlobTypeDef = str | bytes | bytearray


class _ResponseMetadataRequired(TypedDict):
    RequestId: str
    HTTPStatusCode: int
    HTTPHeaders: dict[str, str]
    RetryAttempts: int


class ResponseMetadataTypeDef(_ResponseMetadataRequired, total=False):
    HostId: str


class EmptyResponseMetadataTypeDef(TypedDict):
    ResponseMetadata: ResponseMetadataTypeDef


class PaginatorConfigTypeDef(TypedDict, total=False):
    MaxItems: int
    PageSize: int
    StartingToken: str


class WaiterConfigTypeDef(TypedDict, total=False):
    Delay: float
    MaxAttempts: int


class AssociateClientDeviceWithCoreDeviceEntryTypeDef(TypedDict):
    thingName: str


class AssociateClientDeviceWithCoreDeviceErrorEntryTypeDef(TypedDict, total=False):
    thingName: str
    code: str
    message: str


class AssociateServiceRoleToAccountRequestTypeDef(TypedDict):
    roleArn: str


class AssociateServiceRoleToAccountResponseTypeDef(TypedDict):
    associatedAt: str
    ResponseMetadata: ResponseMetadataTypeDef


class AssociatedClientDeviceTypeDef(TypedDict, total=False):
    thingName: str
    associationTimestamp: datetime


class _BatchAssociateClientDeviceWithCoreDeviceRequestRequired(TypedDict):
    coreDeviceThingName: str


class BatchAssociateClientDeviceWithCoreDeviceRequestTypeDef(_BatchAssociateClientDeviceWithCoreDeviceRequestRequired, total=False):
    entries: Sequence[AssociateClientDeviceWithCoreDeviceEntryTypeDef]


class BatchAssociateClientDeviceWithCoreDeviceResponseTypeDef(TypedDict):
    errorEntries: list[AssociateClientDeviceWithCoreDeviceErrorEntryTypeDef]
    ResponseMetadata: ResponseMetadataTypeDef


class DisassociateClientDeviceFromCoreDeviceEntryTypeDef(TypedDict):
    thingName: str


class _BatchDisassociateClientDeviceFromCoreDeviceRequestRequired(TypedDict):
    coreDeviceThingName: str


class BatchDisassociateClientDeviceFromCoreDeviceRequestTypeDef(_BatchDisassociateClientDeviceFromCoreDeviceRequestRequired, total=False):
    entries: Sequence[DisassociateClientDeviceFromCoreDeviceEntryTypeDef]


class DisassociateClientDeviceFromCoreDeviceErrorEntryTypeDef(TypedDict, total=False):
    thingName: str
    code: str
    message: str


class BatchDisassociateClientDeviceFromCoreDeviceResponseTypeDef(TypedDict):
    errorEntries: list[DisassociateClientDeviceFromCoreDeviceErrorEntryTypeDef]
    ResponseMetadata: ResponseMetadataTypeDef


class CancelDeploymentRequestTypeDef(TypedDict):
    deploymentId: str


class CancelDeploymentResponseTypeDef(TypedDict):
    message: str
    ResponseMetadata: ResponseMetadataTypeDef


class CloudComponentStatusTypeDef(TypedDict, total=False):
    componentState: CloudComponentStateType
    message: str
    errors: dict[str, str]
    vendorGuidance: VendorGuidanceType
    vendorGuidanceMessage: str


class ComponentPlatformTypeDef(TypedDict, total=False):
    name: str
    attributes: Mapping[str, str]


class ComponentPlatformOutputTypeDef(TypedDict, total=False):
    name: str
    attributes: dict[str, str]


ComponentPlatformUnionTypeDef = ComponentPlatformTypeDef | ComponentPlatformOutputTypeDef


class ComponentLatestVersionTypeDef(TypedDict, total=False):
    arn: str
    componentVersion: str
    creationTimestamp: datetime
    description: str
    publisher: str
    platforms: list[ComponentPlatformOutputTypeDef]


class ComponentTypeDef(TypedDict, total=False):
    arn: str
    componentName: str
    latestVersion: ComponentLatestVersionTypeDef


class ComponentCandidateTypeDef(TypedDict, total=False):
    componentName: str
    componentVersion: str
    versionRequirements: Mapping[str, str]


class ComponentConfigurationUpdateTypeDef(TypedDict, total=False):
    merge: str
    reset: Sequence[str]


class ComponentConfigurationUpdateOutputTypeDef(TypedDict, total=False):
    merge: str
    reset: list[str]


ComponentConfigurationUpdateUnionTypeDef = ComponentConfigurationUpdateTypeDef | ComponentConfigurationUpdateOutputTypeDef


class ComponentDependencyRequirementTypeDef(TypedDict, total=False):
    versionRequirement: str
    dependencyType: ComponentDependencyTypeType


class SystemResourceLimitsTypeDef(TypedDict, total=False):
    memory: int
    cpus: float


class ComponentRunWithTypeDef(TypedDict, total=False):
    posixUser: str
    systemResourceLimits: SystemResourceLimitsTypeDef
    windowsUser: str


class _ComponentDeploymentSpecificationRequired(TypedDict):
    componentVersion: str


class ComponentDeploymentSpecificationTypeDef(_ComponentDeploymentSpecificationRequired, total=False):
    configurationUpdate: ComponentConfigurationUpdateUnionTypeDef
    runWith: ComponentRunWithTypeDef


class _ComponentDeploymentSpecificationOutputRequired(TypedDict):
    componentVersion: str


class ComponentDeploymentSpecificationOutputTypeDef(_ComponentDeploymentSpecificationOutputRequired, total=False):
    configurationUpdate: ComponentConfigurationUpdateOutputTypeDef
    runWith: ComponentRunWithTypeDef


ComponentDeploymentSpecificationUnionTypeDef = ComponentDeploymentSpecificationTypeDef | ComponentDeploymentSpecificationOutputTypeDef


class ComponentVersionListItemTypeDef(TypedDict, total=False):
    componentName: str
    componentVersion: str
    arn: str


class ConnectivityInfoTypeDef(TypedDict, total=False):
    id: str
    hostAddress: str
    portNumber: int
    metadata: str


class CoreDeviceTypeDef(TypedDict, total=False):
    coreDeviceThingName: str
    status: CoreDeviceStatusType
    lastStatusUpdateTimestamp: datetime
    platform: str
    architecture: str
    runtime: str


class LambdaEventSourceTypeDef(TypedDict):
    topic: str
    type: LambdaEventSourceTypeType


class _LambdaVolumeMountRequired(TypedDict):
    sourcePath: str
    destinationPath: str


class LambdaVolumeMountTypeDef(_LambdaVolumeMountRequired, total=False):
    permission: LambdaFilesystemPermissionType
    addGroupOwner: bool


class _LambdaDeviceMountRequired(TypedDict):
    path: str


class LambdaDeviceMountTypeDef(_LambdaDeviceMountRequired, total=False):
    permission: LambdaFilesystemPermissionType
    addGroupOwner: bool


class LambdaContainerParamsTypeDef(TypedDict, total=False):
    memorySizeInKB: int
    mountROSysfs: bool
    volumes: Sequence[LambdaVolumeMountTypeDef]
    devices: Sequence[LambdaDeviceMountTypeDef]


class LambdaLinuxProcessParamsTypeDef(TypedDict, total=False):
    isolationMode: LambdaIsolationModeType
    containerParams: LambdaContainerParamsTypeDef


class LambdaExecutionParametersTypeDef(TypedDict, total=False):
    eventSources: Sequence[LambdaEventSourceTypeDef]
    maxQueueSize: int
    maxInstancesCount: int
    maxIdleTimeInSeconds: int
    timeoutInSeconds: int
    statusTimeoutInSeconds: int
    pinned: bool
    inputPayloadEncodingType: LambdaInputPayloadEncodingTypeType
    execArgs: Sequence[str]
    environmentVariables: Mapping[str, str]
    linuxProcessParams: LambdaLinuxProcessParamsTypeDef


class _LambdaFunctionRecipeSourceRequired(TypedDict):
    lambdaArn: str


class LambdaFunctionRecipeSourceTypeDef(_LambdaFunctionRecipeSourceRequired, total=False):
    componentName: str
    componentVersion: str
    componentPlatforms: Sequence[ComponentPlatformUnionTypeDef]
    componentDependencies: Mapping[str, ComponentDependencyRequirementTypeDef]
    componentLambdaParameters: LambdaExecutionParametersTypeDef


class CreateComponentVersionRequestTypeDef(TypedDict, total=False):
    inlineRecipe: BlobTypeDef
    lambdaFunction: LambdaFunctionRecipeSourceTypeDef
    tags: Mapping[str, str]
    clientToken: str


class CreateComponentVersionResponseTypeDef(TypedDict):
    arn: str
    componentName: str
    componentVersion: str
    creationTimestamp: datetime
    status: CloudComponentStatusTypeDef
    ResponseMetadata: ResponseMetadataTypeDef


class IoTJobRateIncreaseCriteriaTypeDef(TypedDict, total=False):
    numberOfNotifiedThings: int
    numberOfSucceededThings: int


class IoTJobExponentialRolloutRateTypeDef(TypedDict):
    baseRatePerMinute: int
    incrementFactor: float
    rateIncreaseCriteria: IoTJobRateIncreaseCriteriaTypeDef


class IoTJobExecutionsRolloutConfigTypeDef(TypedDict, total=False):
    exponentialRate: IoTJobExponentialRolloutRateTypeDef
    maximumPerMinute: int


class IoTJobAbortCriteriaTypeDef(TypedDict):
    failureType: IoTJobExecutionFailureTypeType
    action: IoTJobAbortActionType
    thresholdPercentage: float
    minNumberOfExecutedThings: int


class IoTJobAbortConfigTypeDef(TypedDict):
    criteriaList: Sequence[IoTJobAbortCriteriaTypeDef]


class IoTJobAbortConfigOutputTypeDef(TypedDict):
    criteriaList: list[IoTJobAbortCriteriaTypeDef]


class IoTJobTimeoutConfigTypeDef(TypedDict, total=False):
    inProgressTimeoutInMinutes: int


class DeploymentIoTJobConfigurationTypeDef(TypedDict, total=False):
    jobExecutionsRolloutConfig: IoTJobExecutionsRolloutConfigTypeDef
    abortConfig: IoTJobAbortConfigTypeDef
    timeoutConfig: IoTJobTimeoutConfigTypeDef


class DeploymentIoTJobConfigurationOutputTypeDef(TypedDict, total=False):
    jobExecutionsRolloutConfig: IoTJobExecutionsRolloutConfigTypeDef
    abortConfig: IoTJobAbortConfigOutputTypeDef
    timeoutConfig: IoTJobTimeoutConfigTypeDef


DeploymentIoTJobConfigurationUnionTypeDef = DeploymentIoTJobConfigurationTypeDef | DeploymentIoTJobConfigurationOutputTypeDef


class DeploymentComponentUpdatePolicyTypeDef(TypedDict, total=False):
    timeoutInSeconds: int
    action: DeploymentComponentUpdatePolicyActionType


class DeploymentConfigurationValidationPolicyTypeDef(TypedDict, total=False):
    timeoutInSeconds: int


class DeploymentPoliciesTypeDef(TypedDict, total=False):
    failureHandlingPolicy: DeploymentFailureHandlingPolicyType
    componentUpdatePolicy: DeploymentComponentUpdatePolicyTypeDef
    configurationValidationPolicy: DeploymentConfigurationValidationPolicyTypeDef


class _CreateDeploymentRequestRequired(TypedDict):
    targetArn: str


class CreateDeploymentRequestTypeDef(_CreateDeploymentRequestRequired, total=False):
    deploymentName: str
    components: Mapping[str, ComponentDeploymentSpecificationUnionTypeDef]
    iotJobConfiguration: DeploymentIoTJobConfigurationUnionTypeDef
    deploymentPolicies: DeploymentPoliciesTypeDef
    parentTargetArn: str
    tags: Mapping[str, str]
    clientToken: str


class CreateDeploymentResponseTypeDef(TypedDict):
    deploymentId: str
    iotJobId: str
    iotJobArn: str
    ResponseMetadata: ResponseMetadataTypeDef


class DeleteComponentRequestTypeDef(TypedDict):
    arn: str


class DeleteCoreDeviceRequestTypeDef(TypedDict):
    coreDeviceThingName: str


class DeleteDeploymentRequestTypeDef(TypedDict):
    deploymentId: str


class DeploymentTypeDef(TypedDict, total=False):
    targetArn: str
    revisionId: str
    deploymentId: str
    deploymentName: str
    creationTimestamp: datetime
    deploymentStatus: DeploymentStatusType
    isLatestForTarget: bool
    parentTargetArn: str


class DescribeComponentRequestTypeDef(TypedDict):
    arn: str


class DescribeComponentResponseTypeDef(TypedDict):
    arn: str
    componentName: str
    componentVersion: str
    creationTimestamp: datetime
    publisher: str
    description: str
    status: CloudComponentStatusTypeDef
    platforms: list[ComponentPlatformOutputTypeDef]
    tags: dict[str, str]
    ResponseMetadata: ResponseMetadataTypeDef


class DisassociateServiceRoleFromAccountResponseTypeDef(TypedDict):
    disassociatedAt: str
    ResponseMetadata: ResponseMetadataTypeDef


class EffectiveDeploymentStatusDetailsTypeDef(TypedDict, total=False):
    errorStack: list[str]
    errorTypes: list[str]


class _EffectiveDeploymentRequired(TypedDict):
    deploymentId: str
    deploymentName: str
    targetArn: str
    coreDeviceExecutionStatus: EffectiveDeploymentExecutionStatusType
    creationTimestamp: datetime
    modifiedTimestamp: datetime


class EffectiveDeploymentTypeDef(_EffectiveDeploymentRequired, total=False):
    iotJobId: str
    iotJobArn: str
    description: str
    reason: str
    statusDetails: EffectiveDeploymentStatusDetailsTypeDef


class _GetComponentRequestRequired(TypedDict):
    arn: str


class GetComponentRequestTypeDef(_GetComponentRequestRequired, total=False):
    recipeOutputFormat: RecipeOutputFormatType


class GetComponentResponseTypeDef(TypedDict):
    recipeOutputFormat: RecipeOutputFormatType
    recipe: bytes
    tags: dict[str, str]
    ResponseMetadata: ResponseMetadataTypeDef


class _GetComponentVersionArtifactRequestRequired(TypedDict):
    arn: str
    artifactName: str


class GetComponentVersionArtifactRequestTypeDef(_GetComponentVersionArtifactRequestRequired, total=False):
    s3EndpointType: S3EndpointTypeType
    iotEndpointType: IotEndpointTypeType


class GetComponentVersionArtifactResponseTypeDef(TypedDict):
    preSignedUrl: str
    ResponseMetadata: ResponseMetadataTypeDef


class GetConnectivityInfoRequestTypeDef(TypedDict):
    thingName: str


class GetConnectivityInfoResponseTypeDef(TypedDict):
    connectivityInfo: list[ConnectivityInfoTypeDef]
    message: str
    ResponseMetadata: ResponseMetadataTypeDef


class GetCoreDeviceRequestTypeDef(TypedDict):
    coreDeviceThingName: str


class GetCoreDeviceResponseTypeDef(TypedDict):
    coreDeviceThingName: str
    coreVersion: str
    platform: str
    architecture: str
    runtime: str
    status: CoreDeviceStatusType
    lastStatusUpdateTimestamp: datetime
    tags: dict[str, str]
    ResponseMetadata: ResponseMetadataTypeDef


class GetDeploymentRequestTypeDef(TypedDict):
    deploymentId: str


class GetDeploymentResponseTypeDef(TypedDict):
    targetArn: str
    revisionId: str
    deploymentId: str
    deploymentName: str
    deploymentStatus: DeploymentStatusType
    iotJobId: str
    iotJobArn: str
    components: dict[str, ComponentDeploymentSpecificationOutputTypeDef]
    deploymentPolicies: DeploymentPoliciesTypeDef
    iotJobConfiguration: DeploymentIoTJobConfigurationOutputTypeDef
    creationTimestamp: datetime
    isLatestForTarget: bool
    parentTargetArn: str
    tags: dict[str, str]
    ResponseMetadata: ResponseMetadataTypeDef


class GetServiceRoleForAccountResponseTypeDef(TypedDict):
    associatedAt: str
    roleArn: str
    ResponseMetadata: ResponseMetadataTypeDef


class InstalledComponentTypeDef(TypedDict, total=False):
    componentName: str
    componentVersion: str
    lifecycleState: InstalledComponentLifecycleStateType
    lifecycleStateDetails: str
    isRoot: bool
    lastStatusChangeTimestamp: datetime
    lastReportedTimestamp: datetime
    lastInstallationSource: str
    lifecycleStatusCodes: list[str]


class _ListClientDevicesAssociatedWithCoreDeviceRequestRequired(TypedDict):
    coreDeviceThingName: str


class ListClientDevicesAssociatedWithCoreDeviceRequestTypeDef(_ListClientDevicesAssociatedWithCoreDeviceRequestRequired, total=False):
    maxResults: int
    nextToken: str


class _ListClientDevicesAssociatedWithCoreDeviceResponseRequired(TypedDict):
    associatedClientDevices: list[AssociatedClientDeviceTypeDef]
    ResponseMetadata: ResponseMetadataTypeDef


class ListClientDevicesAssociatedWithCoreDeviceResponseTypeDef(_ListClientDevicesAssociatedWithCoreDeviceResponseRequired, total=False):
    nextToken: str


class _ListComponentVersionsRequestRequired(TypedDict):
    arn: str


class ListComponentVersionsRequestTypeDef(_ListComponentVersionsRequestRequired, total=False):
    maxResults: int
    nextToken: str


class _ListComponentVersionsResponseRequired(TypedDict):
    componentVersions: list[ComponentVersionListItemTypeDef]
    ResponseMetadata: ResponseMetadataTypeDef


class ListComponentVersionsResponseTypeDef(_ListComponentVersionsResponseRequired, total=False):
    nextToken: str


class ListComponentsRequestTypeDef(TypedDict, total=False):
    scope: ComponentVisibilityScopeType
    maxResults: int
    nextToken: str


class _ListComponentsResponseRequired(TypedDict):
    components: list[ComponentTypeDef]
    ResponseMetadata: ResponseMetadataTypeDef


class ListComponentsResponseTypeDef(_ListComponentsResponseRequired, total=False):
    nextToken: str


class ListCoreDevicesRequestTypeDef(TypedDict, total=False):
    thingGroupArn: str
    status: CoreDeviceStatusType
    maxResults: int
    nextToken: str
    runtime: str


class _ListCoreDevicesResponseRequired(TypedDict):
    coreDevices: list[CoreDeviceTypeDef]
    ResponseMetadata: ResponseMetadataTypeDef


class ListCoreDevicesResponseTypeDef(_ListCoreDevicesResponseRequired, total=False):
    nextToken: str


class ListDeploymentsRequestTypeDef(TypedDict, total=False):
    targetArn: str
    historyFilter: DeploymentHistoryFilterType
    parentTargetArn: str
    maxResults: int
    nextToken: str


class _ListDeploymentsResponseRequired(TypedDict):
    deployments: list[DeploymentTypeDef]
    ResponseMetadata: ResponseMetadataTypeDef


class ListDeploymentsResponseTypeDef(_ListDeploymentsResponseRequired, total=False):
    nextToken: str


class _ListEffectiveDeploymentsRequestRequired(TypedDict):
    coreDeviceThingName: str


class ListEffectiveDeploymentsRequestTypeDef(_ListEffectiveDeploymentsRequestRequired, total=False):
    maxResults: int
    nextToken: str


class _ListEffectiveDeploymentsResponseRequired(TypedDict):
    effectiveDeployments: list[EffectiveDeploymentTypeDef]
    ResponseMetadata: ResponseMetadataTypeDef


class ListEffectiveDeploymentsResponseTypeDef(_ListEffectiveDeploymentsResponseRequired, total=False):
    nextToken: str


class _ListInstalledComponentsRequestRequired(TypedDict):
    coreDeviceThingName: str


class ListInstalledComponentsRequestTypeDef(_ListInstalledComponentsRequestRequired, total=False):
    maxResults: int
    nextToken: str
    topologyFilter: InstalledComponentTopologyFilterType


class _ListInstalledComponentsResponseRequired(TypedDict):
    installedComponents: list[InstalledComponentTypeDef]
    ResponseMetadata: ResponseMetadataTypeDef


class ListInstalledComponentsResponseTypeDef(_ListInstalledComponentsResponseRequired, total=False):
    nextToken: str


class ListTagsForResourceRequestTypeDef(TypedDict):
    resourceArn: str


class ListTagsForResourceResponseTypeDef(TypedDict):
    tags: dict[str, str]
    ResponseMetadata: ResponseMetadataTypeDef


class ResolveComponentCandidatesRequestTypeDef(TypedDict, total=False):
    platform: ComponentPlatformUnionTypeDef
    componentCandidates: Sequence[ComponentCandidateTypeDef]


class ResolvedComponentVersionTypeDef(TypedDict, total=False):
    arn: str
    componentName: str
    componentVersion: str
    recipe: bytes
    vendorGuidance: VendorGuidanceType
    message: str


class ResolveComponentCandidatesResponseTypeDef(TypedDict):
    resolvedComponentVersions: list[ResolvedComponentVersionTypeDef]
    ResponseMetadata: ResponseMetadataTypeDef


class TagResourceRequestTypeDef(TypedDict):
    resourceArn: str
    tags: Mapping[str, str]


class UntagResourceRequestTypeDef(TypedDict):
    resourceArn: str
    tagKeys: Sequence[str]


class UpdateConnectivityInfoRequestTypeDef(TypedDict):
    thingName: str
    connectivityInfo: Sequence[ConnectivityInfoTypeDef]


class UpdateConnectivityInfoResponseTypeDef(TypedDict):
    version: str
    message: str
    ResponseMetadata: ResponseMetadataTypeDef


class _ListComponentVersionsRequestPaginateRequired(TypedDict):
    arn: str


class ListComponentVersionsRequestPaginateTypeDef(_ListComponentVersionsRequestPaginateRequired, total=False):
    PaginationConfig: PaginatorConfigTypeDef


class ListComponentsRequestPaginateTypeDef(TypedDict, total=False):
    scope: ComponentVisibilityScopeType
    PaginationConfig: PaginatorConfigTypeDef


class ListCoreDevicesRequestPaginateTypeDef(TypedDict, total=False):
    thingGroupArn: str
    status: CoreDeviceStatusType
    runtime: str
    PaginationConfig: PaginatorConfigTypeDef


class ListDeploymentsRequestPaginateTypeDef(TypedDict, total=False):
    targetArn: str
    historyFilter: DeploymentHistoryFilterType
    parentTargetArn: str
    PaginationConfig: PaginatorConfigTypeDef


class _ListEffectiveDeploymentsRequestPaginateRequired(TypedDict):
    coreDeviceThingName: str


class ListEffectiveDeploymentsRequestPaginateTypeDef(_ListEffectiveDeploymentsRequestPaginateRequired, total=False):
    PaginationConfig: PaginatorConfigTypeDef


class _ListInstalledComponentsRequestPaginateRequired(TypedDict):
    coreDeviceThingName: str


class ListInstalledComponentsRequestPaginateTypeDef(_ListInstalledComponentsRequestPaginateRequired, total=False):
    topologyFilter: InstalledComponentTopologyFilterType
    PaginationConfig: PaginatorConfigTypeDef


class _ListClientDevicesAssociatedWithCoreDeviceRequestPaginateRequired(TypedDict):
    coreDeviceThingName: str


class ListClientDevicesAssociatedWithCoreDeviceRequestPaginateTypeDef(_ListClientDevicesAssociatedWithCoreDeviceRequestPaginateRequired, total=False):
    PaginationConfig: PaginatorConfigTypeDef

"""AWS's global condition keys and their types: a table, for the action data holds few of them. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

_BY_TYPE: Final = {
    "ARN": "PrincipalArn ChatbotSourceArn SourceArn SourceVpcArn SignInSessionArn",
    "ArrayOfString": (
        "CalledVia PrincipalOrgPaths PrincipalServiceNamesList ResourceOrgPaths SourceOrgPaths TagKeys VpceOrgPaths"
    ),
    "Bool": "MultiFactorAuthPresent PrincipalIsAWSService SecureTransport ViaAWSService",
    "Date": "CurrentTime EpochTime TokenIssueTime",
    "IPAddress": "Ec2InstanceSourcePrivateIPv4 SourceIp VpcSourceIp",
    "Numeric": "MultiFactorAuthAge",
    "String": (
        "AssumedRoot CalledViaFirst CalledViaLast Ec2InstanceSourceVpc FederatedProvider PrincipalAccount "
        "PrincipalOrgID PrincipalServiceName PrincipalTag/${TagKey} PrincipalType Referer RequestTag/${TagKey} "
        "RequestedRegion ResourceAccount ResourceOrgID ResourceTag/${TagKey} SourceAccount SourceIdentity SourceOrgID "
        "SourceVpc SourceVpce UserAgent UserId Username VpceAccount VpceOrgID"
    ),
}

GLOBAL_KEYS: Final = MappingProxyType(
    {f"aws:{name}".lower(): type_ for type_, names in _BY_TYPE.items() for name in names.split()}
)
"""Every key under `aws:`, in lower case, and its type. `aws:EpochTime` takes numeric operators too."""

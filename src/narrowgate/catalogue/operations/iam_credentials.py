"""IAM: what a user signs in with: access keys, passwords, MFA devices, certificates and SSH keys.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
Where `UserName` is left out, the user who calls is meant.
Not here: Delete-, Reset- and UpdateServiceSpecificCredential. AWS gives them the credential's service as a
condition key, and neither the call nor anything that is known of a resource tells it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from narrowgate.catalogue.iam import TAG_KEYS, alike, arn, by_arn, create, existing, new, unscoped, user_or_caller
from narrowgate.catalogue.rule import Asked, Rule, Table, Target, equals, key, request_tags, reserved, tag_keys

_USER: Final = existing("user", "UserName")
_MFA: Final = by_arn("SerialNumber", "mfa")
_ANY_MFA: Final = by_arn("SerialNumber", "mfa", "sms-mfa")
_ALL_USERS: Final = equals("AllUsers", "true")


def _owner(asked: Asked) -> Iterator[Target]:
    """Whose access key it is: the link `user` of `access-key/ID`, which stands for a key, for AWS gives it no ARN."""
    key_id = asked.text("AccessKeyId")
    unknown = arn(asked, "user", reserved(key_id, "UserName"))
    yield Target(next(iter(asked.known(arn(asked, "access-key", key_id)).links.get("user", ())), unknown), "user")


def _whose_credentials(asked: Asked) -> Iterator[Target]:
    """With `AllUsers` no user is named: only who may ask about every user may ask this."""
    if _ALL_USERS(asked):
        yield Target(arn(asked, "user", reserved("", "AllUsers")), "user")
    else:
        yield from user_or_caller(asked)


TABLE: Final = Table(
    "iam",
    {
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
        **alike(user_or_caller, "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "ListAccessKeys"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
        **alike(_owner, "GetAccessKeyLastUsed"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateLoginProfile.html
        **alike(user_or_caller, "CreateLoginProfile", "GetLoginProfile", "DeleteLoginProfile"),
        **alike(_USER, "UpdateLoginProfile"),
        # It has no `UserName`: everybody changes their own.
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ChangePassword.html
        **alike(user_or_caller, "ChangePassword"),
        # The key `iam:RegisterSecurityKey` and those of FIDO speak of security keys, which no API call enables.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
        **alike(_USER, "EnableMFADevice", "ResyncMFADevice"),
        **alike(user_or_caller, "DeactivateMFADevice", "GetMFADevice", "ListMFADevices"),
        "CreateVirtualMFADevice": create("CreateVirtualMFADevice", "TagMFADevice", new("mfa", "VirtualMFADeviceName")),
        **alike(_ANY_MFA, "DeleteVirtualMFADevice"),
        **alike(_MFA, "ListMFADeviceTags"),
        **alike(_MFA, "TagMFADevice", keys=(request_tags(),)),
        **alike(_MFA, "UntagMFADevice", keys=(tag_keys(),)),
        **unscoped("ListVirtualMFADevices"),
        **alike(
            user_or_caller,
            "DeleteSigningCertificate",
            "ListSigningCertificates",
            "UpdateSigningCertificate",
            "UploadSigningCertificate",
            "ListSSHPublicKeys",
        ),
        **alike(_USER, "DeleteSSHPublicKey", "GetSSHPublicKey", "UpdateSSHPublicKey", "UploadSSHPublicKey"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html
        "CreateServiceSpecificCredential": (
            Rule(
                "iam:CreateServiceSpecificCredential",
                _USER,
                keys=(
                    key("iam:ServiceSpecificCredentialServiceName", "ServiceName"),
                    key("iam:ServiceSpecificCredentialAgeDays", "CredentialAgeDays"),
                ),
            ),
        ),
        **alike(_whose_credentials, "ListServiceSpecificCredentials"),
    },
    tag_keys=TAG_KEYS,
    home=True,
)

"""The instance profile of an instance, as AWS gives it where moto 5.2.5 does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ec2.responses import EC2Response
from moto.iam.models import iam_backends

from narrowgate.adapters.sandbox.faithful_ec2_kept import refused
from narrowgate.adapters.sandbox.late_profiles import unknown


def profile_of(ec2: Any, named: Mapping[str, Any]) -> Any:
    """The profile that an IamInstanceProfile names; None where it names none.

    Raises InvalidParameterValue where there is no such profile, or where it has no role.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
    """
    if not (named.get("Name") or named.get("Arn")):
        return None
    profiles = iam_backends[ec2.account_id][ec2.partition].instance_profiles.values()
    for member in ("Arn", "Name"):
        if wanted := named.get(member):
            found = next((each for each in profiles if getattr(each, member.lower()) == wanted), None)
            if found is None:
                raise refused("InvalidParameterValue", unknown(member, wanted))
            if not found.roles:
                raise refused(
                    "InvalidParameterValue", f'IAM Instance Profile "{found.arn}" has no associated IAM Roles'
                )
    return found


def give(ec2: Any, instance: Any, profile: Any) -> None:
    """Associate the profile with the instance; its id is that of IAM, where moto tells the association's."""
    ec2.associate_iam_instance_profile(instance_id=instance.id, iam_instance_profile_arn=profile.arn)
    _told(instance, profile)


def _told(instance: Any, profile: Any) -> None:
    instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}


class ProfileAssociations(EC2Response):  # type: ignore[misc]  # moto is not typed
    """What EC2 says of associations of instance profiles."""

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html
    def associate_iam_instance_profile(self) -> Any:
        """InvalidParameterValue where there is no such profile."""
        return self._associated(super().associate_iam_instance_profile)

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
    def replace_iam_instance_profile_association(self) -> Any:
        """The instance has the new profile; moto leaves it with the old one."""
        return self._associated(super().replace_iam_instance_profile_association)

    def _associated(self, associate: Any) -> Any:
        profile = profile_of(self.ec2_backend, self._get_param("IamInstanceProfile", {}))
        result = associate()
        _told(result.result["IamInstanceProfileAssociation"].instance, profile)
        return result

"""IAM and STS as AWS answers where moto 5.2.5 does not. Each override names the page that it follows.

Loaded only when the first call comes. moto's classes stay as they are: these are subclasses, put in
their place by `engine`.
"""

from __future__ import annotations

from moto.core.serialize import never_return, return_if_not_empty
from moto.iam.responses import IamResponse

from narrowgate.adapters.sandbox import managed
from narrowgate.adapters.sandbox.faithful_groups import Groups
from narrowgate.adapters.sandbox.faithful_policies import Policies
from narrowgate.adapters.sandbox.faithful_roles import InstanceProfiles, Roles
from narrowgate.adapters.sandbox.faithful_simulation import Simulator
from narrowgate.adapters.sandbox.faithful_sts import FaithfulSts
from narrowgate.adapters.sandbox.faithful_users import Users

__all__ = ["FaithfulIam", "FaithfulSts"]


class FaithfulIam(Users, Groups, Roles, InstanceProfiles, Policies, Simulator):
    """IAM, with boundaries of users, AWS's conflicts, quotas and pages, and unique ids in AWS's form."""

    RESPONSE_KEY_PATH_TO_TRANSFORMER = {  # noqa: RUF012  # moto's own attribute, never written
        **IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER,
        "GetUserResponse.User.PermissionsBoundary": return_if_not_empty,
        "CreateUserResponse.User.PermissionsBoundary": return_if_not_empty,
        "ListUsersResponse.Users.User.PermissionsBoundary": never_return,
    }

    def _check(self) -> None:
        super()._check()
        for name in ("PolicyArn", "PermissionsBoundary"):
            managed.require(self.backend, self._get_param(name))
        self._refuse_aws_owned()
        self._refuse_protected()

"""Organizations as AWS answers where moto 5.2.5 does not: accounts that the management account can use."""

from __future__ import annotations

import json
from typing import Any, Final

from moto.iam.models import iam_backends
from moto.organizations.responses import OrganizationsResponse

from narrowgate.adapters.sandbox import managed
from narrowgate.adapters.sandbox.unique import in_seconds

ACCESS_ROLE: Final = "OrganizationAccountAccessRole"
_HOUR: Final = 3600


class FaithfulOrganizations(OrganizationsResponse):  # type: ignore[misc]  # moto is not typed
    """What Organizations says of accounts."""

    # https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganization.html
    def create_organization(self) -> Any:
        """No access role for the management account; moto makes one, in an account that does not exist."""
        before = set(iam_backends)
        reply = super().create_organization()
        for account in set(iam_backends) - before - {self.current_account}:
            del iam_backends[account]
        return reply

    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html
    def create_account(self) -> Any:
        """With a role that has AdministratorAccess and trusts the management account, in its own partition."""
        reply = super().create_account()
        member = self.organizations_backend.accounts[-1]
        name = self._get_param("RoleName") or ACCESS_ROLE
        # moto makes its role in the partition `aws`, under an empty path and with text for a number.
        iam_backends[member.id]["aws"].delete_role(name)
        self._give_access(iam_backends[member.id][self.partition], name)
        return reply

    def _give_access(self, iam: Any, name: str) -> None:
        role = iam.create_role(
            role_name=name,
            assume_role_policy_document=self._trust(),
            path="/",
            permissions_boundary=None,
            description="",
            tags=[],
            max_session_duration=_HOUR,
        )
        in_seconds(role)
        policy = f"arn:{self.partition}:iam::aws:policy/AdministratorAccess"
        managed.require(iam, policy)
        iam.attach_role_policy(policy, name)

    def _trust(self) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{self.partition}:iam::{self.current_account}:root"},
            "Action": "sts:AssumeRole",
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

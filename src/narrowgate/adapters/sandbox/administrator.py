"""The administrator of every sandbox: an IAM user that no list shows, worth nothing elsewhere."""

from __future__ import annotations

from typing import Final

ADMIN: Final = ("AKIASANDBOXADMIN0000", "sandbox/administrator/secret/0000000000")
"""The administrator's access key id and secret."""
OPERATOR: Final = ("AKIASANDBOXOPERATOR0", "sandbox/operator/secret/000000000000000000")
"""Another key of the administrator, with no other rights than the policies that the sandbox is given for it."""
ADMIN_KEYS: Final = frozenset({ADMIN[0], OPERATOR[0]})
OPERATOR_FILE: Final = "operator.json"
"""In the state folder: a JSON list of the operator's policies, each a text."""
ACCOUNT: Final = "123456789012"
"""The sandbox's own account, which is moto's."""
ADMIN_USER: Final = "sandbox-admin"
ADMIN_USER_ID: Final = "AIDASANDBOXADMIN00000"

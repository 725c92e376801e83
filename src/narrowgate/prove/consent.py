"""A resource policy that leaves everything to the principal's own policies. Pure.

Where another account's resource is meant, a role that is assumed or a key, a policy of the resource must allow too.
To ask what the principal's own policies say, it is taken to say yes to the principal's account, and to nobody more.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from __future__ import annotations

from functools import lru_cache

from narrowgate.policy.clause import Clause, Policy


@lru_cache(maxsize=64)
def consenting(account: str) -> Policy:
    """The policy of a resource whose owner lets an account decide for itself."""
    everything = Clause("Allow", ("*",), False, ("*",), False, (False, (("AWS", account),)), (), None, True)
    return Policy("resource", (everything,))

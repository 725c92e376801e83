"""The service-linked role that a service makes on the caller's behalf where it is missing. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-service-linked-role.html
"""

from __future__ import annotations

from narrowgate.catalogue.facts import HOME
from narrowgate.catalogue.rule import Asked, Rule, Target, When, always, constant


def service_linked(service: str, name: str, when: When = always) -> Rule:
    """`iam:CreateServiceLinkedRole` for the service's role, unless facts know that it is there.

    IAM is one service for all regions: it is asked in its home, whatever region the call goes to.
    """
    principal = f"{service}.amazonaws.com"

    def role(asked: Asked) -> str:
        return asked.place.arn("iam", f"role/aws-service-role/{principal}/{name}", region="")

    def missing(asked: Asked) -> bool:
        return when(asked) and asked.facts(role(asked)) is None

    def home(asked: Asked, _: Target) -> dict[str, str]:
        return {"aws:RequestedRegion": HOME.get(asked.place.partition, asked.place.region)}

    keys = (constant("iam:AWSServiceName", principal), home)
    return Rule("iam:CreateServiceLinkedRole", lambda asked: (Target(role(asked), "role", new=True),), missing, keys)

"""A certificate as lines: everything in it is said, and what failed is said with its fix."""

from __future__ import annotations

import json
from typing import Any

from prove.example import INSTALLER, derived, evidence, known

from narrowgate.derive.evidence import LeftOut
from narrowgate.policy import Layers
from narrowgate.prove.certificate import (
    Certificate,
    Claim,
    Hashed,
    Unscoped,
    Versions,
    as_data,
    certificate,
    sufficiency_claim,
)
from narrowgate.prove.sufficiency import sufficient
from narrowgate.report.certificate import lines

SMALL = Certificate(
    "narrowgate's own setup",
    ("admin", ""),
    "123456789012",
    "eu-west-1",
    (("setup", 12), ("", 1)),
    (Claim("sufficient", "proved", "13 calls"), Claim("live", "not asked")),
    (Hashed("ab12", 2_048),),
    Versions("0.1.0", "1.40.0", ""),
    807,
    (Unscoped("ec2:DescribeVpcs", "*", "AWS decides this on `*` only", ("ec2:DescribeVpcs",)),),
    (LeftOut("ec2:Invent", "the catalogue does not know it", "line 3"),),
    ("data events may be absent",),
    ("s3:GetObject",),
    "2026-11-24",
)
TEXT = """\
proved, in the model: narrowgate's own setup
  calls of admin, somebody in account 123456789012, eu-west-1
  setup 12 calls, no phase 1 call
claims
  proved    sufficient: 13 calls
  not asked live
not limited to its own
  on *: AWS decides this on `*` only
    ec2:DescribeVpcs
left out
  ec2:Invent (line 3): the catalogue does not know it
what the source cannot tell
  data events may be absent
known by general rules only, not read operation by operation
  s3:GetObject
rests on
  narrowgate 0.1.0, its catalogue of 807 operations
  action data untold, botocore 1.40.0
  policy 1: 2,048 characters, sha256 ab12
  made 2026-11-24"""


def test_everything_is_said() -> None:
    assert "\n".join(line.text for line in lines(SMALL)) == TEXT


def test_a_miss_is_said_with_the_statement_that_fixes_it() -> None:
    claim = sufficiency_claim(sufficient(evidence(), INSTALLER, Layers(), known()))
    made = certificate(evidence(), derived().documents, [claim], Versions("0.1.0", "1.40.0", "x"))
    told = list(lines(made))
    assert told[0].tone == "bad" and told[0].text.startswith("refuted, in the model")
    data: Any = as_data(made)
    for detail in data["claims"][0]["details"]:
        at = next(number for number, line in enumerate(told) if line.text.strip() == detail["text"])
        assert told[at + 1].text.strip() == f"in identity: {json.dumps(detail['fix'][0]['statement'])}"

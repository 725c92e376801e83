"""The answers do not depend on the process's hash seed, which orders sets."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ASK = """
from narrowgate.policy import covers, from_value
keys = {f"aws:RequestTag/{letter}": "1" for letter in "cdefgh"}
everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
unless = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEquals": keys}}
print(covers((), [from_value({"Version": "2012-10-17", "Statement": [everything, unless]}, "identity")]))
"""


@pytest.mark.slow
def test_a_counterexample_is_the_same_with_every_hash_seed() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", ASK],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in range(1, 7)
    }
    assert len(told) == 1
    assert "Refuted" in told.pop()

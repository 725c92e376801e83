"""Where a statement stands in the text of its policy."""

from __future__ import annotations

import pytest
from adapters.sandbox.simulations import AFTER

from narrowgate.adapters.sandbox.simulation_reply import spans


# Column and line numbers as AWS's pages and answers have them.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (AFTER, (((1, 38), (1, 167)),)),
        ('{\n  "Version": "2012-10-17",\n  "Statement": [\n    {\n      "a": 1\n    }\n  ]\n}', (((3, 17), (6, 6)),)),
        ('{"Statement":[{},{"b":"}"}]}', (((1, 15), (1, 17)), ((1, 17), (1, 27)))),
        ("nothing", ()),
        ("[]", ()),
    ],
)
def test_where_statements_stand(text: str, expected: object) -> None:
    assert spans(text) == expected

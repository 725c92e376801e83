"""`narrowgate shrink` and `setup --widen` through the real command."""

from __future__ import annotations

import pytest
from cli.person import Person

pytestmark = pytest.mark.slow


def test_shrink_tells_what_is_gone_and_setup_widens_only_when_told(alone: Person) -> None:
    assert alone.narrowgate("init", "--system", "demo").code == 0
    done = alone.narrowgate("shrink", "--sandbox", "--yes")
    assert done.code == 3 and "run `narrowgate setup` first" in done.err

    assert alone.narrowgate("setup", "--sandbox", "--yes").code == 0
    assert alone.narrowgate("shrink", "--sandbox").code == 2, "it asks first"
    done = alone.narrowgate("shrink", "--sandbox", "--yes", "--json")
    assert done.code == 0, done.err
    proved = done.value["shrinking"]
    assert done.value["steps"] == 1
    assert proved["new_size"] < proved["old_size"]
    assert "ec2:CreateVpc" in proved["gone"] and set(proved["calls"]) == {"operate", "teardown"}

    done = alone.narrowgate("setup", "--sandbox", "--yes")
    assert done.code == 0 and "nothing to do" in done.out
    assert "was shrunk" in done.err and "setup --widen" in done.err
    assert alone.narrowgate("drift", "--sandbox").code == 0
    done = alone.narrowgate("shrink", "--sandbox", "--yes")
    assert done.code == 0 and "nothing to do" in done.out

    done = alone.narrowgate("setup", "--sandbox", "--yes", "--widen")
    assert done.code == 0 and "done: 1 step" in done.out
    assert "nothing to do" in alone.narrowgate("setup", "--sandbox", "--yes").out

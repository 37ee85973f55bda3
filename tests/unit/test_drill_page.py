"""The runbook taken apart, and what it expects held against what was printed."""

from __future__ import annotations

import pytest

from tests.drill.expecting import captured, missing
from tests.drill.page import sections

PAGE = """# Runbook

## Redis is full

<!-- drill: see exit=1 within=60 -->
```sh
signaltape doctor
```

```text
failed: 1 of … checks
```

Then:

<!-- drill: act -->
```sh
true
```

## Not played

```sh
false
```
"""


def test_a_case_is_a_heading_with_marked_blocks() -> None:
    (section,) = sections(PAGE)
    assert (section.name, section.title) == ("redis-is-full", "Redis is full")
    see, act = section.blocks
    assert see == ("see", "signaltape doctor\n", "failed: 1 of … checks\n", 1, 60.0)
    assert act[:4] == ("act", "true\n", "", 0)


@pytest.mark.parametrize("mark", ["do", "act code=1"])
def test_a_mark_that_is_none_is_refused(mark: str) -> None:
    with pytest.raises(ValueError, match="and not one of"):
        sections(PAGE.replace("act", mark))


def test_lines_are_expected_in_their_order_and_others_may_stand_between() -> None:
    printed = "first line\n\n  id   message    state\n   7  report:x   uncertain\nlast\n"
    assert missing("first …\n$ID … uncertain", printed) is None
    assert missing("last\nfirst …", printed) == "first …"
    assert missing("first line …\nsecond", printed) == "second"
    assert captured("$ID report:… uncertain", printed) == {"ID": "7"}


def test_signs_of_patterns_are_meant_as_they_stand() -> None:
    assert missing("a (b) [c] $ 5.0 *", "a (b) [c] $ 5.0 *") is None
    assert missing("5.0", "5x0") == "5.0"

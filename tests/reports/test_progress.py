from __future__ import annotations

import pytest

from pytest_bolt.reports.progress import progress_text


@pytest.mark.parametrize(
    ("elapsed_s", "budget_s", "said"),
    [
        (45.9, 600, "process pair 3, 12 of 40 decided, 0:45 of 10:00 used, 9:14 left"),
        (3_725, 7_200, "process pair 3, 12 of 40 decided, 1:02:05 of 2:00:00 used, 57:55 left"),
        (700, 600, "process pair 3, 12 of 40 decided, 11:40 of 10:00 used, 0:00 left"),
        (45, None, "process pair 3, 12 of 40 decided, 0:45 used"),
    ],
)
def test_progress(elapsed_s, budget_s, said):
    assert progress_text(pair=3, decided=12, total=40, elapsed_s=elapsed_s, budget_s=budget_s) == said

from __future__ import annotations

import torch

from pytest_bolt.correctness.scrub import scrub


def test_what_nothing_else_refers_to_is_overwritten():
    own = (torch.ones(3), torch.ones(2, dtype=torch.int64))
    scrub(own)
    assert own[0].isnan().all()
    assert own[1].tolist() == [0, 0]


def test_what_something_else_refers_to_is_left_alone():
    kept = torch.ones(3)
    for shared in (kept, kept[1:], kept.detach(), kept.view(3, 1)):
        scrub((shared,))
    assert kept.tolist() == [1, 1, 1]

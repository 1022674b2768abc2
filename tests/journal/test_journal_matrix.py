"""The version comparison matrix of a changelog."""

from __future__ import annotations

from datetime import timedelta

import pytest
from journal_samples import WHEN, compared, loss, summary

from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import Side
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.matrix import VersionRun, matrix, with_matrix


def version(name, days, cpu="Imaginary 9", side=Side.HEAD, node_id="a.py::t"):
    made = summary(
        compared(node_id, low=0.49, high=0.51, metrics=(loss(2.0, 1.0 + days),)),
        environment=Environment(facts={"cpu_model": cpu}),
    )
    return VersionRun(version=name, date=WHEN + timedelta(days=days), summary=made, side=side)


def rows(text):
    return [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")
    ]


def test_versions_are_columns_oldest_first():
    found = rows(matrix([version("v0.2", 2), version("v0.1", 1, side=Side.BASE)]))
    assert found[0] == ["Metric", "v0.1", "v0.2"]
    assert found[2] == ["Date", "2026-01-03", "2026-01-04"]
    assert found[4] == ["time, `a.py::t`", "20.0 us", "10.0 us"]
    assert found[5] == ["final loss, `a.py::t`", "2 nats", "3 nats"]


def test_other_machines_are_said():
    text = matrix([version("v1", 1), version("v2", 2, cpu="Other")])
    assert "These versions ran on different machines" in text
    assert "different machines" not in matrix([version("v1", 1), version("v2", 2)])


def test_a_benchmark_that_one_version_lacks():
    found = rows(matrix([version("v1", 1), version("v2", 2, node_id="b.py::t")]))
    assert ["time, `b.py::t`", "-", "10.0 us"] in found


def test_hostile_versions_stay_in_their_cell():
    assert "&#60;b>" in matrix([version("<b>|x", 1)])
    assert len({len(row) for row in rows(matrix([version("a|b", 1), version("c", 2)]))}) == 1


def test_the_matrix_is_made_again_and_the_rest_stays():
    text = "# C\r\n\r\n## [0.1.0] - 2025-01-01\r\n\r\n- x\r\n"
    once = with_matrix(text, [version("v1", 1)])
    assert once.index("bolt:matrix") < once.index("## [0.1.0]")
    twice = with_matrix(once, [version("v1", 1), version("v2", 2)])
    assert "v2" in twice
    assert twice.endswith(text[text.index("## [0.1.0]") :])
    assert with_matrix(twice, [version("v1", 1), version("v2", 2)]) == twice


def test_one_by_hand_stays_as_it_is():
    text = "# C\n\n## Version Comparison\n\n| a |\n\n## [0.1.0]\n"
    assert with_matrix(text, [version("v1", 1)]) == text
    assert with_matrix("# C\n", []) == "# C\n"


def test_a_damaged_matrix_is_refused():
    with pytest.raises(BoltError, match="the matrix of this changelog is damaged"):
        with_matrix("# C\n<!-- bolt:matrix -->\n", [])

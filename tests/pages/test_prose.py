"""Markdown on a page can do nothing but be read."""

from __future__ import annotations

import pytest

from pytest_bolt.reports.prose import html_of


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<script>x</script>after", "after"),
        ("<img src=x onerror=alert(1)>", ""),
        ("![x](https://evil.example/x.png)", "<p></p>"),
        ("<p style='color:red' class=x id=y onclick=z>t</p>", "<p>t</p>"),
        ("<iframe src=https://evil.example></iframe>", ""),
        ("<!-- bolt:person note -->", ""),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("<a href='javascript:alert(1)'>x</a>", '<p><a rel="noopener noreferrer">x</a></p>'),
        ("[x](https://example.org)", '<p><a href="https://example.org" rel="noopener noreferrer">x</a></p>'),
        ("<style>*{display:none}</style>", ""),
        ("<form action=//evil.example><input></form>", ""),
        ("a `<b>` **c**", "<p>a <code>&lt;b&gt;</code> <strong>c</strong></p>"),
    ],
)
def test_only_harmless_elements_stay(text, html):
    assert html_of(text, below=2).strip() == html


def test_headings_begin_below_the_one_they_stand_under():
    assert html_of("## a\n\n### b\n\n# c", below=2) == "<h4>a</h4>\n<h5>b</h5>\n<h3>c</h3>\n"
    assert html_of("## a\n\n### b", below=2) == "<h3>a</h3>\n<h4>b</h4>\n"
    assert html_of("##### a\n\n###### b", below=5) == "<h6>a</h6>\n<h6>b</h6>\n"


def test_tables_stay_tables():
    html = html_of("| a | b |\n| :--- | ---: |\n| 1 | 2 |\n", below=2)
    assert "<th>b</th>" in html
    assert "<td>2</td>" in html

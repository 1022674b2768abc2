from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_bolt.core.markdown_text import Markdown, code, code_block, escape, table
from pytest_bolt.core.plain_text import clipped, display_width, one_line, padded, sentence

TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from("`*_[]()<>|\\~#@!&$:/.-+= \n\t1ax"), st.characters()), max_size=30
)
PROSE = [
    "a|b",
    "<img src=x>",
    "# no",
    "- no",
    "1. no",
    "--- no",
    "===",
    "*a* __b__ ~~c~~",
    "[a](b)",
    "a\nb",
    "&lt;",
    "\\",
    "> q",
    "[a]: b",
    "[ ] todo",
]


def reader():
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def seen(tokens):
    return "".join(t.content for t in tokens if t.type in {"text", "code_inline", "text_special"}).replace(
        "\u200b", ""
    )


@given(TEXTS)
def test_prose_renders_as_itself(text):
    tokens = reader().parse(escape(text))
    assert [t.type for t in tokens] in ([], ["paragraph_open", "inline", "paragraph_close"])
    children = tokens[1].children if tokens else []
    assert {t.type for t in children} <= {"text", "text_special"}
    assert seen(children) == sentence(text).replace("\u200b", "").strip()


@pytest.mark.parametrize("text", PROSE)
def test_each_kind_of_prose_renders_as_itself(text):
    (_, inline, _) = reader().parse(escape(text))
    assert seen(inline.children) == text.replace("\n", " ")


@given(TEXTS, TEXTS)
def test_no_text_breaks_a_table(first, second):
    tokens = reader().parse(table(("a", "b"), [(code(first), second), (second, code(first))]))
    cells = [t for t in tokens if t.type == "inline"]
    assert len(cells) == 6
    assert seen(cells[3].children) == sentence(second).strip()
    expected = one_line(first).strip() or "(empty)"
    assert seen(cells[2].children).strip() == expected
    kinds = {t.type for t in cells[2].children}
    assert kinds <= {"code_inline", "html_inline", "text", "text_special"}


@pytest.mark.parametrize(
    "text", ["@user", "see #12", "GH-12", "gh-12", "https://a.example", "www.a.example", "a@b.example"]
)
def test_hosts_find_nothing_to_mention_or_link(text):
    rendered = html.unescape(str(escape(text)))
    assert "\u200b" in rendered
    assert rendered.replace("\u200b", "") == text


@pytest.mark.parametrize(
    "text",
    [
        "run_softmax is 4.5 % faster",
        "-4.5 %",
        "20.0 us",
        "a - b",
        "3 #",
        "x <= 2 and y > 1",
        "[-6.0 %, -3.0 %]"[1:],
        "a & b",
        "t[a] is",
    ],
)
def test_plain_text_stays_readable(text):
    assert escape(text) == text


def test_escaping_twice_is_escaping_once():
    assert escape(escape("a*b")) == "a\\*b"
    assert escape(Markdown("*a*")) == "*a*"


@given(st.lists(st.text(alphabet="`~a ", max_size=12), min_size=1, max_size=4))
def test_code_block_holds_any_line(lines):
    (token,) = reader().parse(code_block(lines, "sh"))
    assert token.type == "fence"
    assert token.content == "\n".join(lines) + "\n"


def test_columns_of_a_terminal():
    assert display_width("aé\u0301漢") == 4
    assert padded("漢", 4) == "漢  "
    assert padded("漢", 4, right=True) == "  漢"


def test_one_line_spells_out_what_cannot_be_printed():
    assert one_line("a\n\x1b[0m\u202e\ud800b") == "a\\n\\x1b[0m\\u202e\\ud800b"


@given(TEXTS, st.integers(min_value=3, max_value=40))
def test_a_clipped_text_keeps_both_ends(text, most):
    plain, short = one_line(text), clipped(text, most)
    assert len(short) <= most
    before, dots, after = short.partition("\u2026") if len(plain) > most else (short, "", "")
    assert bool(dots) is (len(plain) > most)
    assert plain.startswith(before)
    assert plain.endswith(after)
    assert len(short) == min(most, len(plain))


@pytest.mark.parametrize(
    "text",
    ["!12", "group/project!1", '~bug ~"a b"', "%1", "%_", '%"v 1"', "$1", "&1", ":tada:", "a:+1:b", ":100:"],
)
def test_what_only_one_of_the_hosts_links_or_draws_is_text_too(text):
    rendered = html.unescape(str(escape(text))).replace("\\", "")
    assert "\u200b" in rendered
    assert rendered.replace("\u200b", "") == text


@pytest.mark.parametrize("text", ["12:30:45", "x.py:12: error", "5 % of 3 & 4", "a::b", "not!", "100 %"])
def test_what_only_looks_like_it_stays_readable(text):
    assert escape(text) == text

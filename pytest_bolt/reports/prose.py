"""Markdown of an entry as HTML that can do nothing: no script, no image, no style."""

from __future__ import annotations

import re

_TAGS = frozenset(
    {
        "h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "ul", "ol", "li", "pre", "code", "em", "strong",
        "del", "s", "blockquote", "a", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
    }
)  # fmt: skip
_HEADING = re.compile(r"h([1-6])")
_DEEPEST = 6


def html_of(markdown: str, *, below: int) -> str:
    """Return the HTML of a Markdown text.

    Arguments:
        markdown: the text; HTML in it is kept as far as it is harmless.
        below: level of the heading that the text stands under; its own headings begin one deeper.
    """
    import nh3
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(markdown)
    levels = [int(match[1]) for token in tokens if (match := _HEADING.fullmatch(token.tag))]
    shift = below + 1 - min(levels, default=1)
    for token in tokens:
        if match := _HEADING.fullmatch(token.tag):
            token.tag = f"h{min(_DEEPEST, int(match[1]) + shift)}"
    html = parser.renderer.render(tokens, parser.options, {})
    return nh3.clean(
        html,
        tags=set(_TAGS),
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
        strip_comments=True,
    )

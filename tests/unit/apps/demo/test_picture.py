"""README's picture: a browser can show every character of it, and in readable colours."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.text import Text

from shopkeeper.apps.demo.picture import svg

DOCS = Path(__file__).parents[4] / "docs"
CONTRAST_MIN = 4.5  # WCAG 2.1, 1.4.3
COLOURS = ("red", "green", "yellow", "blue", "magenta", "cyan", "white")
STYLES = ["", "bold", "dim", "reverse", "bold reverse", *COLOURS]


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def faint(picture):
    """(text, contrast) of every text on the screen below the least contrast."""
    [background] = re.findall(r'<rect fill="(#\w{6})" stroke="rgba', picture)
    fills = dict(re.findall(r"\.terminal-\d+-(r\d+) \{ fill: (#\w{6})", picture))
    behind = {
        (x, round(float(y) - 1.5, 2)): fill
        for fill, x, y in re.findall(r'<rect fill="(#\w{6})" x="([\d.]+)" y="([\d.]+)"', picture)
    }
    found = []
    for name, x, y, text in re.findall(
        r'<text class="terminal-\d+-(r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', picture
    ):
        there = behind.get((x, round(float(y) - 20, 2)), background)
        if (ratio := contrast(fills[name], there)) < CONTRAST_MIN:
            found.append((html.unescape(text), ratio))
    return found


def squeezed(picture):
    """Texts that a browser is told to draw in another width than their columns'."""
    return [
        html.unescape(text)
        for length, text in re.findall(r'<text [^>]*textLength="([\d.]+)"[^>]*>([^<]*)<', picture)
        if abs(float(length) - 12.2 * cell_len(html.unescape(text))) > 0.1
    ]


@pytest.mark.parametrize("style", STYLES)
def test_every_style_has_contrast(style):
    picture = svg(Text("Mug", style), "t", 20, 2)
    assert ">Mug<" in picture
    assert faint(picture) == []


def test_chinese_takes_two_columns_a_character():
    picture = svg(Text("物流神速，A&B 五星好评"), "t", 40, 2)
    [length] = re.findall(r'textLength="([\d.]+)"[^>]*>物', picture)
    assert float(length) == pytest.approx(12.2 * (9 * 2 + 4))
    assert squeezed(picture) == []
    assert "full-width" not in picture


def test_the_picture_in_the_docs_is_made_like_this():
    picture = (DOCS / "live-view.svg").read_text("utf-8")
    assert re.search("[一-鿿]", picture), "it shows Chinese, as the demo does"
    assert faint(picture) == []
    assert squeezed(picture) == []


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.svg")), ids=lambda path: path.stem)
def test_no_picture_sets_a_fixed_width_that_squeezes(path):
    """And what they write on white, in GitHub's page of either colour, is dark."""
    picture = path.read_text("utf-8")
    assert "lengthAdjust" not in picture
    if path.stem != "live-view":
        assert "textLength" not in picture
        for fill in re.findall(r'<text [^>]*fill="(#\w{6})"', picture):
            assert contrast(fill, "#ffffff") >= CONTRAST_MIN

"""A terminal's screen as an SVG that every browser shows as the terminal does."""

from __future__ import annotations

import html
import os
import re
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import TerminalTheme

if TYPE_CHECKING:
    from rich.console import RenderableType

# Against the background every colour has a contrast of at least 4.5, and so has plain text that
# rich dims to 60 % (WCAG 2.1, 1.4.3). In rich's own theme red has 3.5, dimmed cyan 2.7.
THEME = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [
        (72, 79, 88),  # black
        (255, 135, 126),  # red
        (126, 231, 135),  # green
        (227, 179, 65),  # yellow
        (121, 192, 255),  # blue
        (210, 168, 255),  # magenta
        (118, 227, 234),  # cyan
        (230, 237, 243),  # white
    ],
)
# No font comes with the picture: what Windows, macOS and Linux have, Chinese included.
FONTS = (
    "'Fira Code', Consolas, Menlo, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', 'PingFang SC', "
    "'Microsoft YaHei', 'Noto Sans CJK SC', monospace"
)
_TEXT = re.compile(r'(<text [^>]*textLength=")([0-9.]+)("[^>]*>)([^<]*)</text>')


def svg(screen: RenderableType, title: str, width: int, height: int) -> str:
    """The screen, of so many columns and lines; it stands alone and loads nothing."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=width, height=height, file=nowhere)
        console.print(screen, height=height)
        drawn = console.export_svg(title=title, theme=THEME)
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    # It would ask fonts for Latin letters of double width.
    drawn = re.sub(r"\s*font-variant-east-asian: full-width;", "", drawn)
    drawn = drawn.replace("font-family: Fira Code, monospace;", f"font-family: {FONTS};")
    return _TEXT.sub(_lengthened, drawn)


def _lengthened(found: re.Match[str]) -> str:
    """rich gives each character one column, so browsers squeeze Chinese to half its width."""
    begin, length, end, content = found.groups()
    text = html.unescape(content)
    columns = float(length) / len(text) * cell_len(text)
    return f"{begin}{columns:g}{end}{content}</text>"

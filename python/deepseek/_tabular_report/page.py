"""Building blocks of a self-contained HTML page: escaped text, tables, bars and figures inside the file."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape as _escape

FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
"""Fonts of the page and of its figures."""

_STYLE = """
:root { --ink: #1d2430; --soft: #5b6675; --line: #dfe4ea; --blue: #1f5fa8; --tint: #f3f6fa; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--tint); color: var(--ink); font: 16px/1.5 FONTS; }
main { max-width: 1040px; margin: 0 auto; padding: 40px 20px 60px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; overflow-wrap: anywhere; }
h2 { font-size: 20px; margin: 0 0 12px; }
p { margin: 0 0 12px; max-width: 76ch; }
section { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 24px 28px; margin-top: 20px; }
.soft, figcaption { color: var(--soft); font-size: 14px; }
.scroll + p { margin-top: 12px; }
.verdict { font-size: 18px; margin-top: 14px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 14px; margin: 22px 0 0; }
.card { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 14px 18px; }
.card b { display: block; font-size: 30px; line-height: 1.25; color: var(--blue); font-weight: 650; }
.card span { color: var(--soft); font-size: 14px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums; width: 100%; }
th { text-align: left; color: var(--soft); font-weight: 600; font-size: 14px; border-bottom: 1px solid var(--ink); }
th, td { padding: 6px 16px 6px 0; vertical-align: top; }
td { border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
td.text { overflow-wrap: anywhere; min-width: 10.5em; }
.number { text-align: right; white-space: nowrap; }
.best { font-weight: 650; }
.bar { background: var(--blue); height: 12px; border-radius: 3px; min-width: 1px; margin-top: 6px; }
.bar.less { background: #b9c2cd; }
td.bars { width: 50%; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 28px; }
figure { margin: 0; }
figcaption { margin: 4px 0 14px; }
figure img { width: 100%; height: auto; display: block; }
code { font: 14px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
@media (max-width: 600px) { section { padding: 18px 16px; } main { padding-top: 24px; } }
@media print { body { background: #fff; } section, figure, tr { break-inside: avoid; } main { padding: 0; } }
""".replace("FONTS", FONTS)


def escape(text: str) -> str:
    """Return text for HTML; control characters are shown as escapes."""
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return _escape(printable)


def document(title: str, parts: Iterable[str]) -> str:
    """Return a whole page of parts of HTML."""
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        'img-src data:">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def section(title: str, *parts: str) -> str:
    """Return a part of the page with a heading."""
    return f"<section>\n<h2>{escape(title)}</h2>\n" + "\n".join(parts) + "\n</section>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph; `kind` is "", "soft" (smaller and grey) or "verdict" (larger)."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def cards(items: Iterable[tuple[str, str, str]]) -> str:
    """Return large numbers side by side: of each its name, its value, and a line below."""
    inner = "".join(
        f'<div class="card"><span>{escape(name)}</span><b>{escape(value)}</b><span>{escape(below)}</span></div>'
        for name, value, below in items
    )
    return f'<div class="cards">{inner}</div>'


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0, best: int | None = None
) -> str:
    """Return a table.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : iterable of sequence of str
        Cells.
    numbers : int, default=0
        Number of columns after the first that hold numbers and are aligned to the right.
    best : int, optional
        Column whose cells are bold.
    """

    def kind(column: int) -> str:
        if 1 <= column <= numbers:
            return ' class="number best"' if column == best else ' class="number"'
        return ' class="text"'

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}{kind(i)}>{escape(c)}</{tag}>" for i, c in enumerate(cells)) + "</tr>"

    body = "\n".join(line(row, "td") for row in rows)
    return f'<div class="scroll"><table>\n<thead>{line(header, "th")}</thead>\n<tbody>\n{body}\n</tbody></table></div>'


def bars(header: Sequence[str], rows: Iterable[tuple[str, float, str]]) -> str:
    """Return a table of names, bars and values; a value that is not positive has a grey bar of no length."""
    items = list(rows)
    longest = max((value for _, value, _ in items), default=0.0) or 1.0
    lines = []
    for name, value, shown in items:
        width = max(0.0, 100.0 * value / longest)
        bar = f'<div class="bar{"" if value > 0 else " less"}" style="width:{width:.1f}%"></div>'
        lines.append(
            f'<tr><td class="text">{escape(name)}</td><td class="bars">{bar}</td>'
            f'<td class="number">{escape(shown)}</td></tr>'
        )
    name, middle, shown = map(escape, header)
    head = f'<tr><th>{name}</th><th>{middle}</th><th class="number">{shown}</th></tr>'
    body = "\n".join(lines)
    return f'<div class="scroll"><table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody></table></div>'


def figure(svg: str, alternative: str, caption: str = "", width: int | None = None) -> str:
    """Return an image inside the page, with a text for those who cannot see it, at most `width` pixels wide."""
    data = base64.b64encode(svg.encode()).decode()
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    size = "" if width is None else f' style="max-width:{width}px"'
    return f'<figure{size}><img alt="{escape(alternative)}" src="data:image/svg+xml;base64,{data}">{below}</figure>'


def pair(*parts: str) -> str:
    """Return parts side by side, or one below the other on a narrow page."""
    return '<div class="pair">\n' + "\n".join(f"<div>{part}</div>" for part in parts) + "\n</div>"

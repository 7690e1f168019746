"""A QR code for a terminal: half blocks, two rows to a line, and only where it fits."""

from __future__ import annotations

MAX_COLUMNS = 76
MAX_LINES = 20


def qr_lines(link: str, *, columns: int = MAX_COLUMNS, lines: int = MAX_LINES) -> list[str]:
    """The code, or nothing where it would not fit or the terminal would wrap it.

    Error level L and a border of two: 61 characters need 37 columns and 19 lines.
    """
    import segno

    try:
        rows = [list(row) for row in segno.make(link, error="l", micro=False).matrix_iter(border=2)]
    except segno.DataOverflowError:  # longer than any code
        return []
    if len(rows[0]) > columns or (len(rows) + 1) // 2 > lines:
        return []
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    # Light on dark and dark on light terminals alike: the light modules are drawn, on what is taken for black.
    blocks = {(1, 1): " ", (1, 0): "▄", (0, 1): "▀", (0, 0): "█"}
    return [
        "".join(blocks[int(upper > 0), int(lower > 0)] for upper, lower in zip(top, bottom, strict=True))
        for top, bottom in zip(rows[::2], rows[1::2], strict=True)
    ]

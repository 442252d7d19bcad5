"""Tell what the font shows."""

from functools import cache

from matplotlib.font_manager import findfont, get_font


@cache
def letters() -> frozenset[int]:
    """Return the code points that the font has: matplotlib's own, the same on every machine."""
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def labels(names: list[str]) -> list[str]:
    """Return the names, in place of each that the font cannot show "class" and its number."""
    return [
        name if letters().issuperset(map(ord, name)) else f"class {place}"
        for place, name in enumerate(names)
    ]

"""Colours that are told apart in a grey print, by colour-blind eyes and on a dark screen, computed from their values.

Luminance and contrast are those of WCAG 2.1 (relative luminance, contrast ratio). Colour-vision deficiencies are
simulated with the matrices for severity 1.0 of Machado, Oliveira and Fernandes, "A Physiologically-based Model for
Simulation of Color Vision Deficiency", IEEE TVCG 15(6), 2009. Distances are those of CIE L*a*b* (D65): about 2.3 is
what an eye just notices side by side.
"""

import itertools
import math
from collections.abc import Mapping, Sequence

import pytest

from efficiency.reports.palette import (
    CARD,
    DARK,
    DARK_LIST_COLOURS,
    DARK_TIER_FILL,
    DARK_TIER_INK,
    HEADER,
    LIGHT,
    LIST_COLOURS,
    PAPER,
    TIER_FILL,
    TIER_INK,
)

Linear = tuple[float, float, float]

DEFICIENCIES = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
TIERS_APART = 15.0
"""Least distance of two tiers to any eye."""
TIERS_APART_IN_GREY = 10.0
"""Least difference in lightness (L*, 0 to 100) of two tiers."""
LISTS_APART = 19.0
"""Least distance of two lists' colours to any eye; each has a marker of its own besides."""
READABLE, VISIBLE = 4.5, 3.0
"""Contrast of text, and of a mark that carries meaning, against what is behind (WCAG 2.1, 1.4.3 and 1.4.11)."""


def linear(colour: str) -> Linear:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def luminance(light: Linear) -> float:
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(linear(one)), luminance(linear(other))))
    return (high + 0.05) / (low + 0.05)


def seen(colour: str, deficiency: str | None) -> Linear:
    light = linear(colour)
    if deficiency is None:
        return light
    red, green, blue = (
        min(1.0, max(0.0, sum(share * part for share, part in zip(row, light, strict=True))))
        for row in DEFICIENCIES[deficiency]
    )
    return red, green, blue


def lab(light: Linear) -> tuple[float, float, float]:
    red, green, blue = light
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    x, y, z = (part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116
               for part in (x, luminance(light), z))  # fmt: skip
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def nearest(colours: Sequence[str], deficiency: str | None) -> float:
    """The least distance between two of `colours` to an eye with `deficiency`."""
    looks = [lab(seen(colour, deficiency)) for colour in colours]
    return min(math.dist(one, other) for one, other in itertools.combinations(looks, 2))


def test_the_simulation_leaves_grey_grey_and_takes_red_from_green() -> None:
    """The matrices are checked by what is known of them: rows sum to 1; red and green become alike for two of three."""
    for matrix in DEFICIENCIES.values():
        assert all(sum(row) == pytest.approx(1.0, abs=1e-5) for row in matrix)
    red_and_green = ("#C04040", "#5E7A2A")
    assert nearest(red_and_green, None) > 2.5 * nearest(red_and_green, "deuteranopia")


@pytest.mark.parametrize("fills", [TIER_FILL, DARK_TIER_FILL], ids=["light", "dark"])
def test_tiers_go_from_light_to_dark_in_their_order(fills: Mapping[str, str]) -> None:
    assert list(fills) == ["A", "B", "C", "D"]
    lightness = [lab(linear(colour))[0] for colour in fills.values()]
    assert all(one - other >= TIERS_APART_IN_GREY for one, other in itertools.pairwise(lightness))


@pytest.mark.parametrize("deficiency", [None, *DEFICIENCIES])
@pytest.mark.parametrize("fills", [TIER_FILL, DARK_TIER_FILL], ids=["light", "dark"])
def test_tiers_are_told_apart_by_every_eye(fills: Mapping[str, str], deficiency: str | None) -> None:
    assert nearest([*fills.values()], deficiency) >= TIERS_APART
    ordered = [luminance(seen(colour, deficiency)) for colour in fills.values()]
    assert ordered == sorted(ordered, reverse=True)


@pytest.mark.parametrize(("fills", "inks"), [(TIER_FILL, TIER_INK), (DARK_TIER_FILL, DARK_TIER_INK)])
def test_the_letter_is_read_on_its_tier(fills: Mapping[str, str], inks: Mapping[str, str]) -> None:
    assert all(contrast(fill, inks[tier]) >= READABLE for tier, fill in fills.items())


@pytest.mark.parametrize("deficiency", [None, *DEFICIENCIES])
@pytest.mark.parametrize("colours", [LIST_COLOURS, DARK_LIST_COLOURS], ids=["light", "dark"])
def test_lists_are_told_apart_by_every_eye(colours: Sequence[str], deficiency: str | None) -> None:
    assert nearest(colours, deficiency) >= LISTS_APART


@pytest.mark.parametrize(("colours", "behind"), [(LIST_COLOURS, PAPER), (DARK_LIST_COLOURS, DARK["paper"])])
def test_a_list_is_seen_against_the_page(colours: Sequence[str], behind: str) -> None:
    assert all(contrast(colour, behind) >= VISIBLE for colour in colours)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_read_wherever_it_stands(look: Mapping[str, str]) -> None:
    assert set(look) == set(LIGHT)
    for words in ("ink", "muted", "accent", "alert"):
        for behind in ("paper", "card", "header"):
            assert contrast(look[words], look[behind]) >= READABLE, f"{words} on {behind}"


def test_light_is_what_the_workbooks_use() -> None:
    assert (LIGHT["paper"], LIGHT["card"], LIGHT["header"]) == (PAPER, CARD, HEADER)

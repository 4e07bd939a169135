"""Where a curve falls fastest is found in spite of its noise."""

import math
import random

import pytest

from oumi_runtime.finding.descent import fit_lines, steepest_descent


def slope(num_points: int, middle: float, noise: float = 0.0) -> list[float]:
    """A curve that falls from 2 to 1 around its middle, within some ten points."""
    draws = random.Random(3)
    return [
        1 + 1 / (1 + math.exp((at - middle) / 2)) + noise * draws.gauss(0, 1)
        for at in range(num_points)
    ]


def test_lines_have_the_value_and_slope_of_a_straight_curve() -> None:
    for line, value in zip(
        fit_lines([3.0, 5.0, 7.0, 9.0], 2), [3, 5, 7, 9], strict=True
    ):
        assert line.value == pytest.approx(value)
        assert line.slope == pytest.approx(2)


def test_a_line_has_the_mean_of_as_many_neighbours_on_both_sides() -> None:
    values = [4.0, 0.0, 7.0, 1.0, 3.0]
    assert fit_lines(values, 2)[2].value == pytest.approx(3)
    assert fit_lines(values, 1)[1].value == pytest.approx(11 / 3)


@pytest.mark.parametrize("middle", [30, 50, 70])
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_the_steepest_place_is_found(middle: int, noise: float) -> None:
    found = steepest_descent(slope(100, middle, noise), 4)
    assert found == pytest.approx(middle, abs=0 if noise == 0 else 4)


def gentle() -> list[float]:
    """Flat at 2, then down to 1 over fifty points, fastest at the 60th."""
    falls = [0.0] * 30 + [0.018] * 25 + [0.028] * 10 + [0.018] * 15
    return [2 - sum(falls[: at + 1]) for at in range(80)]


@pytest.mark.parametrize("jump", [5.0, -0.9])
def test_a_jump_in_the_flat_part_is_not_taken_for_a_descent(jump: float) -> None:
    assert steepest_descent(gentle(), 4) in range(58, 62)
    values = gentle()
    values[10] += jump
    assert steepest_descent(values, 4) in range(58, 62)


def test_what_comes_after_the_lowest_point_does_not_count() -> None:
    values = [*gentle(), *[1.7] * 9, *[1.1] * 9]
    assert steepest_descent(values, 4) in range(58, 62)


@pytest.mark.parametrize("seed", range(10))
def test_noise_alone_has_no_descent(seed: int) -> None:
    draws = random.Random(seed)
    assert steepest_descent([draws.gauss(2, 0.1) for _ in range(100)], 4) is None


def test_a_curve_that_rises_has_no_descent() -> None:
    assert steepest_descent([float(at) for at in range(50)], 4) is None


def test_too_few_points_have_no_descent() -> None:
    assert steepest_descent(slope(17, 8), 4) is None
    assert steepest_descent(slope(18, 9), 4) == 9

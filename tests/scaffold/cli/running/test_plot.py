"""A curve in characters shows what is within its bounds."""

from oumi_scaffold.cli.running.plot import plot


def test_points_are_dots_and_the_line_is_stars():
    drawn = plot(
        [0.0, 2.0, 1.0],
        [1.0, 1.0, 2.0],
        bounds=(0.0, 2.0),
        ends=("a", "bc"),
        size=(9, 3),
    )
    assert drawn == [
        "2 |    .   *",
        "  |*   *   .",
        "0 |.",
        "  +---------",
        "   a      bc",
    ]


def test_a_mark_is_upright_behind_the_curve():
    drawn = plot(
        [5.0] * 5, [5.0] * 5, bounds=(4.0, 6.0), ends=("", ""), mark=1, size=(5, 3)
    )
    assert drawn[:3] == ["6 | |", "  |*****", "4 | |"]


def test_what_is_out_of_bounds_is_left_out():
    values = [1.0, float("nan"), 99.0, -99.0]
    drawn = plot(values, values, bounds=(0.0, 1.0), ends=("", ""), size=(4, 2))
    assert drawn[:2] == ["1 |*", "0 |"]


def test_a_single_point_is_at_the_left():
    assert (
        plot([1.0], [1.0], bounds=(0.0, 1.0), ends=("", ""), size=(4, 2))[0] == "1 |*"
    )

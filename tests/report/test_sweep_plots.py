import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.report.sweep_plots import Scale, Trials, against, bars, best_so_far, parallel
from retrain.report.sweep_table import STOPPED, TrialRow

SCALES = {"dropout_rate": Scale(0.0, 0.5)}
DEEP, CHOSEN, LINE = "var(--deep)", "var(--chosen)", "#8b9ecb"


def row(number: int, value: float | None, status: str = "finished") -> TrialRow:
    return TrialRow(number, status, {"dropout_rate": 0.1 * number}, value, None, {}, 1.0, False, "it failed")


def trials(rows: list[TrialRow], chosen: int, higher: bool = True) -> Trials:
    return Trials(rows, chosen, SCALES, "validation/loss", higher)


def marks(plot: str) -> dict[str, tuple[str, float]]:
    """The colour of each trial's mark, which is a circle or a line, and how opaque it is."""
    colour = r'<(?:use|path) [^>]*style="(?:fill: none; stroke|fill): (var\([-\w]+\))([^"]*)"'
    found = re.findall(rf'data-trial="(\d+)">.*?{colour}', plot, re.DOTALL)
    opaque = {trial: re.search(r"opacity: ([\d.]+)", rest) for trial, _, rest in found}
    return {trial: (colour, float(opaque[trial][1]) if opaque[trial] else 1.0) for trial, colour, _ in found}


def best_line(plot: str) -> list[float]:
    """The heights of the line of the best so far, in pixels from above."""
    path = re.search(rf'<path d="([^"]+)"[^>]*stroke: {LINE}', plot)[1]
    return [float(height) for height in re.findall(r"[ML] \S+ (\S+)", path)]


@pytest.mark.parametrize("higher", [True, False])
def test_strong_blue_is_good_also_where_little_is_good(higher):
    values = [3.0, 2.0, 1.0, 0.0] if higher else [0.0, 1.0, 2.0, 3.0]
    shown = trials([row(number, value) for number, value in enumerate(values)], 1, higher)
    for plot in (against(shown, "dropout_rate"), parallel(shown), best_so_far(shown)):
        colours = marks(plot)
        assert (colours["0"], colours["1"], colours["3"]) == ((DEEP, 1.0), (CHOSEN, 1.0), (DEEP, 0.3))


def test_the_best_so_far_only_gets_better():
    values = [0.5, 0.75, 0.25, 0.875]
    for higher in (True, False):
        rows = sorted((row(*one) for one in enumerate(values)), key=lambda one: one.value, reverse=higher)
        heights = best_line(best_so_far(trials(rows, 1, higher)))
        assert heights == sorted(heights, reverse=higher)
        assert len(set(heights)) == (3 if higher else 2)


def test_a_stopped_trial_is_no_best_so_far():
    rows = [row(0, 0.5), row(2, 0.75), row(1, 0.9, STOPPED)]
    assert len(set(best_line(best_so_far(trials(rows, 2))))) == 2
    assert len(set(best_line(best_so_far(trials([*rows[:2], row(1, 0.6)], 2))))) == 3


def test_a_failed_trial_stands_at_the_foot_with_its_reason():
    plot = best_so_far(trials([row(0, 0.5), row(1, None, "failed")], 0))
    assert "trial 1: it failed" in plot
    assert marks(plot)["1"] == ("var(--wrong)", 1.0)


def test_a_plot_may_stand_beside_others_in_a_page():
    """No identifier twice but of what is the same, and nothing to fetch."""
    shown = trials([row(0, 0.5), row(1, 0.75)], 1)
    for plot in (
        against(shown, "dropout_rate"),
        parallel(shown),
        best_so_far(shown),
        bars({"dropout_rate": 1}),
    ):
        assert plot.startswith("<svg")
        assert not re.search(r'<g id="', plot)
    assert parallel(shown) == parallel(shown)


def test_numbers_lie_between_the_ends():
    scale = Scale(0.0, 10.0)
    assert [scale.at(value) for value in (0, 5, 10)] == [0.0, 0.5, 1.0]
    assert scale.ticks() == {0.0: "0", 0.2: "2", 0.4: "4", 0.6: "6", 0.8: "8", 1.0: "10"}


def test_a_log_scale_is_labelled_at_powers_of_ten():
    scale = Scale(1e-4, 1e-2, log=True)
    assert list(scale.ticks().values()) == ["0.0001", "0.001", "0.01"]
    np.testing.assert_allclose(list(scale.ticks()), [0.0, 0.5, 1.0])
    assert list(Scale(2.0, 9.0, log=True).ticks().values()) == ["2", "4", "6", "8"]


def test_an_accuracy_is_in_percent_in_every_plot():
    rows = [row(0, 0.5), row(1, 0.75)]
    for objective, text in (("validation/accuracy", "60%"), ("validation/macro_f1", "0.60")):
        shown = trials(rows, 1)._replace(objective=objective)
        assert text in against(shown, "dropout_rate")
        assert text in best_so_far(shown)
    assert "60%" in parallel(trials(rows, 1)._replace(objective="validation/accuracy"))


def test_names_are_evenly_spaced_and_keep_their_order():
    assert Scale(names=("b", "a")).ticks() == {0.25: "b", 0.75: "a"}
    assert Scale(names=("a/long_name", "b/x")).ticks(room=5) == {0.25: "a\n…name", 0.75: "b\nx"}


def test_a_single_value_lies_in_the_middle():
    assert Scale(0.5, 0.5).ticks() == {0.5: "0.5"}


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_labels_are_few_and_within(low, width):
    places = list(Scale(low, low + width).ticks())
    assert 1 <= len(places) <= 8
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)

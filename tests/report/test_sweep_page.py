import html.parser
from types import MappingProxyType

import pytest

from retrain.report.sweep_page import write_sweep_page
from retrain.report.sweep_plots import Scale, Trials
from retrain.report.sweep_table import TrialRow

SCALES = {
    "learning_rate": Scale(1e-4, 1e-1, log=True),
    "tfhub_module": Scale(names=("builtin:", "<b>&module")),
}


def row(number: int, value: float | None, tied: bool = False) -> TrialRow:
    flags = {"learning_rate": 1e-4 * 1.5**number, "tfhub_module": SCALES["tfhub_module"].names[number % 2]}
    interval = None if value is None else (value - 0.05, value + 0.05)
    figures = {"accuracy": value, "average_loss": 0.25}
    reason = "training diverged" if value is None else ""
    status = "failed" if value is None else "finished"
    return TrialRow(number, status, flags, value, interval, figures, 1.0, tied, reason)


ROWS = [row(2, 0.9, True), row(0, 0.875, True), row(1, 0.5), row(3, None)]


class Reader(html.parser.HTMLParser):
    """Collects what a page shows and what it would fetch; fails on a tag that is not closed."""

    def __init__(self):
        super().__init__()
        self.open, self.trials, self.addresses, self.text = [], [], [], ""

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.addresses += [values[name] for name in ("src", "href") if name in values]
        if "data-trial" in values:
            self.trials.append((tag, int(values["data-trial"]), values["class"]))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(tmp_path, rows: list[TrialRow], shares=MappingProxyType({}), scales=SCALES) -> Reader:
    shown = Trials(rows, rows[0].number, scales, "validation/accuracy", True)
    write_sweep_page(str(tmp_path / "sweep.html"), shown, shares)
    reader = Reader()
    reader.feed((tmp_path / "sweep.html").read_text())
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    shares = {"learning_rate": 0.75, "tfhub_module": 0.25}
    directory = tmp_path_factory.mktemp("page")
    return read(directory, ROWS, shares)


def test_the_page_needs_nothing_else(page):
    assert page.addresses == []
    assert "http" not in page.text.replace("http-equiv", "")


def test_every_trial_is_in_every_plot_and_in_the_table(page):
    marks = [number for tag, number, _ in page.trials if tag == "g"]
    assert sorted(marks) == sorted([0, 1, 2] * 4 + [3])  # best so far, which has the failed one, too
    assert [number for tag, number, _ in page.trials if tag == "tr"] == [2, 0, 1, 3]


def test_what_is_chosen_tied_and_neither_is_told_apart(page):
    kinds = {number: kind for tag, number, kind in page.trials if tag == "g"}
    assert kinds == {2: "trial chosen", 0: "trial tied", 1: "trial other", 3: "trial other"}


def test_the_page_says_what_was_found(page):
    words = " ".join(page.text.split())
    assert "Sweep of 4 trials" in words
    assert "4.0 s of training; 1 failed." in words
    assert "90.0% 95 % interval 85.0% to 95.0%, trial 2" in words
    assert "2 trials are tied with the best" in words
    assert "fANOVA over 3 trials" in words
    assert "75%" in words
    assert "training diverged" in words


def test_where_all_are_tied_no_flag_is_said_to_make_a_difference(tmp_path):
    tied = [*ROWS[:2], row(1, 0.5, True), ROWS[3]]
    words = " ".join(read(tmp_path, tied, {"learning_rate": 0.75, "tfhub_module": 0.25}).text.split())
    assert "3 trials are tied with the best" in words
    nothing = "Nothing that can be told from chance: all trials are tied with the best."
    assert f"What makes the difference {nothing}" in words
    assert "fANOVA" not in words


def test_a_cheaper_module_is_advised_only_where_trials_cost_more_or_less(tmp_path):
    advice = "tell them apart, or let --prefer=cheap take a cheaper module that is hardly worse."
    alone = read(tmp_path, ROWS, scales={"learning_rate": SCALES["learning_rate"]})
    assert advice in " ".join(read(tmp_path, ROWS).text.split())
    assert "Label more images to tell them apart. The best" in " ".join(alone.text.split())
    assert "cheap" not in alone.text


def test_names_are_shown_as_they_are(page):
    assert "<b>&module" in page.text


def test_one_trial_makes_a_page_too(tmp_path):
    reader = read(tmp_path, ROWS[:1])
    assert "No other trial is tied with the best" in reader.text
    assert "What makes the difference" not in reader.text

import io
import sys
import types

import pytest
from absl import logging

from retrain import progress as progress_module
from retrain.progress import download_bar, progress, step_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def told():
    """As a verb tells what goes on, when nothing else is asked for."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.INFO)
    yield
    logging.set_verbosity(before)


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when the test says so."""
    now = [0.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def lines(monkeypatch):
    """What would be logged."""
    found = []
    monkeypatch.setattr(logging, "info", lambda text, *values: found.append(text % values))
    return found


def taking(seconds, items, clock):
    for item in items:
        clock[0] += seconds
        yield item


def test_items_come_through_in_order(lines):
    assert list(progress(iter("abc"), 3, "Reading", "letters")) == ["a", "b", "c"]


def test_a_short_pass_says_nothing(clock, lines):
    list(progress(taking(0.01, range(100), clock), 100, "Computing features", "images"))
    assert lines == []


def test_a_long_pass_is_ten_lines_with_the_time_left(clock, lines):
    list(progress(taking(1, range(100), clock), 100, "Computing features", "images"))
    assert lines[0] == "Computing features: 10 of 100 images, 1 a second, 90 s left"
    assert lines[-1] == "Computing features: 90 of 100 images, 1 a second, 10 s left"
    assert len(lines) == 9


def test_less_than_one_a_second_is_not_none(clock, lines):
    list(progress(taking(4, range(20), clock), 20, "heat maps", "images"))
    assert lines[0] == "heat maps: 2 of 20 images, 0.2 a second, 72 s left"


def test_batches_count_what_they_hold(clock, lines):
    batches = [[0] * 32, [0] * 32, [0] * 6]
    list(progress(taking(5, batches, clock), 70, "Computing features", "images", size=len))
    assert lines == [
        "Computing features: 32 of 70 images, 6 a second, 6 s left",
        "Computing features: 64 of 70 images, 6 a second, 1 s left",
    ]


def test_nothing_to_do(lines):
    assert list(progress([], 0, "Computing features", "images")) == []
    assert lines == []


def test_a_terminal_gets_a_bar_and_no_lines(monkeypatch, lines):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(progress(range(4), 4, "Reading", "images")) == [0, 1, 2, 3]
    assert "Reading: 100%" in terminal.getvalue()
    assert "4/4" in terminal.getvalue()
    assert lines == []


def test_no_bar_where_only_warnings_are_wanted(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    logging.set_verbosity(logging.WARNING)
    assert list(progress(range(4), 4, "Reading", "images")) == [0, 1, 2, 3]
    with step_bar(8, 0, "training") as advance:
        advance(8, "loss 0.5")
    assert terminal.getvalue() == ""


def test_a_download_is_a_bar_of_bytes(monkeypatch, lines):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with download_bar(4_000_000, "Downloading") as advance:
        advance(1_000_000)
        advance(3_000_000)
    assert "Downloading: 100%" in terminal.getvalue()
    assert "4.00M/4.00M" in terminal.getvalue()
    assert lines == []


def test_a_download_elsewhere_is_a_few_lines(clock, lines):
    with download_bar(200_000_000, "Downloading") as advance:
        for _ in range(200):
            clock[0] += 0.5
            advance(1_000_000)
    assert lines[0] == "Downloading: 20 of 200 MB, 2 a second, 90 s left"
    assert len(lines) == 9


def test_a_download_of_unknown_length(clock, lines, monkeypatch):
    with download_bar(None, "Downloading") as advance:
        clock[0] += 5
        advance(1_000_000)
    assert lines == []
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with download_bar(None, "Downloading") as advance:
        advance(1_000_000)
    assert "Downloading: 1.00MB" in terminal.getvalue()


def test_a_bar_of_steps_with_log_lines_above_it(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with step_bar(8, 2, "training") as advance:
        logging.get_absl_logger().warning("A line.")
        advance(3, "loss 0.5")
        advance(3, "loss 0.25")
    shown = terminal.getvalue()
    assert "training:  25%" in shown
    assert "A line.\n" in shown
    assert "8/8" in shown
    assert "loss 0.25" in shown


def test_elsewhere_there_is_no_bar_of_steps(capsys):
    with step_bar(8, 0, "training") as advance:
        advance(8, "loss 0.5")
    assert capsys.readouterr().err == ""


def test_a_notebook_gets_bars_too(monkeypatch, lines, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel.zmqshell", types.ModuleType("zmqshell"))
    assert list(progress(range(4), 4, "Reading", "images")) == [0, 1, 2, 3]
    with step_bar(8, 0, "training") as advance:
        advance(8, "loss 0.5")
    shown = capsys.readouterr().err
    assert "Reading: 100%" in shown
    assert "training: 100%" in shown
    assert lines == []

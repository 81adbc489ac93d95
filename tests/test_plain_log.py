import logging as python_logging
from logging.handlers import BufferingHandler

import pytest
from absl import logging

from retrain.plain_log import PACKAGE, errors_alone, logged_plainly


def record(level, path):
    return python_logging.LogRecord("absl", level, path, 1, "A line.", None, None)


@pytest.mark.parametrize(
    ("level", "path", "shown"),
    [
        (python_logging.INFO, f"{PACKAGE}commands/predict/run.py", "A line.\n"),
        (python_logging.INFO, "/tensorflow/python/a.py", ""),
        (python_logging.ERROR, "/tensorflow/python/a.py", "A line.\n"),
    ],
)
def test_lines_of_ours_and_errors_of_all_as_they_are(level, path, shown, capsys):
    with logged_plainly("info"):
        logging.get_absl_logger().handle(record(level, path))
    assert capsys.readouterr().err == shown


def test_verbosity_and_what_was_there_before():
    logger = logging.get_absl_logger()
    before = logging.get_verbosity(), logger.handlers, logger.propagate
    theirs = python_logging.getLogger("tensorflow").filters[:]
    with pytest.raises(RuntimeError), logged_plainly("debug"):
        assert logging.get_verbosity() == logging.DEBUG
        raise RuntimeError
    assert python_logging.getLogger("tensorflow").filters == theirs
    assert (logging.get_verbosity(), logger.handlers, logger.propagate) == before


@pytest.mark.parametrize(("verbosity", "shown"), [("info", False), ("debug", True)])
def test_tensorflow_warns_its_developers_only(verbosity, shown, monkeypatch):
    handler = BufferingHandler(9)
    theirs = python_logging.getLogger("tensorflow")
    theirs.addHandler(handler)
    with logged_plainly(verbosity):
        monkeypatch.setattr(theirs, "level", python_logging.INFO)  # as its import does in a notebook
        theirs.warning("retracing")
        theirs.error("broken")
    theirs.removeHandler(handler)
    assert ("retracing" in [of.getMessage() for of in handler.buffer]) == shown
    assert "broken" in [of.getMessage() for of in handler.buffer]


@pytest.mark.parametrize("verbosity", ["debug", "info", "error"])
def test_what_is_done_again_is_not_told_again(verbosity):
    with logged_plainly(verbosity):
        before = logging.get_verbosity()
        with errors_alone():
            assert logging.get_verbosity() == logging.ERROR
        assert logging.get_verbosity() == before

import sys

import pytest

from retrain.modules.sources.keras_progress import told_when_it_comes

SAID = "Downloading data from https://example.com/weights.h5\n"


def test_what_is_announced_is_told_with_what_comes(capsys):
    with told_when_it_comes():
        sys.stdout.write(SAID)
        assert capsys.readouterr() == ("", "")
        sys.stdout.write("1/2")
        sys.stdout.write("2/2")
        sys.stdout.flush()
    print("done")
    assert capsys.readouterr() == ("done\n", f"{SAID}1/22/2")


def test_where_nothing_comes_nothing_is_told(capsys):
    with pytest.raises(OSError, match="no route"), told_when_it_comes():
        sys.stdout.write(SAID)
        raise OSError("no route")
    assert capsys.readouterr() == ("", "")


def test_it_is_a_terminal_where_stderr_is(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with told_when_it_comes():
        assert sys.stdout.isatty()

import gc
import importlib
import os
import platform
import subprocess
import sys

import pytest

from retrain.quiet import (
    absent,
    import_tensorflow,
    native_stderr_held,
    no_garbage_looked_for,
    set_environment,
)


def test_what_is_written_below_python_is_dropped(capfd):
    with native_stderr_held():
        os.write(2, b"oneDNN\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_what_was_written_is_shown_when_the_body_fails(capfd):
    with pytest.raises(ImportError), native_stderr_held():
        os.write(2, b"no such library\n")
        raise ImportError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "no such library\nafter\n"


def test_who_ends_it_is_not_told_what_was_written(capfd):
    with pytest.raises(KeyboardInterrupt), native_stderr_held():
        os.write(2, b"oneDNN\n")
        raise KeyboardInterrupt
    assert capfd.readouterr().err == ""


def test_what_was_written_before_comes_first():
    code = (
        "import os, sys\nfrom retrain.quiet import native_stderr_held\n"
        "sys.stderr.write('before ')\n"
        "with native_stderr_held(): os.write(2, b'held')\n"
        "sys.stderr.write('after')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == "before after"


def test_a_module_that_is_absent_for_a_while(monkeypatch):
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with absent("this"), pytest.raises(ImportError):
        importlib.import_module("this")
    assert "this" not in sys.modules


def test_what_is_there_already_stays():
    with absent("os"):
        assert importlib.import_module("os") is os


@pytest.mark.parametrize("turn", [gc.enable, gc.disable])
def test_garbage_is_looked_for_afterwards_as_before(turn):
    turn()
    try:
        before = gc.isenabled()
        with pytest.raises(ImportError), no_garbage_looked_for():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled() == before
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("machine", "given", "expected"),
    [
        ("x86_64", None, "1"),
        ("AMD64", None, "1"),
        ("x86_64", "0", "0"),
        ("aarch64", None, None),
        ("arm64", "1", "1"),
    ],
)
def test_convolutions_are_onednns_unless_the_user_says_otherwise(monkeypatch, machine, given, expected):
    monkeypatch.setattr(os, "environ", {} if given is None else {"TF_ENABLE_ONEDNN_OPTS": given})
    monkeypatch.setattr(platform, "machine", lambda: machine)
    set_environment()
    assert os.environ.get("TF_ENABLE_ONEDNN_OPTS") == expected


def test_neither_keras_nor_scikit_learn_is_loaded_before_something_is_theirs():
    code = (
        "import sys\nfrom retrain.quiet import quietly_named\n"
        "for name in ('commands.evaluate:run', 'commands.predict.run:run', 'exporters.reload:read'):\n"
        "    quietly_named('retrain.' + name)\n"
        "assert not {'keras', 'sklearn', 'matplotlib.pyplot'} & {*sys.modules}\n"
        "import keras, tensorflow\n"
        "assert tensorflow.keras.optimizers.SGD is keras.optimizers.SGD"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_who_has_tensorflow_keeps_what_he_has(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # to import it would fail
    import_tensorflow()
    assert sys.modules["tensorflow"] is None

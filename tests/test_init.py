import ast
import pathlib
import subprocess
import sys
import unittest.mock

import pytest

import retrain


def test_public_names_are_listed_without_being_loaded():
    code = "import sys, retrain; print(set(retrain.__all__) - set(dir(retrain)), 'tensorflow' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set() False\n"


@pytest.mark.parametrize("name", retrain.__all__)
def test_every_public_name_is_there(name):
    assert getattr(retrain, name).__name__.removeprefix("retrain.") == name


def test_packages_are_there_without_being_imported():
    code = (
        "import sys, retrain; print(dir(retrain) and 'sklearn' in sys.modules)\n"
        "print(retrain.sklearn.ImageClassifier.__name__, 'tensorflow' in sys.modules)\n"
        "print(retrain.modules.__name__, 'tensorflow' in sys.modules)"
    )
    out = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert out.splitlines() == ["False", "ImageClassifier False", "retrain.modules False"]


def test_no_other_name_is():
    with pytest.raises(AttributeError, match="module 'retrain' has no attribute 'no_such_name'"):
        retrain.no_such_name  # noqa: B018


def test_editors_are_told_of_the_same_names():
    tree = ast.parse(pathlib.Path(retrain.__file__).with_suffix(".pyi").read_text())
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    told = {alias.asname: f"{node.module}:{alias.name}" for node in imports for alias in node.names}
    assert told == {**retrain.NAMES, **{name: f"retrain:{name}" for name in retrain.PACKAGES}}


def test_tab_shows_the_public_names_only():
    assert dir(retrain) == sorted(retrain.__all__)


def test_the_help_of_the_estimator_says_what_an_input_fn_gives():
    assert "An `input_fn` returns a tf.data.Dataset of batches" in retrain.Estimator.__doc__


def test_tab_loads_and_prints_nothing():
    """What completes a line looks at every name that `dir` gives, and says which can be called."""
    code = (
        "import itertools, rlcompleter, sys, retrain\n"
        "complete = rlcompleter.Completer({'retrain': retrain}).complete\n"
        "found = [*itertools.takewhile(bool, (complete('retrain.', at) for at in itertools.count()))]\n"
        "print({f'retrain.{name}' for name in retrain.__all__} <= {*found}, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True False\n", "")


def test_a_name_may_be_replaced():
    """As a program's own tests do."""
    with unittest.mock.patch("retrain.predict", "replaced"):
        assert retrain.predict == "replaced"
    assert callable(retrain.predict)

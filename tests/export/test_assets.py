import pytest

from retrain.errors import InputError
from retrain.export.assets import check_is_classifier


def test_a_classifier_describes_itself(tmp_path):
    with pytest.raises(InputError) as raised:
        check_is_classifier(str(tmp_path), "a handle")
    assert str(raised.value) == (
        "'a handle' is no classifier exported by retrain: it has no assets.extra/retrain.json; name the "
        "export/saved_model of a run."
    )
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "retrain.json").touch()
    check_is_classifier(str(tmp_path), "a handle")

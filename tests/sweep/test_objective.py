import pytest

from retrain.errors import InputError
from retrain.sweep.objective import Objective, find_objective


def test_the_default_is_the_accuracy_of_the_first_task():
    found = find_objective(None, {"label": "softmax"})
    assert found == Objective("accuracy", "accuracy", "label", "maximize")
    assert (found.name, found.suffix, found.is_loss) == ("validation/accuracy", "", False)
    found = find_objective(None, {"kind": "softmax", "tags": "sigmoid"})
    assert found == Objective("accuracy/kind", "accuracy", "kind", "maximize")


def test_a_loss_is_to_be_small():
    found = find_objective("validation/average_loss/tags", {"kind": "softmax", "tags": "sigmoid"})
    assert found == Objective("average_loss/tags", "average_loss", "tags", "minimize")
    assert (found.suffix, found.is_loss) == ("/tags", True)


def test_what_does_not_exist():
    with pytest.raises(InputError) as raised:
        find_objective("validation/acuracy", {"label": "softmax"})
    assert str(raised.value) == (
        "'validation/acuracy' is no figure to rank trials by: choose from validation/accuracy, "
        "validation/average_loss, validation/expected_calibration_error, validation/macro_f1, "
        "validation/balanced_accuracy, validation/weighted_f1; did you mean 'validation/accuracy'?"
    )
    with pytest.raises(InputError) as raised:
        find_objective("test/accuracy", {"label": "softmax"})
    assert str(raised.value) == (
        "--objective=test/accuracy would choose by the test images, and their figures would no longer tell "
        "how good the winner is: use validation/accuracy."
    )

import numpy as np

from retrain import familiarity
from retrain.heads.sigmoid import SigmoidHead
from retrain.heads.softmax import SoftmaxHead
from retrain.report import prediction_columns
from retrain.report.prediction_columns import class_columns, top_columns


def test_the_most_probable_classes_come_first_and_no_more_than_there_are():
    probabilities = np.float32([[0.2, 0.7, 0.1], [0.4, 0.2, 0.4]])
    columns = top_columns(SoftmaxHead(["a", "b", "c"]), probabilities, 2, "/kind")
    assert {name: list(values) for name, values in columns.items()} == {
        "class_1/kind": ["b", "a"],
        "probability_1/kind": [0.7, 0.4],
        "class_2/kind": ["a", "c"],
        "probability_2/kind": [0.2, 0.4],
    }
    assert len(top_columns(SigmoidHead(["a", "b", "c"]), probabilities, 9)) == 2 * 3


def test_every_class_has_a_column_even_of_two_of_one_name():
    """ImageNet has two that are called crane."""
    columns = class_columns(SoftmaxHead(["crane", "dog", "crane"]), np.float32([[0.1234567, 0.5, 0.25]]))
    assert {name: values.tolist() for name, values in columns.items()} == {
        "probability/crane (0)": [0.123457],
        "probability/dog": [0.5],
        "probability/crane (2)": [0.25],
    }


def test_the_column_is_called_as_the_output():
    assert prediction_columns.FAMILIARITY == familiarity.FAMILIARITY

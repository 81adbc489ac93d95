import retrain
from retrain.errors import InputError


def test_input_error_is_a_value_error_for_those_who_call_the_library():
    assert issubclass(InputError, ValueError)
    assert retrain.InputError is InputError

import pytest
from retrain.commands.task_flags import by_task, task_kinds, task_weights

from retrain.errors import InputError
from retrain.settings.config import Config


def test_values_by_task():
    assert by_task("tasks", "kind:softmax, a:b:sigmoid", "softmax") == {"kind": "softmax", "a:b": "sigmoid"}
    assert task_kinds(Config.of(tasks="kind:softmax")) == {"kind": "softmax"}
    assert task_weights(Config.of(task_weights="kind:0.5,tags:2"), ("kind", "tags")) == {
        "kind": 0.5,
        "tags": 2.0,
    }
    assert (task_kinds(Config.of()), task_weights(Config.of(), ("kind",))) == ({}, {})


@pytest.mark.parametrize("text", ["kind", "kind:", ":softmax", "kind:softmax,kind:sigmoid", ""])
def test_what_is_no_value_of_a_task(text):
    with pytest.raises(InputError) as raised:
        by_task("tasks", text, "softmax")
    part = text.split(",")[-1]
    assert str(raised.value) == (
        f"--tasks={text!r} was expected to name each task once, as TASK:VALUE with commas between, but has "
        f"{part!r}: "
        "write, say, --tasks=kind:softmax."
    )


def test_weights_of_tasks_that_are_not_there_or_are_none():
    with pytest.raises(InputError, match="'kin' is no task: choose from kind, tags; did"):
        task_weights(Config.of(task_weights="kin:1"), ("kind", "tags"))
    for wrong in ("-1", "much", "nan", "inf"):
        with pytest.raises(InputError) as raised:
            task_weights(Config.of(task_weights=f"kind:{wrong}"), ("kind",))
        assert (
            str(raised.value)
            == f"--task_weights gives task 'kind' the weight {wrong!r}: give a number of 0 or more."
        )

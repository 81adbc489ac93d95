"""Modules that do something else than compute, wherever in their files that stands, are refused before."""

import pathlib
from collections.abc import Callable

import pytest
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

import retrain.modules as hub
from retrain.errors import InputError
from retrain.keras import ModuleLayer
from retrain.modules.graphs.graph_safety import check_saved_model, operations_in, other_operations
from retrain.modules.inspection.conformance import check, conforms
from retrain.modules.inspection.description import describe
from retrain.modules.inspection.examined_module import CannotRunError, ExaminedModule
from retrain.modules.loading import load_module
from retrain.settings.module import ModuleSettings
from tests import broken_modules, tiny_worlds

SPEC = tf.TensorSpec([None, 8, 8, 3], tf.float32, name="images")
IN_PYTHON = "retrain.load_module(..., allow_unsafe_module_ops=True)"
WAYS = {
    "load_module": load_module,
    "hub.Module": hub.Module,
    "hub.load": hub.load,
    "ModuleLayer": ModuleLayer,
}


def why_not(operations: str, handle: str, allowed_by: str = "--allow_unsafe_module_ops") -> str:
    return (
        f"{handle!r} is not loaded: its graphs have operations that do something else than compute, such as "
        f"read or write files, print, or run other programs ({operations}); if you trust who made it, give "
        f"{allowed_by}."
    )


def refusal(handle: str, load: Callable[[str], object] = load_module) -> str:
    with pytest.raises(InputError) as raised:
        load(handle)
    return str(raised.value)


class _Table(tf.saved_model.experimental.TrackableResource):
    """What an initializer fills, which is run when the module is loaded."""

    def __init__(self, file: str):
        super().__init__()
        self._file = file

    def _create_resource(self) -> tf.Tensor:
        return tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64)

    def _initialize(self) -> None:
        tf.io.write_file(self._file, "initialized")


def saved(directory: pathlib.Path, act: Callable[[], object], **attributes: object) -> str:
    """A SavedModel that acts when it is called."""
    module = tf.train.Checkpoint(**attributes)

    @tf.function(input_signature=[SPEC])
    def call(images: tf.Tensor) -> tf.Tensor:
        act()
        return tf.reduce_mean(images, axis=[1, 2])

    module.__call__ = call
    tf.saved_model.save(module, str(directory))
    return str(directory)


def edited(handle: str, edit: Callable[[SavedModel], None]) -> str:
    """The module with something changed in its graphs."""
    path = pathlib.Path(handle, "saved_model.pb")
    module = SavedModel.FromString(path.read_bytes())
    edit(module)
    path.write_bytes(module.SerializeToString())
    return handle


ACTS = {
    "WriteFile": lambda file: tf.io.write_file(file, "written"),
    "ReadFile": lambda file: tf.io.read_file(file),
    "MatchingFiles": lambda file: tf.io.matching_files(file),
    "SaveV2": lambda file: tf.raw_ops.SaveV2(
        prefix=file, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.zeros(1)]
    ),
    "RestoreV2": lambda file: tf.raw_ops.RestoreV2(
        prefix=file, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
    ),
    "PrintV2": lambda file: tf.print("printed"),
}


@pytest.mark.parametrize("operation", ACTS)
def test_a_saved_model_that_acts_when_it_is_called(tmp_path, operation):
    file = tmp_path / "file"
    handle = saved(tmp_path / "module", lambda: ACTS[operation](str(file)))
    assert refusal(handle) == why_not(operation, handle)
    assert not list(tmp_path.glob("file*"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "write",
    [tiny_worlds.talking_module, lambda directory: broken_modules.hub_module(directory, body=_talking)],
    ids=["saved_model", "tf1_hub"],
)
def test_every_way_to_load_it_refuses(tmp_path, way, write):
    handle = write(tmp_path / "module")
    allowed_by = () if way == "load_module" else (IN_PYTHON,)
    assert refusal(handle, WAYS[way]) == why_not("PrintV2", handle, *allowed_by)


def _talking(images: tf.Tensor, training: bool) -> tf.Tensor:
    with tf.control_dependencies([tf.print("Hello.")]):
        return tf.reduce_mean(images, axis=[1, 2])


def test_in_a_graph_of_tensorflow_1(tmp_path):
    handle = broken_modules.hub_module(tmp_path / "hub", body=_talking)
    with tf.Graph().as_default():
        assert refusal(handle, hub.Module) == why_not("PrintV2", handle, IN_PYTHON)


def test_an_initializer_that_writes(tmp_path):
    file = tmp_path / "file"
    handle = saved(tmp_path / "module", lambda: None, table=_Table(str(file)))
    # Saving leaves it there, where the next test that saves a graph would be warned of it.
    tf.compat.v1.get_default_graph().clear_collection("table_initializer")
    assert refusal(handle).startswith(f"{handle!r} is not loaded: its graphs have operations that do ")
    assert "WriteFile" in refusal(handle)
    assert not file.exists()


def test_a_function_of_the_library_that_nothing_calls(tmp_path):
    handle = tiny_worlds.averaging_module(tmp_path / "module")

    def add(module: SavedModel) -> None:
        function = module.meta_graphs[0].graph_def.library.function.add()
        function.signature.name = "sleeper"
        function.node_def.add(name="write", op="WriteFile")

    assert refusal(edited(handle, add)) == why_not("WriteFile", handle)


def test_a_function_of_the_saver_that_a_signature_calls(tmp_path):
    """What restores a checkpoint reads files for nobody else."""
    handle = tiny_worlds.averaging_module(tmp_path / "module")

    def call(module: SavedModel) -> None:
        graph = module.meta_graphs[0].graph_def
        [restoring] = [f for f in graph.library.function if any(n.op == "RestoreV2" for n in f.node_def)]
        # One that computes: functions have no order, and the saver's other one is the saver's, too.
        computing = next(f for f in graph.library.function if any(n.op == "Mean" for n in f.node_def))
        node = computing.node_def.add(name="again", op="StatefulPartitionedCall")
        node.attr["f"].func.name = restoring.signature.name

    assert "RestoreV2" in refusal(edited(handle, call))


def test_a_saver_is_let_be(tmp_path):
    path = pathlib.Path(tiny_worlds.averaging_module(tmp_path / "module"), "saved_model.pb")
    assert b"RestoreV2" in path.read_bytes()
    check_saved_model(path, "module")
    assert operations_in(path)[1] == []


def test_the_saver_of_a_graph_of_tensorflow_1_is_let_be():
    """As the genuine library writes it, and unless a signature gives what it read."""
    graph = _with_saver()
    assert other_operations(graph) == set()
    graph.signature_def["default"].outputs["default"].name = "save/RestoreV2:0"
    assert other_operations(graph) == {"RestoreV2"}


def _with_saver() -> MetaGraphDef:
    with tf.Graph().as_default():
        variable = tf.compat.v1.get_variable("v", [2])
        saver = tf.compat.v1.train.Saver([variable], sharded=True)
        graph = tf.compat.v1.train.export_meta_graph(saver_def=saver.as_saver_def())
    graph.signature_def["default"].outputs["default"].name = "v/read:0"
    return graph


def test_whoever_trusts_it_may_use_it(tmp_path, capfd):
    handle = tiny_worlds.talking_module(tmp_path / "module")
    module = load_module(handle, ModuleSettings(allow_unsafe_module_ops=True))
    assert module(tf.ones([2, 8, 8, 3])).numpy().tolist() == [[1.0] * 3] * 2
    assert "Hello." in capfd.readouterr().err


def test_an_inspection_runs_nothing_before(tmp_path):
    file = tmp_path / "file"
    handle = saved(tmp_path / "module", lambda: tf.io.write_file(str(file), "written"))
    assert ExaminedModule(handle).refusal == why_not("WriteFile", handle)
    assert not file.exists()


def test_no_promise_is_asked_of_what_was_refused(tmp_path):
    file = tmp_path / "file"
    handle = saved(tmp_path / "module", lambda: None, table=_Table(str(file)))
    tf.compat.v1.get_default_graph().clear_collection("table_initializer")
    examined = ExaminedModule(handle)
    describe(examined)
    assert not conforms(check(examined))
    with pytest.raises(CannotRunError):
        examined.called()
    assert not file.exists()


def test_an_operation_that_tensorflow_does_not_have(tmp_path):
    handle = tiny_worlds.averaging_module(tmp_path / "module")

    def add(module: SavedModel) -> None:
        module.meta_graphs[0].graph_def.node.add(name="custom", op="DetectObjects")

    assert refusal(edited(handle, add)) == (
        f"{handle!r} cannot be loaded: TensorFlow {tf.__version__} does not have its operations "
        f"DetectObjects; export the module without them."
    )


def test_a_constant_that_says_it_is_larger_than_any_file(tmp_path):
    handle = tiny_worlds.averaging_module(tmp_path / "module")

    def add(module: SavedModel) -> None:
        node = module.meta_graphs[0].graph_def.node.add(name="huge", op="Const")
        tensor = node.attr["value"].tensor
        tensor.dtype = tf.float32.as_datatype_enum
        tensor.float_val.append(1.0)
        for size in (100_000, 250_000):
            tensor.tensor_shape.dim.add(size=size)

    assert refusal(edited(handle, add)) == (
        f"{handle!r} is not loaded: its constant 'huge' says that it has the shape [100000, 250000], which "
        f"is more than a module can hold; fetch or export the module again."
    )


def test_a_function_that_calls_itself(tmp_path):
    handle = tiny_worlds.averaging_module(tmp_path / "module")

    def add(module: SavedModel) -> None:
        for name, called in (("a", "b"), ("b", "a"), ("c", "a")):
            function = module.meta_graphs[0].graph_def.library.function.add()
            function.signature.name = name
            node = function.node_def.add(name="call", op="PartitionedCall")
            node.attr["f"].func.name = called

    assert refusal(edited(handle, add)) == (
        f"{handle!r} is not loaded: its function 'a' calls itself, and may never end; export the module "
        f"again."
    )

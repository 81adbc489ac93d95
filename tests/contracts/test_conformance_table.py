"""What can be done with modules of every source: the table in docs/modules.md, each cell seen to work.

Numbers are the business of the other contracts and of tests/legacy; here each operation runs and gives
something of the right shape.
"""

import importlib.util
import pathlib
import subprocess
import sys
from collections.abc import Callable, Mapping

import keras
import numpy as np
import pytest
import tensorflow as tf

import retrain.modules as hub
from retrain.errors import InputError
from retrain.exporters import exporter
from retrain.heads.softmax import SoftmaxHead
from retrain.keras import ModuleLayer
from retrain.model import ImageClassifier
from retrain.modules.inspection.conformance import check, conforms
from retrain.modules.inspection.examined_module import ExaminedModule
from retrain.modules.loading import load_module
from retrain.modules.sources.source import source_of
from tests.contracts.example_modules import KINDS

ROOT = pathlib.Path(__file__).parents[2]
# Rows of SOURCES, as docs/modules.md calls them.
CALLED = {
    "tf1_hub": "TF1 Hub",
    "saved_model": "TF2 SavedModel",
    "keras_file": "Keras",
    "preset_directory": "KerasHub",
    "gradients": "`builtin:gradients`",
}
# A SavedModel, too, whose network is a program of another library: where that is installed.
JAX = "JAX, as SavedModel"
JAX_IS_HERE = importlib.util.find_spec("jax") is not None


def images(size: tuple[int, int]) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).random([4, *size, 3], np.float32))


def retrained(handle: str) -> ImageClassifier:
    return ImageClassifier(load_module(handle), {"label": SoftmaxHead(["a", "b"])}, train_base=True)


def reads_spec(handle: str, directory: pathlib.Path) -> bool:
    return "image_feature_vector" in hub.load_module_spec(handle).get_signature_names()


def knows_size(handle: str, directory: pathlib.Path) -> bool:
    return len(hub.get_expected_image_size(hub.load_module_spec(handle))) == 2


def gives_features(handle: str, directory: pathlib.Path) -> bool:
    module = hub.Module(handle)
    return module(images(hub.get_expected_image_size(module))).shape[0] == 4


def fine_tunes(handle: str, directory: pathlib.Path) -> bool | None:
    module = load_module(handle)
    if not module.trainable_variables:
        return None
    before = [variable.numpy() for variable in module.trainable_variables]
    with tf.GradientTape() as tape:
        features = module(images(module.image_size), training=True)
        loss = tf.reduce_sum(features * features) + sum(loss() for loss in module.regularization_losses)
    gradients = tape.gradient(loss, module.trainable_variables)
    for gradient, variable in zip(gradients, module.trainable_variables, strict=True):
        variable.assign_sub(0.1 * tf.convert_to_tensor(gradient))
    return any(
        (a != b).any() for a, b in zip(before, [v.numpy() for v in module.trainable_variables], strict=True)
    )


def exports_to(name: str) -> Callable[[str, pathlib.Path], bool | str]:
    """To be trained again; or to be used only, where that answers with a sentence."""

    def exports(handle: str, directory: pathlib.Path) -> bool | str:
        exporter(name)(retrained(handle), str(directory / name))
        module = load_module(str(directory / name))
        try:
            module(images(module.image_size), training=True)
        except InputError:
            return "frozen"
        return module.num_features == load_module(handle).num_features

    return exports


def classifies(handle: str, directory: pathlib.Path) -> bool:
    exporter("hub_module")(retrained(handle), str(directory / "classifier"))
    module = hub.Module(str(directory / "classifier"))
    pictures = images(hub.get_expected_image_size(module))
    logits = module({"images": pictures}, signature="image_classification", as_dict=True)["default"]
    return logits.shape == (4, 2)


def trains_in_a_graph(handle: str, directory: pathlib.Path) -> bool | str:
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        if "Keras" in source_of(handle).title:
            with pytest.raises(InputError, match="use that SavedModel in the graph"):
                hub.Module(handle)
            return "as SavedModel"
        module = hub.Module(handle, trainable=True, tags={"train"})
        features = module(images(hub.get_expected_image_size(module)))
        head = v1.get_variable("head", [features.shape.as_list()[-1], 2])
        loss = tf.reduce_sum((features @ head) ** 2) + v1.losses.get_regularization_loss()
        step = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            before = session.run(v1.trainable_variables())
            session.run(step)
            after = session.run(v1.trainable_variables())
        return len(after) > len(module.trainable_variables) and all(
            map(np.any, map(np.subtract, after, before))
        )


def is_found_by_its_parent(handle: str, directory: pathlib.Path) -> bool:
    for trainable in (False, True):
        parent = tf.Module()
        parent.base = module = hub.Module(handle, trainable=trainable)
        path = tf.train.Checkpoint(parent=parent).write(str(directory / f"checkpoint_{trainable}"))
        stored = sum(name.endswith("VARIABLE_VALUE") for name, _ in tf.train.list_variables(path))
        found = map(len, (parent.variables, parent.trainable_variables))
        if list(found) != [len(module.variables), len(module.trainable_variables)]:
            return False
        if stored < len(module.variables):
            return False
    return True


def is_a_keras_layer(handle: str, directory: pathlib.Path) -> bool:
    size = load_module(handle).image_size
    model = keras.Sequential(
        [keras.Input([*size, 3]), ModuleLayer(handle, trainable=True), keras.layers.Dense(2)]
    )
    model.compile("sgd", "mse")
    model.fit(images(size), tf.zeros([4, 2]), verbose=0)
    model.save(directory / "model.keras")
    return keras.models.load_model(directory / "model.keras")(images(size)).shape == (4, 2)


def is_inspected(handle: str, directory: pathlib.Path) -> bool:
    return conforms(check(ExaminedModule(handle)))


OPERATIONS: Mapping[str, Callable[[str, pathlib.Path], bool | str | None]] = {
    "spec": reads_spec,
    "size": knows_size,
    "frozen": gives_features,
    "fine-tune": fine_tunes,
    "classification": classifies,
    "TF1 graph": trains_in_a_graph,
    "parent module": is_found_by_its_parent,
    "export TF1": exports_to("hub_module"),
    "export TF2": exports_to("saved_model"),
    "Keras layer": is_a_keras_layer,
    "inspect": is_inspected,
}
CELLS = {True: "yes", None: "nothing to train", False: "NO"}


def cell(result: bool | str | None) -> str:
    """A reason stands for itself."""
    return result if isinstance(result, str) else CELLS[result]


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> dict[str, dict[str, str]]:
    handles = {
        called: KINDS[name].make(tmp_path_factory.mktemp("module") / "module", 1.0)
        for name, called in CALLED.items()
    }
    if JAX_IS_HERE:
        handles[JAX] = jax_module(tmp_path_factory.mktemp("module") / "module")
    return {
        called: {
            name: cell(operation(handle, tmp_path_factory.mktemp("work")))
            for name, operation in OPERATIONS.items()
        }
        for called, handle in handles.items()
    }


def jax_module(directory: pathlib.Path) -> str:
    subprocess.run([sys.executable, "-m", "tests.jax_network", str(directory)], check=True, cwd=ROOT)
    return str(directory)


def as_markdown(table: Mapping[str, Mapping[str, str]]) -> str:
    rows = [["", *OPERATIONS], ["---"] * (len(OPERATIONS) + 1)]
    rows += [[source, *cells.values()] for source, cells in table.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def test_the_table_is_full(table, capsys):
    with capsys.disabled():
        print("\n" + as_markdown(table))
    assert not [source for source, cells in table.items() if "NO" in cells.values()]
    assert set(CALLED) == set(KINDS)
    # The embedded module has no variables; everything else can be trained.
    assert [source for source, cells in table.items() if cells["fine-tune"] != "yes"] == [
        "`builtin:gradients`"
    ]


def test_the_docs_show_this_table(table):
    shown = (ROOT / "docs" / "modules.md").read_text("utf-8").splitlines()
    if not JAX_IS_HERE:
        shown = [line for line in shown if not line.startswith(f"| {JAX} |")]
    assert as_markdown(table) in "\n".join(shown)

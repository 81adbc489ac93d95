import pathlib

import numpy as np
import pytest
import tensorflow as tf
from absl import logging

from retrain.commands.train import bfloat16
from retrain.commands.train.base import load_base
from retrain.commands.train.bfloat16 import check_hardware, in_bfloat16
from retrain.commands.train.check import TrainPlan
from retrain.errors import InputError
from retrain.heads.softmax import SoftmaxHead
from retrain.model import ImageClassifier
from retrain.modules.load import load_module
from retrain.runs.warm_start_source import find_source
from retrain.settings.config import Config
from retrain.settings.module import ModuleSettings
from tests import tiny_tf1_hub, tiny_worlds

FLAGS = [
    *("--fine_tune", "--mixed_precision", "--max_steps=3", "--batch_size=6", "--augment=none"),
    "--validation_percentage=0",
]


@pytest.fixture
def cpu(monkeypatch, tmp_path):
    """Lets the processor be one with these abilities."""

    def has(abilities: str) -> None:
        (tmp_path / "cpuinfo").write_text(f"flags: {abilities}\n")
        monkeypatch.setattr(bfloat16, "CPU_INFO", tmp_path / "cpuinfo")

    return has


def test_a_cpu_without_amx_would_only_be_slower(cpu):
    cpu("avx2 avx512_bf16")
    with pytest.raises(InputError) as raised:
        check_hardware()
    assert str(raised.value) == (
        "--mixed_precision computes in bfloat16, which is only slower here: there is no TPU, no GPU of "
        "compute capability 8.0 or more and no CPU with AMX; leave it out."
    )


def test_a_cpu_with_amx_and_a_new_gpu_are_faster(cpu, monkeypatch):
    cpu("avx2 amx_bf16")
    check_hardware()
    cpu("avx2")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"] if kind == "GPU" else [])
    for capability, capable in (((8, 0), True), ((7, 5), False)):
        details = {"compute_capability": capability}
        monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _, details=details: details)
        assert bfloat16._has_capable_gpu() is capable


CONVERTED = "Mixed precision: the module's convolutions and products are computed in bfloat16."


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (
            tiny_worlds.averaging_module,
            "Mixed precision: the module stays in float32, as the graph of a SavedModel was saved.",
        ),
        (tiny_worlds.keras_file, CONVERTED),
        (tiny_tf1_hub.averaging_module, CONVERTED),
    ],
)
def test_the_model_to_train_has_the_same_weights(make, line, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *values: said.append(text % values))
    model = ImageClassifier(load_module(make(tmp_path / "module")), {"label": SoftmaxHead(["a", "b"])})
    model.kernels["label"].assign(np.arange(6, dtype=np.float32).reshape(3, 2))
    found = in_bfloat16(ModuleSettings(), model)
    assert [text for text in said if text.startswith("Mixed precision")] == [line]
    assert (found is model) == (line != CONVERTED)
    for mine, its in zip(model.variables, found.variables, strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.fixture(scope="module")
def run(colour_folder, tmp_path_factory) -> pathlib.Path:
    """One that was trained in bfloat16."""
    from retrain.__main__ import main

    directory = tmp_path_factory.mktemp("bfloat16")
    module = tiny_worlds.keras_file(directory / "module")
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={module}", f"--model_dir={directory / 'run'}"]
    with pytest.MonkeyPatch.context() as patch:
        (directory / "cpuinfo").write_text("flags: amx_bf16\n")
        patch.setattr(bfloat16, "CPU_INFO", directory / "cpuinfo")
        assert main(["retrain", *given, *FLAGS]) == 0
    return directory / "run"


def test_what_is_exported_is_what_was_trained(run):
    checkpoint = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(run)))
    kernel = tf.saved_model.load(str(run / "export" / "saved_model")).trainable_variables[-2]
    saved = checkpoint.get_tensor("model/kernels/label/.ATTRIBUTES/VARIABLE_VALUE")
    np.testing.assert_array_equal(kernel, saved)


@pytest.mark.parametrize("name", ["export/hub_module", "ckpt-3"])
def test_a_warm_start_goes_on_with_the_module_of_its_run(run, name, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *values: said.append(text % values))
    config = Config.of(warm_start_from=str(run / name))
    base = load_base(TrainPlan(config, None, None, find_source(str(run / name)), None, None))
    found = in_bfloat16(config.module, ImageClassifier(base.module, {"label": SoftmaxHead(["a", "b"])}))
    assert [text for text in said if text.startswith("Mixed precision")] == [CONVERTED]
    for mine, its in zip(base.module.variables, found.base.variables, strict=True):
        np.testing.assert_array_equal(mine, its)

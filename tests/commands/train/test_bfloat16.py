import numpy as np
import pytest
import tensorflow as tf

from retrain.commands.train import bfloat16 as mixed_precision
from retrain.commands.train.bfloat16 import check_hardware
from retrain.errors import InputError
from tests import tiny_tf1_hub, tiny_worlds

FLAGS = ["--fine_tune", "--mixed_precision", "--max_steps=3", "--batch_size=6", "--validation_percentage=0"]


@pytest.fixture
def cpu(monkeypatch, tmp_path):
    """Lets the processor be one with these abilities."""

    def has(abilities: str) -> None:
        (tmp_path / "cpuinfo").write_text(f"flags: {abilities}\n")
        monkeypatch.setattr(mixed_precision, "CPU_INFO", tmp_path / "cpuinfo")

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
        assert mixed_precision._has_capable_gpu() is capable


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (
            tiny_worlds.averaging_module,
            "the module stays in float32, as the graph of a SavedModel was saved.",
        ),
        (tiny_worlds.keras_file, "the module's convolutions and products are computed in bfloat16."),
        (
            tiny_tf1_hub.averaging_module,
            "the module's convolutions and products are computed in bfloat16.",
        ),
    ],
)
def test_a_run_says_which_part_it_is_of_and_exports_what_was_trained(
    command, colour_folder, cpu, tmp_path, make, line
):
    cpu("amx_bf16")
    run, module = tmp_path / "run", make(tmp_path / "module")
    given = [f"--image_dir={colour_folder}", f"--tfhub_module={module}", f"--model_dir={run}"]
    result = command(*given, *FLAGS)
    assert result.status == 0, result.err
    assert f"Mixed precision: {line}\n" in result.err
    checkpoint = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(run)))
    kernel = tf.saved_model.load(str(run / "export" / "saved_model")).trainable_variables[-2]
    saved = checkpoint.get_tensor("model/kernels/label/.ATTRIBUTES/VARIABLE_VALUE")
    np.testing.assert_array_equal(kernel, saved)


def test_a_warm_start_goes_on_with_the_module_of_its_run(command, colour_folder, cpu, tmp_path):
    cpu("amx_bf16")
    module, run = tiny_worlds.keras_file(tmp_path / "module"), tmp_path / "run"
    given = [f"--image_dir={colour_folder}", "--max_steps=3", "--export_formats=hub_module"]
    assert command(*given, f"--tfhub_module={module}", f"--model_dir={run}").status == 0
    warm = [f"--warm_start_from={run}", f"--model_dir={tmp_path / 'warm'}"]
    result = command(f"--image_dir={colour_folder}", *warm, *FLAGS)
    assert result.status == 0, result.err
    assert "Mixed precision: the module's convolutions and products are computed in bfloat16.\n" in result.err

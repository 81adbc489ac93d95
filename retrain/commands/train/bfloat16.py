"""--mixed_precision: whether it gains anything here, and the model that computes in bfloat16."""

import pathlib

import tensorflow as tf
from absl import logging

from retrain.errors import InputError
from retrain.model import ImageClassifier
from retrain.modules.load import load_module
from retrain.modules.sources.source import source_of
from retrain.settings.module import ModuleSettings

CAPABLE_GPU = (8, 0)  # compute capability: Ampere
CPU_INFO, AMX = pathlib.Path("/proc/cpuinfo"), "amx_bf16"


def check_hardware() -> None:
    """Raises InputError where nothing computes faster in bfloat16."""
    if not (tf.config.list_physical_devices("TPU") or _has_capable_gpu() or _has_amx()):
        raise InputError(
            "--mixed_precision computes in bfloat16, which is only slower here: there is no TPU, no GPU of "
            "compute capability 8.0 or more and no CPU with AMX; leave it out."
        )


def in_bfloat16(settings: ModuleSettings, model: ImageClassifier) -> ImageClassifier:
    """The model to train, with the same weights: one that computes in bfloat16 where its module can."""
    if not source_of(model.base.handle).fetched().computes_in_bfloat16:
        logging.info("Mixed precision: the module stays in float32, as the graph of a SavedModel was saved.")
        return model
    logging.info("Mixed precision: the module's convolutions and products are computed in bfloat16.")
    return model.with_base(load_module(model.base.handle, settings, bfloat16=True))


def _has_capable_gpu() -> bool:
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return any(of.get("compute_capability", (0, 0)) >= CAPABLE_GPU for of in details)


def _has_amx() -> bool:
    return CPU_INFO.is_file() and AMX in CPU_INFO.read_text()

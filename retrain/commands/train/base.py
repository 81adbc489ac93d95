"""The module that features come from: of a handle, or of an earlier model; and its form in bfloat16."""

import hashlib
import pathlib
import re
from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf
from absl import logging

from retrain.causes import cause_of
from retrain.commands.module_check import nothing_to_train
from retrain.commands.train.check import TrainPlan
from retrain.commands.train.range_warning import check_range_matters
from retrain.errors import InputError
from retrain.exporters.reload import load_classifier
from retrain.files import file_hash
from retrain.head_search.starts import KnownClasses
from retrain.label_files import read_labels
from retrain.model import ImageClassifier, variables_from
from retrain.modules.feature_variables import feature_variables
from retrain.modules.image_module import ImageModule
from retrain.modules.loading import load_module
from retrain.modules.publisher_head import find_publisher_head
from retrain.modules.sources.source import source_of
from retrain.runs.run import Run
from retrain.runs.warm_start_source import WarmStartSource, find_source
from retrain.settings.config import from_flags
from retrain.settings.module import ModuleSettings

VALUE = ".ATTRIBUTES/VARIABLE_VALUE"


class Base(NamedTuple):
    """The module, as it was trained where it is of an earlier model, whose heads by task are known then.

    `named` is what the user called the earlier model.
    """

    module: ImageModule
    heads: Mapping[str, KnownClasses] | None = None
    named: str = ""


def load_base(plan: TrainPlan) -> Base:
    """Loads it; InputError when it cannot be fine-tuned as the flags say, or not here."""
    base = loaded_base(plan.config.module, plan.source)
    pixels = plan.config.pixels
    if pixels.fine_tune:
        check_is_trained(base.module, pixels.fine_tune_from)
    else:  # fine-tuning may diverge without it
        check_range_matters(base.module)
    if pixels.mixed_precision:
        check_hardware()
    return base


def check_is_trained(module: ImageModule, first: re.Pattern[str] | None) -> None:
    """InputError where training, from the first variable that matches on, would change no feature."""
    variables = module.trainable_variables
    if not variables:
        raise InputError(nothing_to_train(module.handle))
    asked = variables if first is None else variables_from(variables, first)
    of_features = feature_variables(module, variables)
    if not of_features:
        raise InputError(
            f"--fine_tune trains what features are made of, and those of {module.handle!r} need none of its "
            f"variables that can be trained, such as {_name(variables[0])!r}: leave it out, or use another "
            f"module."
        )
    if not {*map(id, asked)} & {*map(id, of_features)}:
        raise InputError(
            f"--fine_tune_from={first.pattern!r} leaves nothing to train: of the variables from "
            f"{_name(asked[0])!r} on, none is what the features of {module.handle!r} are made of; the last "
            f"of those is {_name(of_features[-1])!r}."
        )


def _name(variable: tf.Variable) -> str:
    return variable.name.partition(":")[0]


def loaded_base(settings: ModuleSettings, source: WarmStartSource | None) -> Base:
    """Loads it, whatever is done with it."""
    if source is None:
        return Base(load_module(settings.tfhub_module, settings))
    return _exported(source, settings) if source.export else _at_checkpoint(source)


def _exported(source: WarmStartSource, settings: ModuleSettings) -> Base:
    classifier = load_classifier(source.export, settings)
    found = {
        task: find_publisher_head(classifier.module, signature)
        for task, signature in classifier.signatures.items()
    }
    heads = {
        task: KnownClasses(classifier.heads[task].class_names, *head)
        for task, head in found.items()
        if head is not None
    }
    return Base(classifier.module, heads, source.named)


def base_before(run: Run) -> ImageModule:
    """The module of a run, as it was before its training."""
    settings = from_flags(run.flags).module
    named = settings.warm_start_from
    earlier = None if named is None else find_source(named, settings)
    return loaded_base(settings, earlier).module


def _at_checkpoint(source: WarmStartSource) -> Base:
    """The module of the run, with the values of the checkpoint."""
    module = base_before(source.run)
    _restore(module, source.checkpoint)
    reader = tf.train.load_checkpoint(source.checkpoint)
    names = [name for name in reader.get_variable_to_shape_map() if name.startswith("model/kernels/")]
    heads = {
        _task(key): KnownClasses(
            read_labels(source.run.path, _task(key)),
            reader.get_tensor(f"model/kernels/{key}/{VALUE}"),
            reader.get_tensor(f"model/biases/{key}/{VALUE}"),
        )
        for key in (name.split("/")[2] for name in names)
    }
    return Base(module, heads, source.named)


def _task(key: str) -> str:
    """The task that a checkpoint calls `key`, with ".S" for "/" and ".." for "." (trackable_utils.py)."""
    return re.sub(r"\.(.)", lambda found: "/" if found[1] == "S" else found[1], key)


def _restore(module: ImageModule, checkpoint: str) -> None:
    try:
        status = tf.train.Checkpoint(model=tf.train.Checkpoint(base=module)).read(checkpoint)
        status.expect_partial().assert_existing_objects_matched()
    except (ValueError, AssertionError, tf.errors.OpError) as error:
        raise InputError(
            f"The checkpoint {checkpoint!r} does not fit {module.handle!r}, which its run was trained "
            f"with ({cause_of(error)}): name an export instead."
        ) from error
    # Features that were computed before are of other weights.
    content = f"{module.fingerprint} {file_hash(checkpoint + '.data-00000-of-00001')}"
    module.fingerprint = hashlib.sha256(content.encode()).hexdigest()


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

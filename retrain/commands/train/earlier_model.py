"""The model that --warm_start_from begins with: its base, and its heads' rows for classes still there."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from retrain.commands.train.warm_start_source import Source, find_source
from retrain.errors import InputError
from retrain.export.reload import load_classifier
from retrain.files import file_hash
from retrain.head_search.trial import Start
from retrain.heads.head import Head
from retrain.modules.image_module import ImageModule
from retrain.modules.load import load_module
from retrain.modules.publisher_head import find_publisher_head
from retrain.modules.signatures import task_signature
from retrain.runs.run_directory import flags_of_run
from retrain.settings.config import Config, from_json

VALUE = ".ATTRIBUTES/VARIABLE_VALUE"
SHOWN_NAMES = 5


class KnownClasses(NamedTuple):
    """A head of the earlier model: kernel [F, C], bias [C], and what its columns stand for."""

    class_names: tuple[str, ...]
    kernel: np.ndarray
    bias: np.ndarray


class EarlierModel(NamedTuple):
    """The base as it was trained, and the heads by task; `named` is what the user called it."""

    named: str
    module: ImageModule
    heads: Mapping[str, KnownClasses]


def load_base(config: Config) -> tuple[ImageModule, EarlierModel | None]:
    """The module that features come from, and the model it is of when training starts from one."""
    if config.warm_start_from is None:
        return load_module(config.tfhub_module, config), None
    source = find_source(config.warm_start_from)
    module, heads = _exported(source, config) if source.export else _at_checkpoint(source)
    return module, EarlierModel(config.warm_start_from, module, heads)


def warm_starts(earlier: EarlierModel, heads: Mapping[str, Head]) -> dict[str, Start]:
    """Where each head begins: known classes with their rows, new ones with zeros; one line a task tells."""
    found = {task: _start(earlier, task, head) for task, head in heads.items() if task in earlier.heads}
    if not any(start.kernel.any() for start in found.values()):
        known = dict.fromkeys(name for of in earlier.heads.values() for name in of.class_names)
        wanted = dict.fromkeys(name for head in heads.values() for name in head.class_names)
        raise InputError(
            f"--warm_start_from={earlier.named!r} knows {_listed(list(known))}, and none of the classes to "
            f"be learned ({_listed(list(wanted))}): name its export/saved_model as --tfhub_module to begin "
            f"with its features alone."
        )
    return found


def _start(earlier: EarlierModel, task: str, head: Head) -> Start:
    """Zeros are the average of the known classes: what pulls at a softmax head keeps its rows' sum at 0."""
    known = earlier.heads[task]
    start = Start(
        np.zeros([len(known.kernel), head.num_classes], np.float32), np.zeros(head.num_classes, np.float32)
    )
    carried = [name for name in head.class_names if name in known.class_names]
    for name in carried:
        to, of = head.class_names.index(name), known.class_names.index(name)
        start.kernel[:, to], start.bias[to] = known.kernel[:, of], known.bias[of]
    new = [name for name in head.class_names if name not in carried]
    logging.info(
        "Head: %d of %d classes go on from %r (%s); new: %s.",
        *(len(carried), head.num_classes, earlier.named),
        *(", ".join(carried) or "none", ", ".join(new) or "none"),
    )
    return start


def _exported(source: Source, config: Config) -> tuple[ImageModule, dict[str, KnownClasses]]:
    classifier = load_classifier(source.export, config)
    found = {
        task: find_publisher_head(classifier.module, task_signature(task, primary=not position))
        for position, task in enumerate(classifier.heads)
    }
    return classifier.module, {
        task: KnownClasses(classifier.heads[task].class_names, *head)
        for task, head in found.items()
        if head is not None
    }


def _at_checkpoint(source: Source) -> tuple[ImageModule, dict[str, KnownClasses]]:
    """The module of the run, with the values of the checkpoint."""
    config = from_json(pathlib.Path(source.run, "config.json").read_text("utf-8"))
    # Where a run is recorded by flags, paths are absolute.
    recorded = flags_of_run(source.run)
    paths = {name: recorded.get(name) for name in ("tfhub_module", "warm_start_from")}
    module, _ = load_base(dataclasses.replace(config, **paths))
    _restore(module, source)
    reader = tf.train.load_checkpoint(source.checkpoint)
    tasks = [
        name.split("/")[2] for name in reader.get_variable_to_shape_map() if name.startswith("model/kernels/")
    ]
    return module, {
        task: KnownClasses(
            _class_names(source.run, task),
            reader.get_tensor(f"model/kernels/{task}/{VALUE}"),
            reader.get_tensor(f"model/biases/{task}/{VALUE}"),
        )
        for task in tasks
    }


def _restore(module: ImageModule, source: Source) -> None:
    try:
        status = tf.train.Checkpoint(model=tf.train.Checkpoint(base=module)).read(source.checkpoint)
        status.expect_partial().assert_existing_objects_matched()
    except (ValueError, AssertionError, tf.errors.OpError) as error:
        raise InputError(
            f"The checkpoint {source.checkpoint!r} does not fit {module.handle!r}, which its run was trained "
            f"with ({str(error).splitlines()[0]}): name an export instead."
        ) from error
    # Features that were computed before are of other weights.
    content = f"{module.fingerprint} {file_hash(source.checkpoint + '.data-00000-of-00001')}"
    module.fingerprint = hashlib.sha256(content.encode()).hexdigest()


def _class_names(run: str, task: str) -> tuple[str, ...]:
    """labels.txt is of the first task, labels.TASK.txt of another."""
    own = pathlib.Path(run, f"labels.{task}.txt")
    path = own if own.is_file() else pathlib.Path(run, "labels.txt")
    return tuple(path.read_text("utf-8").splitlines())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN_NAMES]) + (", ..." if len(names) > SHOWN_NAMES else "")

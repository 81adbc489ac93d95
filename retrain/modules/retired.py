"""Names of tensorflow_hub 0.15 that have no place here: each answers a call with what has one."""

from collections.abc import Callable
from typing import Any, NoReturn

from retrain.errors import InputError

PUBLISHING = (
    "publishes modules for graphs of TensorFlow 1; save a tf.Module or Keras model as a SavedModel, which is "
    "a module here, or have retrain write the TF1 Hub format with --export_formats=hub_module"
)
COLUMNS = (
    "makes a feature column, which went with tf.estimator; hub.Module(spec)(images) gives the features of "
    "images"
)
EXPORTING = (
    "exports the modules of a tf.estimator, which is gone; hub.Module(spec).export(path, session) writes a "
    "module, and retrain.Estimator exports what it has trained"
)
STANDS_FOR = {
    "LatestModuleExporter": EXPORTING,
    "add_signature": PUBLISHING,
    "attach_image_module_info": PUBLISHING,
    "attach_message": PUBLISHING,
    "create_module_spec": PUBLISHING,
    "create_module_spec_from_saved_model": PUBLISHING,
    "eval_function_for_module": "runs a module in a session; here hub.Module(spec)(images) gives values",
    "image_embedding_column": COLUMNS,
    "register_module_for_export": EXPORTING,
    "sparse_text_embedding_column": COLUMNS,
    "text_embedding_column": COLUMNS,
    "text_embedding_column_v2": COLUMNS,
}


def __getattr__(name: str) -> Callable[..., NoReturn]:
    if name not in STANDS_FOR:
        raise AttributeError(f"module 'retrain.modules.retired' has no attribute {name!r}")

    def answer(*_: Any, **__: Any) -> NoReturn:
        raise InputError(f"hub.{name} {STANDS_FOR[name]}.")

    return answer

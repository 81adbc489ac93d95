"""Image modules: pretrained image models of every source, offered in one form (see image_module).

The consumer's interface of the Common Signatures for Images, by the names it had in tensorflow_hub:

    import retrain.modules as hub
    module_spec = hub.load_module_spec("path/to/module")
    height, width = hub.get_expected_image_size(module_spec)
    features = hub.Module(module_spec)(images)

Importing this package is cheap: TensorFlow is loaded when one of the names is first used.
"""

from typing import Any

from retrain import extensions
from retrain.modules.retired import STANDS_FOR

NAMES = {
    "ImageModuleInfo": "retrain.modules.graphs.protos:ImageModuleInfo",
    "KerasLayer": "retrain.modules.resolved:KerasLayer",
    "Module": "retrain.modules.module:Module",
    "ModuleSpec": "retrain.modules.module_spec:ModuleSpec",
    "get_expected_image_size": "retrain.modules.module_spec:get_expected_image_size",
    "get_num_image_channels": "retrain.modules.module_spec:get_num_image_channels",
    "load": "retrain.modules.resolved:load",
    "load_module_spec": "retrain.modules.module_spec:load_module_spec",
    "resolve": "retrain.modules.resolved:resolve",
    **{name: f"retrain.modules.retired:{name}" for name in STANDS_FOR},
}


def __getattr__(name: str) -> Any:
    if name not in NAMES:
        raise AttributeError(f"module 'retrain.modules' has no attribute {name!r}")
    globals()[name] = extensions.load(NAMES, name, "public name")
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *NAMES})

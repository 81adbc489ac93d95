"""A module by itself, loaded by its handle, with every flag that `inspect` reads as a keyword."""

from typing import Any

from retrain.api.keywords import config_of, with_keywords
from retrain.modules.sources.source import check_handle
from retrain.plain_log import logged_plainly
from retrain.quiet import quietly_named, set_environment
from retrain.settings.python_words import said_in_python


@with_keywords("inspect")
@said_in_python()
def load_module(tfhub_module: Any, **keywords: Any) -> Any:
    """Loads an image module: called with images, float32 [B, H, W, 3] in [0, 1], it gives features [B, F].

    module = retrain.load_module("builtin:")
    features = module(tf.zeros([2, *module.image_size, 3]))

    It is an ImageModule, with `image_size`, `num_features`, `signatures`, `variables`. InputError for what is
    no module.
    """
    settings = config_of("inspect", {"tfhub_module": tfhub_module, **keywords}).module
    set_environment()
    check_handle(settings.tfhub_module)
    with logged_plainly("warning"):
        return quietly_named("retrain.modules.loading:load_module")(settings.tfhub_module, settings)

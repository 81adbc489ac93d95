"""Image modules: pretrained image models of every source, offered in one form (see image_module)."""

LOADERS = {
    "tf1_hub": "retrain.modules.tf1_hub:load",
    "saved_model": "retrain.modules.saved_model:load",
    "keras": "retrain.modules.keras_model:load",
    "builtin": "retrain.modules.builtin:load",
}

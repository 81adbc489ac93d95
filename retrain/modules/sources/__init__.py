"""Where image modules come from: a row for each kind of handle, in the order in which handles are recognised.

A row names a Source (see source), which answers before TensorFlow what a handle is and what is wrong with it.
A new one is a file, a row here, and an example in tests/contracts/test_every_source.py.
"""

SOURCES = {
    "gradients": "retrain.modules.sources.embedded_sources:Gradients",
    "efficientnet_lite": "retrain.modules.sources.embedded_sources:EfficientNetLite",
    "keras_application": "retrain.modules.sources.keras_application:KerasApplication",
    "keras_hub": "retrain.modules.sources.keras_hub_sources:NamedPreset",
    "url": "retrain.modules.sources.fetched_sources:Url",
    "bucket": "retrain.modules.sources.bucket:Bucket",
    "archive": "retrain.modules.sources.fetched_sources:Archive",
    "keras_file": "retrain.modules.sources.path_sources:KerasFile",
    "preset_directory": "retrain.modules.sources.keras_hub_sources:PresetDirectory",
    "tf1_hub": "retrain.modules.sources.path_sources:TF1Hub",
    "saved_model": "retrain.modules.sources.path_sources:SavedModel",
}

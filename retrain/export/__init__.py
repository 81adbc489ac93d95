"""Writers of a retrained classifier: each format again an image module with both common signatures."""

EXPORTERS = {
    "saved_model": "retrain.export.reusable_saved_model:write",
    "hub_module": "retrain.export.hub_module:write",
}

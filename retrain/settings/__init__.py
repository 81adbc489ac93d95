"""The settings of a run by subject, one dataclass a file; `retrain.settings.config` joins them."""

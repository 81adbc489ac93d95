"""The settings of the server."""

import dataclasses

from retrain.settings.field import setting

VERBS = ("serve",)


@dataclasses.dataclass(frozen=True)
class ServingSettings:
    """Where requests are answered, and what they may be."""

    title = "Server"

    host: str = setting(
        "127.0.0.1",
        "Address on which requests are answered: this machine alone; 0.0.0.0 answers others, too, without "
        "asking who they are.",
        verbs=VERBS,
    )
    port: int = setting(8501, "Its port; 0 takes one that is free.", verbs=VERBS, low=0, high=65535)
    model_name: str = setting(
        "classifier", "What the model is called in addresses: /v1/models/NAME:predict.", verbs=VERBS
    )
    max_request_mb: float = setting(
        32.0,
        "A longer request is refused, megabytes; Base64 makes files a third longer.",
        verbs=VERBS,
        above=0.0,
    )

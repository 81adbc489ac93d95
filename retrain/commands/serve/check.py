"""The check of `serve`: an export that lies here, and the packages of a server."""

import importlib.util
import re
from collections.abc import Sequence
from typing import NamedTuple

from retrain.commands.module_check import check_modules, local_directory
from retrain.errors import InputError
from retrain.exporters.assets import check_is_classifier, described_tasks
from retrain.exporters.beside import wanted_litert
from retrain.heads import HEADS
from retrain.settings.config import Config
from retrain.settings.needs import Circumstances

PACKAGES = ("starlette", "uvicorn")
NAME = re.compile(r"[A-Za-z0-9_.-]+")


class ServePlan(NamedTuple):
    """What is served.

    Attributes:
      export: the directory of the classifier.
      litert: that of its TFLite file, which is run if there is one.
    """

    config: Config
    export: str
    litert: str
    run: None = None

    @property
    def is_quick(self) -> bool:
        return bool(self.litert)


def check(config: Config, words: Sequence[str]) -> ServePlan:
    """InputError for what is no classifier, or where nothing can serve it."""
    if any(importlib.util.find_spec(package) is None for package in PACKAGES):
        raise InputError("serve needs packages that are missing: pip install 'retrain[serve]'.")
    name = config.serving.model_name
    if not NAME.fullmatch(name):
        raise InputError(
            f"--model_name={name!r} is part of addresses: it may have letters of English, digits, _, . and -."
        )
    check_modules(Circumstances(config, "serve"))
    handle = config.module.tfhub_module
    export = local_directory(handle)
    check_is_classifier(export or "", handle)
    unknown = [of.kind for of in described_tasks(export).values() if not HEADS[of.kind].answers]
    if unknown:
        raise InputError(f"serve does not know what a head of the kind {unknown[0]} answers: use predict.")
    return ServePlan(config, export, wanted_litert(config.module, export))

"""How files become the images of a training, where the flags leave it to what is trained."""

from absl import logging

from retrain.commands.train.check import TrainPlan
from retrain.exporters.assets import described_decoding, module_decoding
from retrain.runs.warm_start_source import WarmStartSource, find_source
from retrain.settings.config import Config, from_flags
from retrain.settings.data import AUTO, ON, Decoding


def decoding_of(plan: TrainPlan) -> Decoding:
    """As the flags say; a base that begins as it was fine-tuned before is given what it was given then."""
    decoding = plan.config.data.decoding._replace(antialias=_antialias(plan.config, plan.source))
    if decoding.antialias and plan.config.data.antialias == AUTO and not plan.config.pixels.fine_tune:
        logging.info("Images are made small by averages, as for the training of the module (--antialias).")
    return decoding


def _antialias(config: Config, source: WarmStartSource | None) -> bool:
    """Modules as they are published were trained without it, and frozen ones are the better without it."""
    if config.data.antialias != AUTO:
        return config.data.antialias == ON
    if config.pixels.fine_tune:
        return True
    if source is None:
        return module_decoding(config.module.tfhub_module, config.module).antialias
    if source.export:
        return described_decoding(source.export).antialias
    of_run = from_flags(source.run.flags)
    earlier = of_run.module.warm_start_from
    return _antialias(of_run, None if earlier is None else find_source(earlier, of_run.module))

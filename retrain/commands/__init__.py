"""The verbs of the command line: of each a check, quick and without TensorFlow, and what is run then."""

from typing import NamedTuple


class CommandRow(NamedTuple):
    """One verb.

    Attributes:
      check: "package.module:function", (config, words after the flags) -> a plan, in which all that was given
        is parsed; InputError for what cannot work.
      run: "package.module:function", (plan) -> the exit status, 0 where it is None.
      shared: whether several processes may work in one directory.
      goes_on: whether an interrupted one goes on.
      takes_words: whether something may be named behind the flags.
      computes: whether TensorFlow is needed.
      quick: "package.module:function", (plan) -> the exit status; does without it for plans that are quick.
    """

    check: str
    run: str
    shared: bool = False
    goes_on: bool = False
    takes_words: bool = False
    computes: bool = True
    quick: str = ""


COMMANDS = {
    "train": CommandRow("retrain.commands.train.check:check", "retrain.commands.train.run:run", goes_on=True),
    "sweep": CommandRow(
        "retrain.commands.sweep.check:check", "retrain.commands.sweep.run:run", shared=True, goes_on=True
    ),
    "evaluate": CommandRow("retrain.commands.checks:check_evaluate", "retrain.commands.evaluate:run"),
    "predict": CommandRow(
        "retrain.commands.predict.check:check",
        "retrain.commands.predict.run:run",
        takes_words=True,
        quick="retrain.commands.predict.quick:run",
    ),
    "serve": CommandRow(
        "retrain.commands.serve.check:check",
        "retrain.commands.serve.run:run",
        quick="retrain.commands.serve.run:run",
    ),
    "export": CommandRow("retrain.commands.export.check:check", "retrain.commands.export.run:run"),
    "inspect": CommandRow("retrain.commands.checks:check_inspect", "retrain.commands.inspect:run"),
    "compare": CommandRow(
        "retrain.commands.checks:check_compare",
        "retrain.commands.compare:run",
        takes_words=True,
        computes=False,
    ),
}

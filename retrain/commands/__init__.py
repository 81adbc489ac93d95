"""The verbs of the command line: each a short story in a file of its own, called with (config, inputs)."""

COMMANDS = {
    "train": "retrain.commands.train.run:train",
    "sweep": "retrain.commands.sweep.run:sweep",
    "evaluate": "retrain.commands.evaluate:evaluate",
    "predict": "retrain.commands.predict:predict",
    "inspect": "retrain.commands.inspect:inspect",
}

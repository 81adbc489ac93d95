"""Heads: what turns logits into a task's loss, predictions and metrics."""

HEADS = {
    "softmax": "retrain.heads.softmax:SoftmaxHead",
    "sigmoid": "retrain.heads.sigmoid:SigmoidHead",
}
# What a task gets when nothing is said: where an example has one label, and where it may have several.
ONE_LABEL, SEVERAL_LABELS = "softmax", "sigmoid"
# Those whose labels in a table may be several in one cell; it is said here for what runs before TensorFlow.
TAKE_SEVERAL = frozenset({"sigmoid"})

MAXIMIZE, MINIMIZE = "maximize", "minimize"
_OF_ALL = {
    "accuracy": MAXIMIZE,
    "average_loss": MINIMIZE,
    "expected_calibration_error": MINIMIZE,
    "macro_f1": MAXIMIZE,
}
# The figures among its metrics by which a head can be ranked, and the better direction; the first is the
# default. They are said here, too, for what runs before TensorFlow.
RANKED_BY = {
    "softmax": {**_OF_ALL, "balanced_accuracy": MAXIMIZE, "weighted_f1": MAXIMIZE},
    "sigmoid": {
        **_OF_ALL,
        "exact_match": MAXIMIZE,
        "hamming_loss": MINIMIZE,
        "micro_f1": MAXIMIZE,
        "sample_f1": MAXIMIZE,
        "mean_average_precision": MAXIMIZE,
        "auc": MAXIMIZE,
    },
}

"""Heads: what turns logits into a task's loss, predictions and metrics."""

HEADS = {
    "softmax": "retrain.heads.softmax:SoftmaxHead",
    "sigmoid": "retrain.heads.sigmoid:SigmoidHead",
}
# What a task gets when nothing is said: where an example has one label, and where it may have several.
ONE_LABEL, SEVERAL_LABELS = "softmax", "sigmoid"
# Those whose labels in a table may be several in one cell; it is said here for what runs before TensorFlow.
TAKE_SEVERAL = frozenset({"sigmoid"})

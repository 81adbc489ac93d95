"""Heads: what turns logits into a task's loss, predictions and metrics."""

HEADS = {
    "softmax": "retrain.heads.softmax:SoftmaxHead",
    "sigmoid": "retrain.heads.sigmoid:SigmoidHead",
}
# What a task gets when nothing is said: where an example has one label, and where it may have several.
ONE_LABEL, SEVERAL_LABELS = "softmax", "sigmoid"

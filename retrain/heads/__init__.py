"""Heads: what turns logits into a task's loss, predictions and metrics."""

HEADS = {
    "softmax": "retrain.heads.softmax:SoftmaxHead",
}

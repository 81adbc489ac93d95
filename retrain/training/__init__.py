"""Training: the Estimator, the trials of heads, and the features both read."""

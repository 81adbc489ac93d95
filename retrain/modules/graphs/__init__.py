"""Graphs of TensorFlow as values: pure ones, parts of them, functions over them."""

"""An exported classifier behind HTTP: TensorFlow Serving's REST form, and a page for people."""

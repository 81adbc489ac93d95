"""Where on an image the evidence for a prediction lies, of any module, through its signature alone."""

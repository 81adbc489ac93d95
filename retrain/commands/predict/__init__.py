"""The verb `predict`: words to images, images to rows, rows to a table."""

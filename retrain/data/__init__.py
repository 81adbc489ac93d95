"""How images with labels are read, split, decoded and batched; a reader is one row of READERS.

Nothing here has ever seen an image module: only paths, labels, pixels and an image size pass through.
"""

# Each reader takes image_dir, or a table of labels, and returns a `retrain.data.listing.Listing`, without
# reading any image.
READERS = {
    "folder": "retrain.data.folder:read",
    "split_folder": "retrain.data.split_folder:read",
    "class_split_folder": "retrain.data.class_split_folder:read",
    "shards": "retrain.data.shards:read",
    "table": "retrain.data.table:read",
}

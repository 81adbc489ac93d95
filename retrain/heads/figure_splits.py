"""What figures are of, in print: splits of the data, and what metrics.json has beside them."""

CROSS_VALIDATION = "cross_validation"  # over all images, each judged by a head that has not seen it
IN_PRINT = {CROSS_VALIDATION: "cross-validation"}


def in_print(split: str) -> str:
    """The word of people for a key of metrics.json."""
    return IN_PRINT.get(split, split.replace("_", " "))

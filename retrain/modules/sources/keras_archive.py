"""What a .keras file claims to unpack to, before Keras reads it into memory.

It is a zip archive of two small JSON files and of weights, which Keras stores as they are.
"""

import zipfile

DESCRIPTIONS = ("config.json", "metadata.json")
LARGEST_DESCRIPTION = 64 * 10**6  # bytes; those of Keras' own networks have less than one million
UNPACKED = 10  # times what a file takes in the archive


def check_archive(location: str) -> None:
    """ValueError for what is no zip archive, as Keras would say that there is no such file, and for bombs."""
    if not zipfile.is_zipfile(location):
        raise ValueError("it is no zip archive, as a whole .keras file is")
    with zipfile.ZipFile(location) as archive:
        for member in archive.infolist():
            small = member.file_size <= LARGEST_DESCRIPTION
            if not small and (
                member.filename in DESCRIPTIONS or member.file_size > UNPACKED * member.compress_size
            ):
                raise ValueError(
                    f"its {member.filename!r} unpacks to {member.file_size / 10**6:.0f} MB from "
                    f"{member.compress_size / 10**6:.0f} MB, which no model does"
                )

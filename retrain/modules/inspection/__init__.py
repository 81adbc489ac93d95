"""What a module is, and whether it keeps the promises of the Common Signatures for Images."""

"""Where image modules come from."""

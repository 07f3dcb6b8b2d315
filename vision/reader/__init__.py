"""The embedded engine: real OCR on the CPU, nothing to download."""

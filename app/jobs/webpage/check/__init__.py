"""A page laid beside its screenshot: drawn, compared, scored, and brought nearer by measure."""

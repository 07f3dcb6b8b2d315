"""A page that is there, changed as a prompt asks: by rule, or by a model."""

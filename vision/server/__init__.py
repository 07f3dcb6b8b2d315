"""A model on an OpenAI-compatible server: the only folder that imports openai."""

"""Qwen2.5-VL through transformers: the only folder that imports torch or transformers."""

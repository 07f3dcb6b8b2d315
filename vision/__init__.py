"""Prompts in, text out, memory under control."""

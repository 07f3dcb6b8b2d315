"""What people come for, one module each: no Gradio, no torch, any engine."""

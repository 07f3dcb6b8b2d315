"""What programs ask of the assistant over HTTP: OpenAI's API, jobs, metrics, MCP. No Gradio."""

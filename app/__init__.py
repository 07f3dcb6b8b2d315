"""What the user sees and does."""

"""Who may come in: users and their passwords, sessions, and a room for each user."""

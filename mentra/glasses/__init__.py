"""Wing: glasses and apps, one session per user."""

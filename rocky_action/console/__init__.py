"""What a person at the keyboard sees. The only home of rich."""

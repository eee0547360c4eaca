"""The nouns: frozen values that depend on the standard library only."""

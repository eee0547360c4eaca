"""How two relations are compared, in SQL, over any warehouse."""

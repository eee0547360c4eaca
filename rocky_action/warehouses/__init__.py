"""One file a warehouse; a driver is imported in its own file only."""

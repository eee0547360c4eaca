"""rocky-preview: what a pull request does to models, data and cost, told before the merge."""

__version__ = "0.1.0"

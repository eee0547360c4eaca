"""Where pull requests live: GitHub's API and its runner's files."""

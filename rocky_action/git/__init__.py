"""The only home of the git binary, and so of processes: repositories, the merge base, changed paths, file trees."""

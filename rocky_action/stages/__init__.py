"""The verbs of the pipeline: one public function a file, blind to each other."""

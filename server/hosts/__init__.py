"""Engine hosts: where sessions live and train, apart from the web process."""

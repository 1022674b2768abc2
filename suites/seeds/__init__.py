"""The claims of the journals that this project came from, each put to the proof: `--bolt-journal` runs them.

The number in front of a title is that of the journal.
"""

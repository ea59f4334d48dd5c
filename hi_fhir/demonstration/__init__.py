"""The demo: the main job on the sandbox, whose truth is known, with a subscriber of its own."""

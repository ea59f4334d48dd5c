"""What all sums of a network tell at once, over reporters and populations: shown by whole tables that fit what is told.

The exact counts are one such table. `parts` says which counts are looked at together, `programmes` looks for further
tables and for what must be suppressed so that there are some, and `proving` asks as far as a fixed amount of work goes.
"""

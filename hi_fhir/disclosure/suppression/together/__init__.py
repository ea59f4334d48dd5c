"""What all sums of a reporter's population tell together, where one after the other they leave enough.

Strata that add up to a whole, lie in coarser ones or are crossed are a network through which people flow: a count is
free to change where what it gains can come back to it by other counts that have room for it. `graphs` says which strata
meet where, `flows` how much can come back, `ranges` how many values are left to each count, and `holding` what to
suppress where these are too few.
"""

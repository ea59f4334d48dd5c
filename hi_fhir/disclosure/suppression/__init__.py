"""Secondary suppression: counts held back because small ones could be worked out from them.

`equations` says what follows from sums, `network` which sums there are, `knowledge` what the audience is told of each
count, `choosing` which counts to hold back, and `suppress` asks them in turn.
"""

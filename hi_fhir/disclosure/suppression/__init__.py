"""Secondary suppression: counts held back because small ones could be worked out from them.

`equations` says what follows from sums and `followed` the same for a few changes, `network` which sums there are,
`knowledge` and `past` what readers are told of each count, `insiders` what practices know besides, `readers` what each
of them works out, `together` what all sums of a reporter tell at once and `exactly` those of several, `choosing` which
counts to hold back, `deciding` asks them in turn and gives back what was not needed, and `suppress` goes through all
that is released.
"""

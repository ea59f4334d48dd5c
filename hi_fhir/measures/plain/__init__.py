"""A second reading of the words: one person at a time in plain Python, written from their docstrings and the rules.

It shares no line with the queries, so that the two can disagree, and `hi-fhir measures check` asks both.
"""

"""Side-by-side measurements: fixed texts in, one Markdown table per comparison out (perf/results).

Every ratio is of one run on the same texts. Nothing here is imported by the application.
"""

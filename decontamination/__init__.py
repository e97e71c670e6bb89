"""Decontamination: does a text repeat a prompt of a published benchmark?

In:  reference prompts, each with the name of its benchmark and its key there (``publishers`` reads them
     in the shapes their authors publish), and any texts.
Out: one index file with a digest (``leaks.Index``), and for a text the exact places where it shares a
     run of words with a prompt (``leaks.Match``); for many texts one boolean each.

What counts as a word is said once, in ``words``; what counts as a leak once, in ``leaks``.
``words``, ``fingerprints``, ``leaks``, ``indexfile``, ``publishers`` and ``hub`` know nothing of Django.
"""

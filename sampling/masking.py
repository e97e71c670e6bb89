"""Personal data and secrets in a text in; the text with each of them named instead of shown out."""

import re

_KEY_BEGINS = re.compile(r"-----BEGIN (?:[A-Z]{1,20} ){0,4}PRIVATE KEY-----")
_KEY_ENDS = re.compile(r"-----END (?:[A-Z]{1,20} ){0,4}PRIVATE KEY-----")
_KEY_SHORTEST = 20  # characters between the two; less is somebody who writes about keys

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "key",
        re.compile(
            r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS
            r"|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{60,}\b|\bglpat-[\w-]{20,}"  # GitHub, GitLab
            r"|\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,}|\bAIza[\w-]{35}\b"  # OpenAI and the like, Google
            r"|\bxox[baprs]-[\w-]{10,}|\b[sr]k_live_[A-Za-z0-9]{20,}"  # Slack, Stripe
            r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"  # JSON web tokens
        ),
    ),
    # Not the @ of decorators, SSH remotes (git@host:path) or image digests.
    (
        "e-mail",
        re.compile(r"(?<![\w.+/-])(?!git@)[A-Za-z0-9][\w.+-]*@(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,24}(?![\w@])"),
    ),
    # International form, or a number that says that it is one: plain digits in code are not telephone numbers.
    (
        "phone",
        re.compile(
            r"(?<![\w+.-])\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?(?:\d{2,4}[ .-]){1,4}\d{2,8}(?![\w-]|\.\d)"
            r"|(?<![\w+.-])\+[1-9]\d{9,13}(?!\w)"
            r"|(?<![\w.-])\(\d{3}\) ?\d{3}-\d{4}(?![\w-])"
            r"|(?i:(?<=tel: )|(?<=phone: )|(?<=call )|(?<=电话：)|(?<=电话:)|(?<=手机：)|(?<=手机:))[\d][\d -]{7,14}\d"
        ),
    ),
)  # fmt: skip


def mask(text: str) -> str:
    """
    >>> mask("Write to ann.lee@mail.example.org or call +44 20 7946 0958.")
    'Write to [e-mail] or call [phone].'
    """
    text = _without_private_keys(text)
    for name, pattern in _PATTERNS:
        text = pattern.sub(f"[{name}]", text)
    return text


def _without_private_keys(text: str) -> str:
    """Each from its first line to the next last line. One pass, however many first lines have no last one."""
    parts, done = [], 0
    while begins := _KEY_BEGINS.search(text, done):
        ends = _KEY_ENDS.search(text, begins.end() + _KEY_SHORTEST)
        if ends is None:
            break
        parts += [text[done : begins.start()], "[private key]"]
        done = ends.end()
    return "".join([*parts, text[done:]])

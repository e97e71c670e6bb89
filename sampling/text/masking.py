"""Personal data and secrets in a text in; the text with each of them named instead of shown out.

Keys are known by the patterns of detect-secrets, telephone numbers by phonenumbers. On 11,462 cleaned questions of real
corpora (6.7 MB), every finding read: of keys they find a web token and a bot's token, both right, and the patterns that
stood here before knew the first alone. In these and 63,049 titles there are 3 telephone numbers, all right; the same
library with fewer demands takes 13 addresses and versions and 6 plain numbers for some. Left out of detect-secrets are
passwords by the name of a variable (60 findings, nearly all of them placeholders such as "bar"), high entropy (15,060,
of ordinary words), and Artifactory's and IBM's keys (none, and the patterns also fit names of classes).

E-mail addresses have a pattern of their own, which finds 98 and one that is none (this@allprojects.buildDir);
linkify-it-py finds 68 of them (none in single quotation marks), takes ADDR="a@b.example" for one, and git@host.
"""

import re
from collections.abc import Iterator
from functools import cache

_KEY_BEGINS = re.compile(r"-----BEGIN (?:[A-Z]{1,20} ){0,4}PRIVATE KEY-----")
_KEY_ENDS = re.compile(r"-----END (?:[A-Z]{1,20} ){0,4}PRIVATE KEY-----")
_KEY_SHORTEST = 20  # characters between the two; less is somebody who writes about keys

# Which detect-secrets does not know, or no longer: GitHub's finer tokens, Google, OpenAI and the like, npm.
_NEWER_KEYS = (
    re.compile(r"github_pat_\w{60,255}|AIza[\w-]{35}|sk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,255}|npm_[A-Za-z0-9]{36}"),
)
_LONGEST_RUN = 1000  # characters without white space that are searched together: some patterns take their square
_RUNS = re.compile(rf"\S{{1,{_LONGEST_RUN}}}|\s+")
_LONG_RUN = re.compile(rf"\S{{{_LONGEST_RUN}}}")
_REST_OF_KEY = re.compile(r"[\w.=+/-]*")
_REST_OF_TOKEN = re.compile(r"[\w-]*")  # the pattern of web tokens ends before their signature
_GROUP_SHORTEST = 20  # characters of a part of a match that is the key; shorter parts are its kind

# Not the @ of decorators, SSH remotes (git@host:path) or image digests.
_MAIL = re.compile(
    r"(?<![\w.+/-])(?!git@)[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24}(?![\w@])"
)
_MAYBE_PHONE = re.compile(r"\+[ (]{0,2}\d|\d{3}\)?[ .-]{1,2}\d{3}")
_GROUPED = re.compile(r"(?=.*\D)[\d ().-]+")
# Without a country, a number is one only where it says so: plain digits in code are not telephone numbers.
_SAID_PHONE = re.compile(
    r"(?i:(?<=tel: )|(?<=phone: )|(?<=call )|(?<=电话：)|(?<=电话:)|(?<=手机：)|(?<=手机:))[\d][\d -]{7,14}\d"
)


def mask(text: str) -> str:
    """
    >>> mask("Write to ann.lee@mail.example.org or call +44 20 7946 0958.")
    'Write to [e-mail] or call [phone].'
    """
    text = _without_keys(_without_private_keys(text))
    if "@" in text:
        text = _MAIL.sub("[e-mail]", text)
    if _MAYBE_PHONE.search(text):
        text = _without_phones(text)
    return _SAID_PHONE.sub("[phone]", text)


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


@cache
def _key_patterns() -> tuple[re.Pattern[str], ...]:
    from detect_secrets.plugins import (
        aws,
        azure_storage_key,
        discord,
        github_token,
        gitlab_token,
        jwt,
        mailchimp,
        openai,
        pypi_token,
        sendgrid,
        slack,
        square_oauth,
        stripe,
        telegram_token,
        twilio,
    )  # fmt: skip

    detectors = (
        aws.AWSKeyDetector, azure_storage_key.AzureStorageKeyDetector, discord.DiscordBotTokenDetector,
        github_token.GitHubTokenDetector, gitlab_token.GitLabTokenDetector, jwt.JwtTokenDetector,
        mailchimp.MailchimpDetector, openai.OpenAIDetector, pypi_token.PypiTokenDetector, sendgrid.SendGridDetector,
        slack.SlackDetector, square_oauth.SquareOAuthDetector, stripe.StripeDetector,
        telegram_token.TelegramBotTokenDetector, twilio.TwilioKeyDetector,
    )  # fmt: skip
    return (*(pattern for detector in detectors for pattern in detector.denylist), *_NEWER_KEYS)


def _without_keys(text: str) -> str:
    if not _LONG_RUN.search(text):
        return _masked(text, _key_spans(text))
    parts: list[str] = []
    goes_on = False  # the key that was masked last
    for run in _RUNS.findall(text):
        rest = run
        if goes_on:
            rest = run[_REST_OF_KEY.match(run).end() :]  # type: ignore[union-attr]
            goes_on = not rest
        spans = _key_spans(rest)
        goes_on = goes_on or any(end == len(rest) == _LONGEST_RUN for _start, end in spans)
        parts.append(_masked(rest, spans))
    return "".join(parts)


def _key_spans(text: str) -> list[tuple[int, int]]:
    """Where keys stand, in order. One inside a longer word is none: surveyJs.Model is no token that begins with eyJ."""
    found = []
    for pattern in _key_patterns():
        for match in pattern.finditer(text):
            if match.start() and text[match.start() - 1].isalnum() and text[match.start()].isalnum():
                continue
            group = next((at for at, part in enumerate(match.groups(), 1) if len(part or "") >= _GROUP_SHORTEST), 0)
            start, end = match.span(group)
            found.append((start, _REST_OF_TOKEN.match(text, end).end()))  # type: ignore[union-attr]
    return sorted(found)


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    parts, done = [], 0
    for start, end in spans:
        if start >= done:
            parts += [text[done:start], "[key]"]
        done = max(done, end)
    return "".join([*parts, text[done:]])


def _without_phones(text: str) -> str:
    parts, done = [], 0
    for start, end in _phones(text):
        parts += [text[done:start], "[phone]"]
        done = end
    return "".join([*parts, text[done:]])


def _phones(text: str) -> Iterator[tuple[int, int]]:
    """Numbers with their country's, and North American ones that are grouped as such numbers are: 2147483648 is not."""
    import phonenumbers

    for match in phonenumbers.PhoneNumberMatcher(text, "US", leniency=phonenumbers.Leniency.STRICT_GROUPING):
        if match.raw_string.startswith("+") or _GROUPED.fullmatch(match.raw_string):
            yield match.start, match.end

"""What counts as a leak in a campaign at this moment: its index, less the words that a lead has waived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaigns.models import Campaign
from decontamination.indexes import current_index
from decontamination.leaks import Index, Match
from decontamination.models import Waiver


@dataclass(frozen=True)
class Check:
    index: Index
    waivers: Mapping[str, Waiver]  # in force, by the digest of their words

    def leaks(self, text: str) -> list[Match]:
        """The runs that the text shares with prompts, but for those whose very words are waived."""
        return [match for match in self.index.matches(text) if match.digest not in self.waivers]

    def waived(self, text: str) -> list[Match]:
        """The runs that would be leaks without a waiver."""
        return [match for match in self.index.matches(text) if match.digest in self.waivers] if self.waivers else []

    def scan(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """For each text, in order, whether it leaks."""
        leaks = self.index.scan(texts)
        if self.waivers:
            for place in np.flatnonzero(leaks).tolist():
                leaks[place] = bool(self.leaks(texts[place]))
        return leaks


def current_check(campaign: Campaign) -> Check:
    return Check(campaign_index(campaign), waivers_in_force(campaign))


def campaign_index(campaign: Campaign) -> Index:
    """The index of the references in force, by the campaign's rules."""
    return current_index(n=campaign.ngram, cjk_weight=campaign.cjk_weight)


def waivers_in_force(campaign: Campaign) -> dict[str, Waiver]:
    return {waiver.digest: waiver for waiver in campaign.waivers.in_force().select_related("by")}

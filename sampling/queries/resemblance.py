"""How far the similarity of a model can be believed, and to which references it was measured."""

import hashlib

from decontamination.indexes import versions_in_force
from sampling.models import SimilarityCalibration
from sampling.similarity.calibration import Calibration, Reliability


def calibration_of(model_key: str) -> Calibration | None:
    """The newest one of a model, None where it was never measured."""
    made = SimilarityCalibration.objects.filter(model=model_key).order_by("-pk").first()
    return measured(made) if made else None


def measured(made: SimilarityCalibration) -> Calibration:
    """A calibration as it was measured, from its row."""
    return Calibration(made.threshold, [Reliability(**row) for row in made.rows])


def references_digest() -> str:
    """Of the versions in force, whatever the rule by which words are compared."""
    return hashlib.sha256("\n".join(versions_in_force()).encode()).hexdigest()

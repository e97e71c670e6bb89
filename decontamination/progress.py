"""How far the references are."""

from django.utils.translation import gettext as _

from campaigns.progress import Stage
from decontamination.models import Reference


def references_stage() -> Stage:
    found = list(Reference.objects.in_force())
    stage = Stage("references", _("Load the reference benchmarks"), done=bool(found))
    stage.facts = [f"{reference.name}: {reference.prompt_count:,}" for reference in found]
    stage.command = "manage.py load_references mbpp multipl-e mceval naturalcodebench humaneval --from DIR"
    return stage

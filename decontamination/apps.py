from django.apps import AppConfig


class DecontaminationConfig(AppConfig):
    name = "decontamination"

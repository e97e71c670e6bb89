from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        from foundation import triggers

        # Django tells of migrations only those apps that have models; this is the lowest of them.
        triggers.connect(self)

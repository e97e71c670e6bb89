from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "review"

    def ready(self) -> None:
        from annotation import feedback
        from review.feedback import judgements

        feedback.told_by(judgements)

from django.apps import AppConfig


class BenchmarkConfig(AppConfig):
    name = "benchmark"

    def ready(self) -> None:
        from benchmark.progress import released
        from review import statistics

        statistics.released_told_by(released)

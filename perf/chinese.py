from perf.report import Scale


def compare(scale: Scale) -> None: ...

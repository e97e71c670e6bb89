import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings


def test_who_reads_only_the_start_of_what_a_command_says_sees_no_traceback(tmp_path: Path) -> None:
    path = settings.FIXTURES_DIR / "demo" / "corpus.jsonl"
    environment = {**os.environ, "QUORUM_DATA_DIR": str(tmp_path), "DATABASE_URL": ""}
    base = [sys.executable, "manage.py"]
    for prepared in ("migrate --verbosity 0", "load_taxonomy"):
        subprocess.run([*base, *prepared.split()], cwd=settings.BASE_DIR, env=environment, check=True)
    command = [*base, "import_corpus", str(path), "--corpus", "qa", "--dry-run"]
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # as `head` does once it has enough
        assert b"Traceback" not in process.stderr.read()

"""Known vulnerabilities of what requirements.lock pins, by pip-audit; the last line is the result.

Exit status 0: none is known. 1: some are, listed. 2: nobody could be asked, so nothing is known.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOCK = "requirements.lock"
SECONDS_MAX = 120


def audit() -> tuple[int, str]:
    """(exit status, one line)."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", LOCK, "--disable-pip"]
    command += ["--progress-spinner", "off", "--timeout", "10", "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return 2, f"NOT AUDITED: no answer within {SECONDS_MAX} s"
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, LookupError):
        said = (done.stderr.strip() or "pip-audit said nothing").splitlines()[-1]
        return 2, f"NOT AUDITED: the advisory service cannot be asked ({said[:200]})"
    passed_over = [p["name"] for p in packages if "skip_reason" in p]
    found = [
        f"{package['name']} {package['version']}: {one['id']}"
        + (f" (mended in {', '.join(one['fix_versions'])})" if one["fix_versions"] else "")
        for package in packages
        for one in package.get("vulns", ())
    ]
    for line in found:
        print(line)
    asked = len(packages) - len(passed_over)
    if not asked:
        return 2, f"NOT AUDITED: the advisory service knows none of the packages of {LOCK}"
    unknown = f"; NOT AUDITED: {', '.join(passed_over)}" if passed_over else ""
    if found:
        return 1, f"VULNERABLE: {len(found)} known in {asked} packages of {LOCK}{unknown}"
    return 0, f"no known vulnerability in {asked} packages of {LOCK}{unknown}"


if __name__ == "__main__":
    assert Path(LOCK).is_file(), f"run it where {LOCK} lies"
    status, line = audit()
    print(f"audit: {line}")
    sys.exit(status)

#!/usr/bin/env python3
# The completion scripts are taken by their shells, and bash is offered verbs, options and values.
import shutil
import subprocess

# words on the line, the last one as typed so far, and what bash offers
CASES = (("va", {"validate"}), ("plan --det", {"--detailed-exitcode"}), ("show --max", {"--max-bytes"}),
         ("plan --format ma", {"markdown"}), ("plan -format g", {"github", "gitlab"}),
         ("validate --format s", {"sarif"}), ("drift --format=x", set()))
ASK = """
eval "$(lifeboat completion bash)"
COMP_WORDS=(lifeboat "$@") COMP_CWORD=$#
_lifeboat && printf '%s\\n' "${COMPREPLY[@]}"
"""

for line, wanted in CASES:
    ran = subprocess.run(["bash", "-c", ASK, "bash", *line.split()], capture_output=True, text=True)
    offered = set(ran.stdout.split())
    if offered != wanted or ran.stderr:
        print(f"lifeboat {line}: offered {sorted(offered)}, not {sorted(wanted)} {ran.stderr}")

for shell in ("bash", "zsh", "fish"):
    script = subprocess.run(["lifeboat", "completion", shell], capture_output=True, text=True).stdout
    if "markdown" not in script:
        print(f"lifeboat completion {shell} does not know the formats")
    if shutil.which(shell):
        read = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
        if read.returncode or read.stderr:
            print(f"{shell} does not take its script: {read.stderr}")

#!/usr/bin/env python3
# The completion scripts are taken by their shells, and at a prompt they offer verbs, what follows a verb,
# options and values. A shell that is not installed is not asked.
import shutil
import subprocess
import tempfile

# words on the line, the last one as typed so far, and what bash offers
CASES = (("va", {"validate"}), ("plan --det", {"--detailed-exitcode"}), ("show --max", {"--max-bytes"}),
         ("plan --format ma", {"markdown"}), ("plan -format g", {"github", "gitlab"}),
         ("validate --format s", {"sarif"}), ("drift --format=x", set()), ("drift --format=ma", {"markdown"}),
         ("plan --format=", {"text", "json", "markdown", "sarif", "junit", "github", "gitlab"}),
         ("history ve", {"verify"}), ("history d", {"diff"}), ("history s", {"sync"}), ("history diff --sta", {"--stack"}),
         ("lock l", {"list"}), ("lock b", {"break"}), ("lock list li", set()), ("lock list --ledger lo", {"local"}),
         ("history --event apply-s", {"apply-start"}), ("completion z", {"zsh"}), ("help hist", {"history"}),
         ("explain role_m", {"role_mapping"}), ("explain exit", {"exit-codes"}), ("schema buck", {"bucket"}),
         ("schema role sns", set()), ("policy --for f", {"failover"}), ("init --ci git", {"github", "gitlab"}))
# As the shell itself asks: bash cuts the line at "=" too, zsh calls the function in its own setting.
ASK = {"bash": r"""
eval "$(lifeboat completion bash)"
line=" ${1//=/ = }"
read -ra COMP_WORDS <<<"lifeboat$line"
[[ $line == *" " ]] && COMP_WORDS+=("")
[[ ${COMP_WORDS[-1]} == "" && ${COMP_WORDS[-2]} == "=" ]] && unset "COMP_WORDS[-1]"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_lifeboat && printf '%s\n' "${COMPREPLY[@]}"
""", "zsh": r"""
compdef() {}
_files() {}
compadd() { if [[ $1 == -a ]]; then print -l -- ${(P)2}; else print -l -- $@; fi }
compset() { PREFIX=${PREFIX#*=} }
eval "$(lifeboat completion zsh)"
words=(lifeboat "${(@s: :)1}") CURRENT=$#words PREFIX=$words[-1]
_lifeboat
""", "fish": "lifeboat completion fish | source; complete -C \"lifeboat $argv[1]\""}


def ask(shell, line):
    """What the shell offers for the word that the line ends with."""
    with tempfile.TemporaryDirectory() as empty:  # where no file is offered
        ran = subprocess.run([shell, "-c", ASK[shell], *[shell] * (shell != "fish"), line], cwd=empty,
                             capture_output=True, text=True)
    typed = line.split(" ")[-1].split("=")[-1]
    offered = {word.split("\t")[0].split("=")[-1] for word in ran.stdout.splitlines()}
    return {word for word in offered if word and word.startswith(typed)}, ran.stderr


for shell in ASK:
    for line, wanted in CASES if shutil.which(shell) else ():
        offered, said = ask(shell, line)
        if offered != wanted or said:
            print(f"{shell}: lifeboat {line}: offered {sorted(offered)}, not {sorted(wanted)} {said}")

for shell in ("bash", "zsh", "fish"):
    script = subprocess.run(["lifeboat", "completion", shell], capture_output=True, text=True).stdout
    if "markdown" not in script:
        print(f"lifeboat completion {shell} does not know the formats")
    if shutil.which(shell):
        read = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
        if read.returncode or read.stderr:
            print(f"{shell} does not take its script: {read.stderr}")

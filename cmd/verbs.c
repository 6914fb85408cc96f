/* verbs.c: the table of verbs. To add one: a row here, a file cmd/<verb>.c, a story. */
#include "cmd/cli.h"

#define FORMAT_PLAN                                                                                \
    {"format", "FORMAT", "how to print the plan", "text|json|markdown|sarif|junit|github|gitlab",  \
     false},                                                                                       \
    {                                                                                              \
        "max-bytes", "N", "of markdown: shorten the page until it fits", NULL, false               \
    }
#define TARGETS                                                                                    \
    {"target", "ADDRESS", "only this object and what it needs", NULL, true},                       \
    {                                                                                              \
        "exclude", "ADDRESS", "not this object nor what needs it", NULL, true                      \
    }
#define ASSUME_DOWN                                                                                \
    {                                                                                              \
        "assume-down", "REGION", "ask nothing of this region, and plan for what is left", NULL,    \
            true                                                                                   \
    }
#define LEDGER                                                                                     \
    {                                                                                              \
        "ledger", "MODE", "auto: in git and with its remote; local: in git only; none",            \
            "auto|local|none", false                                                               \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL, NULL, NULL, false                                                              \
    }

static const struct lb_option init_options[] = {
    {"ci", "PLATFORM", "also write a pipeline that plans pull requests and applies what is merged",
     "github|gitlab|none", false},
    {"stack", "NAME", "name of the stack", NULL, false},
    {"account", "ID", "AWS account, 12 digits", NULL, false},
    {"primary", "REGION", "the region that serves in normal times", NULL, false},
    {"secondary", "REGION", "the region that takes over", NULL, false},
    END};
static const struct lb_option validate_options[] = {
    {"format", "FORMAT", "how to print findings", "text|json|sarif|junit|github", false}, END};
static const struct lb_option plan_options[] = {
    {"out", "FILE", "also write the plan to FILE, for review and for apply", NULL, false},
    {"detailed-exitcode", NULL, "exit 2 when there are changes", NULL, false},
    {"record", NULL, "write the plan into the ledger", NULL, false},
    LEDGER,
    FORMAT_PLAN,
    TARGETS,
    ASSUME_DOWN,
    END};
static const struct lb_option apply_options[] = {
    {"plan", "ID", "only this plan: recorded in the ledger, or with exactly this id", NULL, false},
    {"auto-approve", NULL, "do not ask", NULL, false},
    {"json", NULL, "one JSON event a line on standard output", NULL, false},
    {"timeout", "DURATION", "start nothing new after this long", NULL, false},
    {"lock-timeout", "DURATION", "wait this long for another apply to end", NULL, false},
    LEDGER,
    TARGETS,
    ASSUME_DOWN,
    END};
static const struct lb_option drift_options[] = {FORMAT_PLAN, ASSUME_DOWN, END};
static const struct lb_option show_options[] = {FORMAT_PLAN, END};
static const struct lb_option policy_options[] = {
    {"for", "PURPOSE", "only the policy for this", "plan|apply|failover", false},
    {"format", "FORMAT", "how to print the policies", "text|json", false},
    END};
static const struct lb_option version_options[] = {
    {"json", NULL, "as JSON, with the libraries in use", NULL, false}, END};
#define STACK                                                                                      \
    {                                                                                              \
        "stack", "NAME", "only this stack of the repository", NULL, false                          \
    }
/* "|plan|apply-start": the first is left off where it is used. */
static const char events[] =
#define LB_LEDGER_KIND(name, lock, summary) "|" name
#include "ledger/events.def"
#undef LB_LEDGER_KIND
    ;
static const struct lb_option history_options[] = {
    {"format", "FORMAT", "how to print it; json: an object a line", "text|json", false},
    {"event", "KIND", "only entries of this kind", events + 1, false},
    {"outcome", "WORD", "only entries with this outcome: changes, done, partial...", NULL, false},
    {"object", "ADDRESS", "only entries about this object", NULL, false},
    {"limit", "N", "at most so many entries of each stack", NULL, false},
    STACK,
    {"detailed-exitcode", NULL, "of diff: exit 2 when the plans differ", NULL, false},
    {"tip", "COMMIT", "of verify: this commit must be part of the history", NULL, false},
    END};
static const struct lb_option lock_options[] = {
    {"reason", "TEXT", "of break: why; it is recorded with your name", NULL, false},
    {"format", "FORMAT", "how to print it; json: an object a line", "text|json", false},
    STACK,
    {"ledger", "MODE", "of list: local does not ask the remote", "auto|local", false},
    END};
static const struct lb_option no_options[] = {END};

const struct lb_verb lb_verbs[] = {
    {"init", "[FOLDER]", "write a spec to start from",
     "Writes a commented spec, the schema that editors read and an ignore file into FOLDER, and "
     "with "
     "--ci a pipeline. What is there already is left as it is. Needs no network and no "
     "credentials.",
     init_options, 1, false, false, lb_cmd_init},
    {"validate", "[SPEC...]", "check a spec offline",
     "Reads each SPEC, checks it against the schemas and the rules that need no live state, and "
     "prints every error with its place. Needs no network and no credentials.",
     validate_options, SIZE_MAX, false, false, lb_cmd_validate},
    {"plan", "[SPEC...]", "show what would change",
     "Reads live AWS and cluster state, compares it with each SPEC and prints what apply would do: "
     "changes attribute by attribute, the calls in order, and findings. Never changes anything.",
     plan_options, SIZE_MAX, false, true, lb_cmd_plan},
    {"apply", "[SPEC|PLANFILE]", "make live state match the spec",
     "Plans, asks for consent and runs exactly that plan. With a PLANFILE it plans again and goes "
     "on "
     "only if nothing moved but steps that are satisfied already; otherwise it exits with 4 and "
     "says "
     "what differs. Every step is read back, and a closing plan must be empty.",
     apply_options, 1, true, true, lb_cmd_apply},
    {"show", "PLANFILE|ID|COMMIT", "print a saved or recorded plan, or an entry",
     "Prints a plan that `plan --out` wrote, or one of the ledger by its id or the beginning of it "
     "(7 digits or more). Of a commit of the ledger it prints the entry, and with a format of "
     "plans "
     "the entry's plan. A file of that name comes first.",
     show_options, 1, false, false, lb_cmd_show},
    {"history", "[SPEC] | diff A B | verify [SPEC] | sync [SPEC]", "what was planned and applied",
     "Lists the entries of the ledger, newest first, of the stack that SPEC or --stack names, or "
     "of "
     "all stacks of the repository. diff says what two recorded plans differ in; verify proves "
     "that "
     "nothing was changed afterwards (exit 6); sync shares what was written while the remote was "
     "left out, and brings what others wrote. Only sync talks with the remote.",
     history_options, 3, false, LB_GIT, lb_cmd_history},
    {"lock", "list [SPEC] | break ID [SPEC]", "who holds the lock, and breaking it",
     "An apply holds the lock of its stack until it ends. list asks the remote who holds it; break "
     "takes it away from an apply that is dead for certain, and records why. An apply that runs "
     "after all stops before its next change. Changes the ledger, never AWS.",
     lock_options, 3, false, LB_GIT, lb_cmd_lock},
    {"drift", "[SPEC...]", "exit 2 when live differs from the spec",
     "Plans and prints only whether live state still matches each SPEC, for schedules and alerts. "
     "Other formats than text print the plan.",
     drift_options, SIZE_MAX, false, true, lb_cmd_drift},
    {"explain", "[CODE|KIND[.FIELD]|exit-codes]", "say what a code, kind or field means",
     "Prints the page of a diagnostic code (LB-H001), a kind (bucket), a field of it "
     "(bucket.auto_purge) or the exit codes. Without an argument it lists what there is.",
     no_options, 1, false, false, lb_cmd_explain},
    {"schema", "[KIND]", "print the JSON Schema of the spec",
     "Prints the bundled JSON Schema (draft-07) of the spec or of one kind, for editors.",
     no_options, 1, false, false, lb_cmd_schema},
    {"policy", "[SPEC]", "print the IAM policies that a spec needs",
     "Prints the least that IAM must allow for `plan`, for `apply` and for a failover of this "
     "SPEC: "
     "its own actions on its own objects. With --for and --format json it is a document for `aws "
     "iam put-role-policy`, or a list of them where one would be too long. Needs no credentials.",
     policy_options, 1, false, false, lb_cmd_policy},
    {"completion", "bash|zsh|fish", "print a shell completion script",
     "Prints a script that completes verbs, their sub-commands, options and the values of options: "
     "`source <(lifeboat completion bash)`.",
     no_options, 1, false, false, lb_cmd_completion},
    {"version", "", "print the version", "Prints the version of the tool.", version_options, 0,
     false, false, lb_cmd_version},
    {"help", "[VERB]", "print help", "Prints the verbs, or the options of one verb.", no_options, 1,
     false, false, lb_cmd_help},
    {NULL, NULL, NULL, NULL, NULL, 0, false, false, NULL},
};

const struct lb_verb *lb_verb_find(const char *name)
{
    for (const struct lb_verb *verb = lb_verbs; verb->name; verb++)
        if (lb_streq(verb->name, name))
            return verb;
    return NULL;
}

/* remote.c: what the ledger does with a git server, one call a run, for ledger_remote.py.
 *
 *     torture_remote tip|fetch GIT_DIR BRANCH SECONDS
 *     torture_remote push      GIT_DIR BRANCH SECONDS COMMIT
 *     torture_remote race      GIT_DIR BRANCH SECONDS COUNT   adds COUNT commits, however often it
 * loses
 *
 * Prints the status, what it found ("-": nothing), and the diagnostics, a line each.
 */
#include "ledger/remote.h"
#include "base/time.h"
#include "ledger/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const statuses[] = {[LB_REMOTE_OK] = "ok",
                                       [LB_REMOTE_LOST] = "lost",
                                       [LB_REMOTE_REFUSED] = "refused",
                                       [LB_REMOTE_DENIED] = "denied",
                                       [LB_REMOTE_UNREACHABLE] = "unreachable",
                                       [LB_REMOTE_NO_GIT] = "no-git",
                                       [LB_REMOTE_FAILED] = "failed"};

/* A child of `parent` with the same files. */
static int make_commit(const char *git_dir, const char *parent, int number, char out[LB_OID_HEX])
{
    char tree[LB_OID_HEX + 8], message[32];
    snprintf(tree, sizeof tree, "%s^{tree}", parent);
    snprintf(message, sizeof message, "entry %d", number);
    const char *const argv[] = {"git",  "--git-dir", git_dir, "commit-tree", "-p",
                                parent, "-m",        message, tree,          NULL};
    struct lb_process process = {.argv = argv, .deadline_ms = lb_time_monotonic_ms() + 60000};
    struct lb_process_result result;
    int made = lb_process_run(&process, &result);
    if (made == 0 && (result.status != 0 || result.out.length < LB_OID_HEX - 1))
        made = -1;
    if (made == 0)
        snprintf(out, LB_OID_HEX, "%.40s", lb_str_text(&result.out));
    lb_process_result_release(&result);
    return made;
}

static enum lb_remote_status race(const struct lb_remote *remote, struct lb_diags *diags, int count)
{
    enum lb_remote_status status = LB_REMOTE_OK;
    int lost = 0;
    for (int done = 0; done < count; done += status == LB_REMOTE_OK) {
        char tip[LB_OID_HEX], commit[LB_OID_HEX];
        status = lb_remote_tip(remote, diags, tip);
        if (status == LB_REMOTE_OK)
            status = lb_remote_fetch(remote, diags);
        if (status == LB_REMOTE_OK && make_commit(remote->git_dir, tip, done, commit) != 0)
            return LB_REMOTE_FAILED;
        if (status == LB_REMOTE_OK)
            status = lb_remote_push(remote, diags, commit);
        if (status == LB_REMOTE_OK)
            printf("won %s\n", commit);
        lost += status == LB_REMOTE_LOST;
        if (status != LB_REMOTE_OK && status != LB_REMOTE_LOST)
            break;
    }
    printf("lost %d times\n", lost);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 64;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    lb_diags_init(&diags, arena);
    struct lb_remote remote = {.git_dir = argv[2],
                               .name = "origin",
                               .branch = argv[3],
                               .deadline_s = strtol(argv[4], NULL, 10)};
    char tip[LB_OID_HEX] = "";
    enum lb_remote_status status;
    if (strcmp(argv[1], "tip") == 0)
        status = lb_remote_tip(&remote, &diags, tip);
    else if (strcmp(argv[1], "fetch") == 0)
        status = lb_remote_fetch(&remote, &diags);
    else if (strcmp(argv[1], "push") == 0)
        status = lb_remote_push(&remote, &diags, argc > 5 ? argv[5] : "");
    else
        status = race(&remote, &diags, argc > 5 ? atoi(argv[5]) : 1);
    printf("%s\n%s\n", statuses[status], *tip ? tip : "-");
    for (size_t i = 0; i < diags.count; i++)
        printf("%s %s\n", diags.items[i].code, diags.items[i].detail);
    lb_arena_free(arena);
    return 0;
}

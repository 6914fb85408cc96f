/* remote_words.c: git's own lines, and those of curl and ssh below it, as tables: where a text
 * stands in them is what it means. Texts are those of git 2.31 to 2.51, OpenSSH and libcurl.
 */
#include "ledger/remote_words.h"

#include <string.h>

#define QUOTE_LINES 8
#define QUOTE_BYTES 240 /* of one line */

struct meaning {
    const char *text; /* anywhere in the line */
    enum lb_remote_status status;
};

/* The first row that is found decides. */
static const struct meaning meanings[] = {
    {"Authentication failed", LB_REMOTE_DENIED},
    {"could not read Username", LB_REMOTE_DENIED}, /* prompts are off */
    {"could not read Password", LB_REMOTE_DENIED},
    {"unable to get password from user", LB_REMOTE_DENIED},
    {"The requested URL returned error: 401", LB_REMOTE_DENIED},
    {"The requested URL returned error: 403", LB_REMOTE_DENIED},
    {"The requested URL returned error: 407", LB_REMOTE_DENIED},
    {"Permission denied (", LB_REMOTE_DENIED}, /* ssh */
    {"Too many authentication failures", LB_REMOTE_DENIED},
    {"access denied or repository not exported", LB_REMOTE_DENIED}, /* git daemon */
    {"service not enabled", LB_REMOTE_DENIED},
    /* Hosts say so of a repository that one may not know of. */
    {"Repository not found", LB_REMOTE_DENIED},
    {"' not found", LB_REMOTE_DENIED},
    {"does not appear to be a git repository", LB_REMOTE_FAILED},
    {"certificate", LB_REMOTE_FAILED},
    {"Host key verification failed", LB_REMOTE_FAILED},
    {"Could not resolve", LB_REMOTE_UNREACHABLE}, /* curl's host and proxy, ssh's hostname */
    {"unable to look up", LB_REMOTE_UNREACHABLE}, /* git:// */
    {"Temporary failure in name resolution", LB_REMOTE_UNREACHABLE},
    {"unable to connect to", LB_REMOTE_UNREACHABLE},
    {"Failed to connect to", LB_REMOTE_UNREACHABLE},
    {"Connection refused", LB_REMOTE_UNREACHABLE},
    {"Connection reset", LB_REMOTE_UNREACHABLE},
    {"Connection closed", LB_REMOTE_UNREACHABLE},
    {"Connection was reset", LB_REMOTE_UNREACHABLE},
    {"timed out", LB_REMOTE_UNREACHABLE},
    {"Timeout was reached", LB_REMOTE_UNREACHABLE},
    {"No route to host", LB_REMOTE_UNREACHABLE},
    {"Network is unreachable", LB_REMOTE_UNREACHABLE},
    {"Broken pipe", LB_REMOTE_UNREACHABLE},
    {"kex_exchange_identification", LB_REMOTE_UNREACHABLE},
    {"Empty reply from server", LB_REMOTE_UNREACHABLE},
    {"transfer closed", LB_REMOTE_UNREACHABLE},
    {"Recv failure", LB_REMOTE_UNREACHABLE},
    {"Send failure", LB_REMOTE_UNREACHABLE},
    {"RPC failed", LB_REMOTE_UNREACHABLE},
    {"hung up unexpectedly", LB_REMOTE_UNREACHABLE},
    {"unexpected disconnect", LB_REMOTE_UNREACHABLE},
    {"early EOF", LB_REMOTE_UNREACHABLE},
    {"Operation too slow", LB_REMOTE_UNREACHABLE},
    {"The requested URL returned error: 429", LB_REMOTE_UNREACHABLE},
    {"The requested URL returned error: 5", LB_REMOTE_UNREACHABLE},
    /* Said after other reasons too; alone: the connection ended before the first word. */
    {"Could not read from remote repository", LB_REMOTE_UNREACHABLE},
};

/* Why a ref was not taken, as --porcelain has it in brackets. What is in neither table is a rule of
 * the server. */
static const struct meaning reasons[] = {
    {"non-fast-forward", LB_REMOTE_LOST},
    {"fetch first", LB_REMOTE_LOST},
    {"stale info", LB_REMOTE_LOST},
    {"remote ref updated since checkout", LB_REMOTE_LOST},
    {"failed to update ref", LB_REMOTE_LOST},
    {"cannot lock ref", LB_REMOTE_LOST},
    {"failed to lock", LB_REMOTE_LOST},
    {"already locked", LB_REMOTE_LOST},
    {"incorrect old value", LB_REMOTE_LOST},
    {"reference already exists", LB_REMOTE_LOST},
    {"remote failed to report status", LB_REMOTE_UNREACHABLE},
    {"no match", LB_REMOTE_FAILED},
    {"needs force", LB_REMOTE_FAILED}, /* not a commit here, or there */
    {"unpacker error", LB_REMOTE_FAILED},
    {"missing necessary objects", LB_REMOTE_FAILED},
    {"Internal Server Error", LB_REMOTE_FAILED},
};

/* A ref that could not be updated was lost to somebody faster, unless the server says one of these
 * on the way: then it would be lost every time. */
static const char *const standing[] = {"Permission denied", "exists; cannot create",
                                       "No space left", "Read-only file system",
                                       "Disk quota exceeded"};

static const struct meaning *find(const struct meaning *rows, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, rows[i].text))
            return &rows[i];
    return NULL;
}

/* The next line of *at, without its end and trailing blanks; false at the end of the text. */
static bool next_line(const char **at, const char **line, size_t *length)
{
    if (!**at)
        return false;
    *line = *at;
    *length = strcspn(*at, "\r\n");
    *at += *length;
    *at += **at != '\0';
    while (*length && ((*line)[*length - 1] == ' ' || (*line)[*length - 1] == '\t'))
        (*length)--;
    return true;
}

enum lb_remote_status lb_remote_words_read(const char *err)
{
    struct lb_str own = {0};
    const char *line;
    for (size_t length; next_line(&err, &line, &length);)
        if (!lb_starts_with(line, "remote: ")) {
            lb_str_add(&own, line, length);
            lb_str_putc(&own, '\n');
        }
    const struct meaning *row = find(meanings, sizeof meanings / sizeof *meanings,
                                     lb_str_text(&own));
    lb_str_release(&own);
    return row ? row->status : LB_REMOTE_FAILED;
}

/* --- push
 * ----------------------------------------------------------------------------------------- */

static enum lb_remote_status why_refused(const char *reason, const char *err)
{
    const struct meaning *row = find(reasons, sizeof reasons / sizeof *reasons, reason);
    if (!row)
        return LB_REMOTE_REFUSED;
    for (size_t i = 0; row->status == LB_REMOTE_LOST && i < sizeof standing / sizeof *standing; i++)
        if (strstr(err, standing[i]))
            return LB_REMOTE_FAILED;
    return row->status;
}

/* "! TAB from:to TAB [remote rejected] (why)": true when `to` is the branch. */
static bool concerns(const char *line, size_t length, const char *branch)
{
    const char *tab = memchr(line + 2, '\t', length - 2);
    size_t name = strlen(branch);
    return tab && (size_t)(tab - line) > name + 2 && tab[-(ptrdiff_t)name - 1] == ':' &&
           memcmp(tab - name, branch, name) == 0;
}

bool lb_remote_words_push(const char *porcelain, const char *err, const char *branch,
                          enum lb_remote_status *status, struct lb_str *reason)
{
    const char *line;
    bool told = false;
    for (size_t length; next_line(&porcelain, &line, &length);) {
        if (length < 4 || line[1] != '\t' || !concerns(line, length, branch))
            continue;
        if (!told)
            *status = LB_REMOTE_OK;
        told = true;
        if (line[0] != '!')
            continue;
        const char *bracket = memchr(line, '[', length);
        lb_str_clear(reason);
        lb_str_add(reason, bracket ? bracket : line, length - (bracket ? bracket - line : 0));
        *status = why_refused(lb_str_text(reason), err);
    }
    return told;
}

/* --- quoting
 * -------------------------------------------------------------------------------------- */

/* Everything between "://" and the last "@" of the same word. At worst a piece of a path goes. */
static void add_masked(struct lb_str *out, const char *line, size_t length)
{
    for (size_t i = 0; i < length;) {
        if (length - i < 3 || memcmp(line + i, "://", 3) != 0) {
            lb_str_putc(out, line[i++]);
            continue;
        }
        lb_str_puts(out, "://");
        i += 3;
        size_t last = 0;
        for (size_t j = i; j < length && !strchr(" \t'\"<>", line[j]); j++)
            last = line[j] == '@' ? j : last;
        if (last) {
            lb_str_puts(out, "[redacted]");
            i = last;
        }
    }
}

/* What is cut must not lose the "@" by which a password is known: cut between words. */
static size_t cut(const char *line, size_t length)
{
    if (length <= QUOTE_BYTES)
        return length;
    length = QUOTE_BYTES;
    while (length && line[length - 1] != ' ')
        length--;
    return length;
}

static bool says_nothing(const char *line, size_t length)
{
    static const char *const prefixes[] = {"hint: ",
                                           "To ",
                                           "From ",
                                           "error: failed to push some refs",
                                           "Please make sure you have the correct access rights",
                                           "and the repository exists"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (lb_starts_with(line, prefixes[i]))
            return true;
    return length == 0 || (length == 7 && lb_starts_with(line, "remote:"));
}

void lb_remote_words_quote(struct lb_str *out, const char *err)
{
    const char *line;
    int lines = 0;
    for (size_t length; next_line(&err, &line, &length);) {
        if (says_nothing(line, length))
            continue;
        if (out->length)
            lb_str_puts(out, "; ");
        if (lines++ == QUOTE_LINES) {
            lb_str_puts(out, "...");
            return;
        }
        size_t kept = cut(line, length);
        add_masked(out, line, kept);
        if (kept < length)
            lb_str_puts(out, "...");
    }
}

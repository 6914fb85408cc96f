/* test_ledger_process.c: a program's end, output and environment, and that nothing it does holds us
 * up: silence, floods, closed pipes, children of its own, signals it ignores.
 */
#include "base/time.h"
#include "ledger/process.h"
#include "tests/unit/check.h"
#include "tests/unit/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOON_MS 20000 /* more than any of these takes, on a busy machine too */

static struct lb_process_result result;
static int64_t took_ms;

static int run(struct lb_process *process, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    int64_t began = lb_time_monotonic_ms();
    lb_process_result_release(&result);
    process->argv = argv;
    if (!process->deadline_ms)
        process->deadline_ms = began + SOON_MS;
    int got = lb_process_run(process, &result);
    took_ms = lb_time_monotonic_ms() - began;
    process->argv = NULL;
    return got;
}

static int run_plain(const char *script)
{
    struct lb_process process = {0};
    return run(&process, script);
}

static int run_for(const char *script, int64_t ms)
{
    struct lb_process process = {.deadline_ms = lb_time_monotonic_ms() + ms};
    return run(&process, script);
}

static int release(void **state)
{
    (void)state;
    lb_process_result_release(&result);
    return 0;
}

static void test_end_and_output(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int status;
        const char *out, *err;
    } rows[] = {
        {"exit 0", 0, "", ""},
        {"exit 7", 7, "", ""},
        {"echo a; echo b >&2; exit 3", 3, "a\n", "b\n"},
        {"kill -KILL $$", 128 + SIGKILL, "", ""},
        {"kill -PIPE $$", 128 + SIGPIPE, "", ""},
        {"cat", 0, "", ""}, /* standard input is empty */
        {"exec >&- 2>&-; sleep 0.1; exit 4", 4, "", ""},
        {"printf 'a\\0b'; exit 0", 0, "a", ""},
        {"(exec </dev/tty) 2>/dev/null && echo terminal || echo none", 0, "none\n", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(rows[i].script, run_plain(rows[i].script) == 0);
        CHECK(rows[i].script, !result.missing && !result.timed_out);
        if (result.status != rows[i].status)
            fail_msg("%s: status %d", rows[i].script, result.status);
        CHECK_TEXT(rows[i].script, lb_str_text(&result.out), rows[i].out);
        CHECK_TEXT(rows[i].script, lb_str_text(&result.err), rows[i].err);
    }
}

static void test_missing_and_unstartable(void **state)
{
    (void)state;
    static const char *const names[] = {"no-such-program-of-anybody", "/no/such/program", "/tmp"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *const argv[] = {names[i], NULL};
        struct lb_process process = {.argv = argv, .deadline_ms = lb_time_monotonic_ms() + SOON_MS};
        CHECK(names[i], lb_process_run(&process, &result) == -1 && result.missing);
        lb_process_result_release(&result);
    }
    struct lb_process process = {.directory = "/no/such/folder"};
    assert_int_equal(run(&process, "exit 0"), -1);
    assert_int_equal(errno, ENOENT);
    assert_false(result.missing);
}

/* What lies in the folder we happen to be in is not git. */
static void test_relative_path_is_not_searched(void **state)
{
    (void)state;
    char folder[256], program[300], before[4096];
    assert_non_null(temporary_folder(folder, sizeof folder, "process"));
    assert_non_null(getcwd(before, sizeof before));
    snprintf(program, sizeof program, "%s/only-here", folder);
    int fd = open(program, O_CREAT | O_WRONLY, 0700);
    assert_true(write(fd, "#!/bin/sh\n", 10) == 10);
    close(fd);
    assert_int_equal(chdir(folder), 0);
    char *path = strdup(getenv("PATH"));
    static const char *const rows[] = {"", ".", ":", "./", "::/usr/bin"};
    const char *const argv[] = {"only-here", NULL};
    struct lb_process process = {.argv = argv, .deadline_ms = lb_time_monotonic_ms() + SOON_MS};
    for (size_t i = 0; i < COUNT(rows); i++) {
        setenv("PATH", rows[i], 1);
        CHECK(rows[i], lb_process_run(&process, &result) == -1 && result.missing);
        lb_process_result_release(&result);
    }
    setenv("PATH", folder, 1);
    int found = lb_process_run(&process, &result);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(found, 0);
    assert_int_equal(chdir(before), 0);
    unlink(program);
    rmdir(folder);
}

static void test_environment(void **state)
{
    (void)state;
    setenv("LB_TEST_KEPT", "kept", 1);
    setenv("LB_TEST_SET", "before", 1);
    setenv("LB_TEST_GONE", "x", 1);
    setenv("LB_TEST_GONE_NOT", "y", 1);
    setenv("LB_TEST_FAMILY_A", "z", 1);
    static const char *const set[] = {"LB_TEST_SET=after", "LB_TEST_NEW=new", NULL};
    static const char *const unset[] = {"LB_TEST_GONE", "LB_TEST_FAMILY*", NULL};
    struct lb_process process = {.set = set, .unset = unset};
    assert_int_equal(run(&process, "env | grep ^LB_TEST_ | sort"), 0);
    CHECK_TEXT("environment", lb_str_text(&result.out),
               "LB_TEST_GONE_NOT=y\nLB_TEST_KEPT=kept\nLB_TEST_NEW=new\nLB_TEST_SET=after\n");
}

static void test_descriptors_and_signals(void **state)
{
    (void)state;
    int kept = fcntl(1, F_DUPFD, 57);
    assert_true(kept >= 57);
    char script[96];
    snprintf(script, sizeof script, "test -e /dev/fd/%d && echo open || echo closed", kept);
    assert_int_equal(run_plain(script), 0);
    close(kept);
    CHECK_TEXT("descriptor", lb_str_text(&result.out), "closed\n");

    /* A caller that ignores SIGPIPE and SIGCHLD must not hand that down, nor lose the status. */
    struct sigaction ignore = {.sa_handler = SIG_IGN}, pipe_before, child_before, now;
    sigaction(SIGPIPE, &ignore, &pipe_before);
    sigaction(SIGCHLD, &ignore, &child_before);
    assert_int_equal(run_plain("sh -c 'kill -PIPE $$'; test $? -gt 128 && exit 6"), 0);
    int status = result.status;
    sigaction(SIGCHLD, NULL, &now);
    sigaction(SIGPIPE, &pipe_before, NULL);
    sigaction(SIGCHLD, &child_before, NULL);
    assert_int_equal(status, 6);
    assert_true(now.sa_handler == SIG_IGN);
}

/* Without standard descriptors of our own the pipes must not land on them. */
static void test_closed_standard_descriptors(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        for (int fd = 0; fd < 3; fd++)
            close(fd);
        bool good = run_plain("echo out; echo err >&2; cat") == 0 && result.status == 0 &&
                    strcmp(lb_str_text(&result.out), "out\n") == 0 &&
                    strcmp(lb_str_text(&result.err), "err\n") == 0;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_flood_is_capped_and_drained(void **state)
{
    (void)state;
    assert_int_equal(run_plain("head -c 5000000 /dev/zero; head -c 3000000 /dev/zero >&2"), 0);
    assert_int_equal(result.status, 0);
    assert_true(result.out.length <= LB_PROCESS_OUTPUT_MAX && result.out.overflow);
    assert_true(result.err.length <= LB_PROCESS_OUTPUT_MAX && result.err.overflow);
    assert_true(result.out.length >= LB_PROCESS_OUTPUT_MAX - 65536);
}

static void test_deadline(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int64_t least, most;
    } rows[] = {
        {"sleep 30", 300, 1200},
        {"exec >&- 2>&-; sleep 30", 300, 1200},
        {"while :; do echo flood; done", 300, 1200},
        {"sleep 30 & sleep 30 & wait", 300, 1200},
        {"trap '' TERM; sleep 30; sleep 30", 1250, 3500}, /* only SIGKILL ends it */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(rows[i].script, run_for(rows[i].script, 300) == 0);
        CHECK(rows[i].script, result.timed_out && result.status > 128);
        if (took_ms < rows[i].least || took_ms > rows[i].most + 2000)
            fail_msg("%s: took %d ms", rows[i].script, (int)took_ms);
    }
}

static bool is_gone(pid_t pid)
{
    for (int i = 0; i < 200; i++) {
        if (kill(pid, 0) != 0)
            return true;
        char path[64], text[256] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        FILE *file = fopen(path, "r"); /* a zombie of init's, where nobody reaps */
        if (file) {
            bool zombie = fgets(text, sizeof text, file) && strstr(text, ") Z ");
            fclose(file);
            if (zombie)
                return true;
        }
        struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
    }
    return false;
}

static void test_deadline_ends_the_whole_group(void **state)
{
    (void)state;
    assert_int_equal(run_for("sh -c 'trap \"\" TERM; while :; do sleep 1; done' >/dev/null 2>&1 &"
                             " echo $!; sleep 30",
                             300),
                     0);
    assert_true(result.timed_out);
    pid_t grandchild = (pid_t)atoi(lb_str_text(&result.out));
    assert_true(grandchild > 1);
    assert_true(is_gone(grandchild));
}

static void test_grandchild_keeps_the_pipe(void **state)
{
    (void)state;
    assert_int_equal(run_plain("echo said; sleep 5 & echo $! ; exit 3"), 0);
    int ended = result.status;
    assert_false(result.timed_out);
    assert_true(lb_starts_with(lb_str_text(&result.out), "said\n"));
    pid_t grandchild = (pid_t)atoi(lb_str_text(&result.out) + 5);
    bool alive = kill(grandchild, 0) == 0; /* it is not ours to end */
    kill(grandchild, SIGKILL);
    assert_int_equal(ended, 3);
    assert_true(alive);
    assert_true(took_ms < 3000);

    assert_int_equal(run_plain("(while :; do echo more; sleep 0.02; done) & echo $! >&2; exit 0"),
                     0);
    kill((pid_t)atoi(lb_str_text(&result.err)), SIGKILL);
    assert_int_equal(result.status, 0);
    assert_true(took_ms < 4000);
}

static volatile int stop_flag;

static void set_flag(int number)
{
    stop_flag = number;
}

static void test_stop_flag_and_interrupted_calls(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = set_flag}, before;
    sigaction(SIGUSR1, &action, &before);
    pid_t us = getpid(), child = fork();
    if (child == 0) {
        for (int i = 0; i < 20; i++) {
            struct timespec pause = {0, 20000000};
            nanosleep(&pause, NULL);
            kill(us, SIGUSR1);
        }
        _exit(0);
    }
    /* Signals alone end nothing: without the flag it runs on. */
    assert_int_equal(run_plain("sleep 0.3; echo whole; exit 5"), 0);
    assert_int_equal(result.status, 5);
    CHECK_TEXT("output", lb_str_text(&result.out), "whole\n");
    assert_int_not_equal(stop_flag, 0);

    struct lb_process process = {.stop = &stop_flag};
    assert_int_equal(run(&process, "sleep 30"), 0);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGUSR1, &before, NULL);
    assert_true(result.timed_out);
    assert_true(took_ms < 4000);
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_nothing_is_left_behind(void **state)
{
    (void)state;
    size_t before = count_descriptors();
    assert_int_equal(run_plain("echo x"), 0);
    assert_int_equal(run_for("sleep 30", 50), 0);
    struct lb_process process = {.directory = "/no/such/folder"};
    assert_int_equal(run(&process, "exit 0"), -1);
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child at all, no zombie */
    assert_int_equal(errno, ECHILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_end_and_output, release),
        cmocka_unit_test_teardown(test_missing_and_unstartable, release),
        cmocka_unit_test_teardown(test_relative_path_is_not_searched, release),
        cmocka_unit_test_teardown(test_environment, release),
        cmocka_unit_test_teardown(test_descriptors_and_signals, release),
        cmocka_unit_test_teardown(test_closed_standard_descriptors, release),
        cmocka_unit_test_teardown(test_flood_is_capped_and_drained, release),
        cmocka_unit_test_teardown(test_deadline, release),
        cmocka_unit_test_teardown(test_deadline_ends_the_whole_group, release),
        cmocka_unit_test_teardown(test_grandchild_keeps_the_pipe, release),
        cmocka_unit_test_teardown(test_stop_flag_and_interrupted_calls, release),
        cmocka_unit_test_teardown(test_nothing_is_left_behind, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

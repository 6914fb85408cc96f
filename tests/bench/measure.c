/* measure.c: runs one command and says what it took.
 *
 *     bench_measure FILE COMMAND [ARG...]
 *
 * Appends "WALL_US CPU_US PEAK_KIB STATUS" to FILE. A program of its own because the peak that the
 * system reports for a process starts at the size of whoever forked it, which must be small.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t us(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

int main(int argc, char **argv)
{
    int status;
    struct rusage usage;
    if (argc < 3)
        return 64;
    int64_t start = now_us();
    pid_t child = fork();
    if (child == 0) {
        execv(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return 1;
    int64_t wall = now_us() - start;
    getrusage(RUSAGE_CHILDREN, &usage);
    long peak = usage.ru_maxrss;
#ifdef __APPLE__
    peak /= 1024; /* bytes there */
#endif
    FILE *out = fopen(argv[1], "a");
    if (!out)
        return 1;
    fprintf(out, "%lld %lld %ld %d\n", (long long)wall,
            (long long)(us(usage.ru_utime) + us(usage.ru_stime)), peak,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return fclose(out) == 0 ? 0 : 1;
}

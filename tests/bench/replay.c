/* replay.c: answers recorded requests after a fixed delay; the clock that plan and bare client
 * share.
 *
 *     bench_replay RECORDING DELAY_MS
 *
 * RECORDING (tests/bench/record.py) holds "KEY_LENGTH ANSWER_LENGTH\n", the key and the answer,
 * over and over. The key of a request is made of what an answer depends on: method, target, host,
 * the scope of its signature, X-Amz-Target and body. Prints "port N", then serves until SIGTERM;
 * for each line on standard input it prints "connections N requests N unknown N beside_idle N"
 * since the line before. beside_idle counts the connections that were opened for a host while
 * another one to the same host had had its answer for IDLE_US: a client that has not read it by
 * then was not given the processor, one that has could have used that connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 2048
#define REQUEST_MAX 65536
#define SLOTS 16384
#define IDLE_US 5000

struct record {
    char *key, *answer;
    size_t key_length, answer_length;
};

struct connection {
    char *in;
    size_t have;
    const struct record *answer; /* NULL: none is due */
    int64_t due_us;
    char host[256];                 /* of its requests; empty before the first */
    int64_t opened_us, answered_us; /* answered_us 0: a request is under way */
};

static struct record table[SLOTS];
static struct connection connections[CONNECTIONS];
static struct pollfd polls[CONNECTIONS + 2];
static size_t count;
static long opened, requests, unknown, beside_idle;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- the recording ---------------------------------------------------------------------------- */
static struct record *slot(const char *key, size_t length)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)key[i]) * 1099511628211u;
    for (size_t i = hash % SLOTS;; i = (i + 1) % SLOTS)
        if (!table[i].key ||
            (table[i].key_length == length && memcmp(table[i].key, key, length) == 0))
            return &table[i];
}

static char *take(FILE *file, size_t length)
{
    char *bytes = malloc(length + 1);
    if (!bytes || fread(bytes, 1, length, file) != length)
        die("recording");
    return bytes;
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t key_length, answer_length;
    if (!file)
        die(path);
    while (fscanf(file, "%zu %zu", &key_length, &answer_length) == 2 && fgetc(file) == '\n') {
        char *key = take(file, key_length), *answer = take(file, answer_length);
        *slot(key, key_length) = (struct record){key, answer, key_length, answer_length};
    }
    fclose(file);
}

/* --- requests --------------------------------------------------------------------------------- */
/* The value of a header, its length in *length; an empty one when absent. */
static const char *header(const char *head, const char *end, const char *name, size_t *length)
{
    size_t name_length = strlen(name);
    for (const char *line = head; line < end;) {
        const char *stop = strstr(line, "\r\n");
        if (strncasecmp(line, name, name_length) == 0 && line[name_length] == ':') {
            line += name_length + 1;
            line += strspn(line, " ");
            *length = (size_t)(stop - line);
            return line;
        }
        line = stop + 2;
    }
    *length = 0;
    return "";
}

/* "us-east-1/s3" of "AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/s3/aws4_request, ..." */
static const char *scope(const char *text, size_t *length)
{
    const char *end = text + *length;
    for (int slashes = 0; text < end && slashes < 2; text++)
        slashes += *text == '/';
    *length = 0;
    for (int slashes = 0; text + *length < end; (*length)++)
        if (text[*length] == '/' && ++slashes == 2)
            break;
    return text;
}

static const struct record *find(const char *in, const char *body, size_t body_length)
{
    static char key[REQUEST_MAX * 2];
    size_t host_length, scope_length, target_length;
    const char *host = header(in, body, "Host", &host_length);
    const char *signature = header(in, body, "Authorization", &scope_length);
    const char *where = scope(signature, &scope_length);
    const char *target = header(in, body, "X-Amz-Target", &target_length);
    if (strncmp(host, "127.0.0.1", 9) == 0)
        host_length = 0; /* the proxy of the recording had another port */
    const char *path_end = strstr(in, " HTTP/");
    int length = snprintf(key, sizeof key, "%.*s\n%.*s\n%.*s\n%.*s\n%.*s", (int)(path_end - in), in,
                          (int)host_length, host, (int)scope_length, where, (int)target_length,
                          target, (int)body_length, body);
    const struct record *record = slot(key, (size_t)length);
    if (record->key)
        return record;
    unknown++;
    fprintf(stderr, "not recorded: %s\n", key);
    static const char none[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    static const struct record missing = {NULL, (char *)none, 0, sizeof none - 1};
    return &missing;
}

/* The first request says which host a connection was opened for. */
static void take_host(struct connection *connection, const char *body)
{
    size_t length;
    const char *host = header(connection->in, body, "Host", &length);
    if (connection->host[0])
        return;
    snprintf(connection->host, sizeof connection->host, "%.*s", (int)length, host);
    for (size_t i = 0; i < count; i++) {
        const struct connection *other = &connections[i];
        if (other != connection && other->answered_us &&
            connection->opened_us - other->answered_us > IDLE_US &&
            strcmp(other->host, connection->host) == 0) {
            beside_idle++;
            return;
        }
    }
}

static void read_request(struct connection *connection, int64_t delay_us)
{
    connection->in[connection->have] = '\0';
    char *body = strstr(connection->in, "\r\n\r\n");
    if (!body)
        return;
    body += 4;
    size_t digits;
    const char *length = header(connection->in, body - 2, "Content-Length", &digits);
    size_t body_length = digits ? strtoul(length, NULL, 10) : 0;
    if (connection->in + connection->have < body + body_length)
        return;
    requests++;
    take_host(connection, body);
    connection->answered_us = 0;
    connection->answer = find(connection->in, body, body_length);
    connection->due_us = now_us() + delay_us;
    connection->have = 0; /* no client here pipelines */
}

/* --- connections ------------------------------------------------------------------------------ */
static void drop(size_t i)
{
    close(polls[i + 2].fd);
    free(connections[i].in);
    connections[i] = connections[--count];
    polls[i + 2] = polls[count + 2];
}

static void welcome(int listener)
{
    int fd = accept(listener, NULL, NULL), one = 1;
    if (fd < 0 || count == CONNECTIONS)
        die("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    opened++;
    polls[count + 2] = (struct pollfd){fd, POLLIN, 0};
    connections[count++] = (struct connection){.in = malloc(REQUEST_MAX), .opened_us = now_us()};
}

/* False when the connection is over. */
static bool receive(size_t i, int64_t delay_us)
{
    struct connection *connection = &connections[i];
    ssize_t got = read(polls[i + 2].fd, connection->in + connection->have,
                       REQUEST_MAX - 1 - connection->have);
    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    connection->have += (size_t)got;
    read_request(connection, delay_us);
    return connection->have < REQUEST_MAX - 1;
}

/* Answers fit the socket's buffer but for the largest lists, which are waited for. */
static void answer(size_t i)
{
    const struct record *record = connections[i].answer;
    for (size_t sent = 0; sent < record->answer_length;) {
        ssize_t put = write(polls[i + 2].fd, record->answer + sent, record->answer_length - sent);
        if (put > 0)
            sent += (size_t)put;
        else if (put < 0 && errno == EAGAIN)
            poll(&(struct pollfd){polls[i + 2].fd, POLLOUT, 0}, 1, 1000);
        else
            break;
    }
    connections[i].answer = NULL;
    connections[i].answered_us = now_us();
}

static int answer_due(void)
{
    int64_t now = now_us(), next = -1;
    for (size_t i = 0; i < count; i++) {
        if (!connections[i].answer)
            continue;
        int64_t left = connections[i].due_us - now;
        if (left <= 0)
            answer(i);
        else if (next < 0 || left < next)
            next = left;
    }
    return next < 0 ? -1 : (int)((next + 999) / 1000);
}

static int listen_on(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 512) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        die("listen");
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void report(void)
{
    char line[256];
    if (read(STDIN_FILENO, line, sizeof line) <= 0)
        exit(0);
    printf("connections %ld requests %ld unknown %ld beside_idle %ld\n", opened, requests, unknown,
           beside_idle);
    fflush(stdout);
    opened = requests = unknown = beside_idle = 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 64;
    int64_t delay_us = strtol(argv[2], NULL, 10) * 1000;
    load(argv[1]);
    polls[0] = (struct pollfd){listen_on(), POLLIN, 0};
    polls[1] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    for (;;) {
        if (poll(polls, (nfds_t)count + 2, answer_due()) < 0 && errno != EINTR)
            die("poll");
        for (size_t i = count; i-- > 0;)
            if (polls[i + 2].revents && !receive(i, delay_us))
                drop(i);
        if (polls[0].revents)
            welcome(polls[0].fd);
        if (polls[1].revents)
            report();
    }
}

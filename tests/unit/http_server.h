/* http_server.h: a small HTTP server for tests of the loop: each request takes the next reply of a
 * script, and what was asked is kept. One thread accepts, one serves each connection.
 */
#ifndef LB_TESTS_HTTP_SERVER_H
#define LB_TESTS_HTTP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum reply_kind {
    REPLY,    /* status, headers, body */
    RESET,    /* the connection is reset after the request was read */
    TRUNCATE, /* half of what Content-Length promises, then the end */
    RAW,      /* body as it is: not HTTP */
    SILENT,   /* nothing, until the client goes */
    HUGE,     /* `status` is the number of MiB of a body that never fits */
};

struct reply {
    enum reply_kind kind;
    int status;
    const char *headers; /* "Name: value\r\n..." or NULL */
    const char *body;
    int delay_ms;
};

#define SERVER_MAX 512

struct server {
    int listener;
    unsigned short port;
    pthread_t thread;
    pthread_mutex_t lock;
    const struct reply *script; /* the last one repeats */
    size_t replies;
    char *requests[SERVER_MAX]; /* head and body as received */
    size_t count;
    atomic_int active, most_active, connections, open;
};

struct server_connection {
    struct server *server;
    int fd;
};

static inline void server_pause(int ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

/* Case-insensitive strstr, which POSIX lacks. */
static inline const char *server_find(const char *text, const char *word)
{
    for (; *text; text++)
        if (strncasecmp(text, word, strlen(word)) == 0)
            return text;
    return NULL;
}

/* NULL at the end of the connection. */
static inline char *server_read(int fd)
{
    size_t length = 0, capacity = 65536, body = 0;
    char *text = malloc(capacity), *end = NULL;
    while (text) {
        if (length + 1 >= capacity)
            text = realloc(text, capacity *= 2);
        ssize_t got = read(fd, text + length, capacity - length - 1);
        if (got <= 0)
            break;
        length += (size_t)got;
        text[length] = '\0';
        end = strstr(text, "\r\n\r\n");
        if (!end)
            continue;
        const char *header = server_find(text, "\r\ncontent-length:");
        body = header ? strtoul(header + 17, NULL, 10) : 0;
        if (length >= (size_t)(end - text) + 4 + body)
            return text;
    }
    free(text);
    return NULL;
}

static inline bool server_write(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = send(fd, bytes, length, MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        bytes += put;
        length -= (size_t)put;
    }
    return true;
}

static inline bool server_answer(int fd, const struct reply *reply)
{
    char head[4096], drain[64];
    const char *body = reply->body ? reply->body : "";
    size_t length = strlen(body);
    bool huge = reply->kind == HUGE;
    size_t promised = huge                      ? (size_t)reply->status << 20
                      : reply->kind == TRUNCATE ? length + 100
                                                : length;
    if (reply->kind == RESET) {
        struct linger now = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        return false;
    }
    if (reply->kind == SILENT) {
        while (read(fd, drain, sizeof drain) > 0)
            ;
        return false;
    }
    if (reply->kind == RAW) {
        server_write(fd, body, length);
        return false;
    }
    snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n",
             huge ? 200 : reply->status, promised, reply->headers ? reply->headers : "");
    bool sent = server_write(fd, head, strlen(head)) && server_write(fd, body, length);
    static const char chunk[65536];
    for (size_t done = 0; huge && sent && done < promised; done += sizeof chunk)
        sent = server_write(fd, chunk, sizeof chunk);
    return sent && reply->kind == REPLY;
}

static inline void *server_connection_run(void *payload)
{
    struct server_connection connection = *(struct server_connection *)payload;
    struct server *server = connection.server;
    free(payload);
    bool open = true;
    for (char *request; open && (request = server_read(connection.fd));) {
        pthread_mutex_lock(&server->lock);
        size_t n = server->count < server->replies ? server->count : server->replies - 1;
        if (server->count < SERVER_MAX)
            server->requests[server->count++] = request;
        else
            free(request);
        pthread_mutex_unlock(&server->lock);
        int active = atomic_fetch_add(&server->active, 1) + 1, most = server->most_active;
        while (active > most && !atomic_compare_exchange_weak(&server->most_active, &most, active))
            ;
        struct reply reply = server->script[n];
        server_pause(reply.delay_ms);
        atomic_fetch_sub(&server->active, 1);
        open = server_answer(connection.fd, &reply);
    }
    close(connection.fd);
    atomic_fetch_sub(&server->open, 1);
    return NULL;
}

static inline void *server_run(void *payload)
{
    struct server *server = payload;
    for (int fd; (fd = accept(server->listener, NULL, NULL)) >= 0;) {
        struct server_connection *connection = malloc(sizeof *connection);
        pthread_t thread;
        int on = 1; /* else the second write of a reply waits for a delayed ACK */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        *connection = (struct server_connection){server, fd};
        atomic_fetch_add(&server->connections, 1);
        atomic_fetch_add(&server->open, 1);
        if (pthread_create(&thread, NULL, server_connection_run, connection) == 0)
            pthread_detach(thread);
    }
    return NULL;
}

static inline struct server *server_start(const struct reply *script, size_t replies)
{
    struct server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    server->script = script;
    server->replies = replies;
    pthread_mutex_init(&server->lock, NULL);
    if (bind(server->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(server->listener, 128) < 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) < 0)
        abort();
    server->port = ntohs(address.sin_port);
    pthread_create(&server->thread, NULL, server_run, server);
    return server;
}

/* After the client has closed its connections, which ends their threads. */
static inline void server_stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    close(server->listener);
    pthread_join(server->thread, NULL);
    for (int i = 0; i < 500 && server->open > 0; i++)
        server_pause(10);
    if (server->open > 0)
        abort(); /* the client left a connection open */
    for (size_t i = 0; i < server->count; i++)
        free(server->requests[i]);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

static inline const char *server_request(struct server *server, size_t n)
{
    pthread_mutex_lock(&server->lock);
    const char *request = n < server->count ? server->requests[n] : "";
    pthread_mutex_unlock(&server->lock);
    return request;
}

#endif

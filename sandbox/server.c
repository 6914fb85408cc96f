/* server.c: HTTP, by libmicrohttpd with a thread a connection. It turns a message into a
 * sb_exchange and back and knows nothing of AWS. The target is taken as it was sent: signatures
 * cover its bytes.
 */
#include "sandbox/internal.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE_SECONDS 120

struct sb_server {
    struct sandbox *sandbox;
    struct MHD_Daemon *daemon;
};

/* One request on its way in. */
struct incoming {
    struct lb_arena *arena;
    char *target;
    struct lb_str body;
    bool begun;
};

static void *incoming_new(void *cls, const char *uri, struct MHD_Connection *connection)
{
    (void)cls;
    (void)connection;
    struct lb_arena *arena = lb_arena_new();
    struct incoming *incoming = lb_arena_alloc(arena, sizeof *incoming);
    incoming->arena = arena;
    incoming->target = lb_arena_strdup(arena, uri);
    lb_str_init(&incoming->body, SB_MAX_BODY);
    return incoming;
}

static void incoming_done(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    struct incoming *incoming = *context;
    if (incoming) {
        lb_str_release(&incoming->body);
        lb_arena_free(incoming->arena);
        *context = NULL;
    }
}

/* The target's path may hold escapes that MHD would resolve: it is left alone. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

struct header_sink {
    struct lb_arena *arena;
    struct lb_value *headers;
};

static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                  const char *value)
{
    (void)kind;
    const struct header_sink *sink = cls;
    char *name = lb_lowercase(sink->arena, key);
    const char *before = lb_text(lb_map_get(sink->headers, name), NULL);
    value = value ? value : "";
    lb_map_set_string(sink->arena, sink->headers, name,
                      before ? lb_arena_printf(sink->arena, "%s,%s", before, value) : value);
    return MHD_YES;
}

static bool is_loopback(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    if (!address || address->sa_family != AF_INET) {
        return false;
    }
    struct sockaddr_in in;
    memcpy(&in, address, sizeof in);
    return ntohl(in.sin_addr.s_addr) >> 24 == 127;
}

static void fill_request(struct incoming *incoming, struct MHD_Connection *connection,
                         const char *method, struct sb_exchange *exchange)
{
    struct lb_arena *arena = incoming->arena;
    struct sb_request *request = &exchange->request;
    struct header_sink sink = {arena, lb_value_map(arena)};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &sink);
    request->arena = arena;
    request->method = lb_arena_strdup(arena, method);
    request->headers = sink.headers;
    request->host = lb_text(lb_map_get(sink.headers, "host"), "");
    char *mark = strchr(incoming->target, '?');
    if (mark) {
        *mark = '\0';
    }
    request->path = incoming->target;
    request->raw_query = mark ? mark + 1 : "";
    request->body = lb_str_text(&incoming->body);
    request->body_length = incoming->body.length;
    exchange->loopback = is_loopback(connection);
}

/* Half of the body and then nothing: the client sees a connection closed or reset too early. */
struct cut {
    struct MHD_Connection *connection;
    char *bytes;
    size_t length;
    bool reset;
};

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static void reset_on_close(struct MHD_Connection *connection)
{
    int fd = socket_of(connection);
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
}

static ssize_t cut_read(void *cls, uint64_t at, char *out, size_t max)
{
    const struct cut *cut = cls;
    size_t half = cut->length / 2;
    if (at >= half) {
        if (cut->reset) {
            reset_on_close(cut->connection);
        }
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    size_t length = half - (size_t)at < max ? half - (size_t)at : max;
    memcpy(out, cut->bytes + at, length);
    return (ssize_t)length;
}

static void cut_free(void *cls)
{
    struct cut *cut = cls;
    free(cut->bytes);
    free(cut);
}

static struct MHD_Response *cut_response(struct MHD_Connection *connection,
                                         const struct lb_str *body, bool reset)
{
    struct cut *cut = malloc(sizeof *cut);
    char *bytes = malloc(body->length + 2);
    if (!cut || !bytes) {
        free(cut);
        free(bytes);
        return NULL;
    }
    memcpy(bytes, lb_str_text(body), body->length);
    *cut = (struct cut){connection, bytes, body->length, reset};
    return MHD_create_response_from_callback(body->length + 2, 4096, cut_read, cut, cut_free);
}

static enum MHD_Result send_response(struct MHD_Connection *connection,
                                     struct sb_exchange *exchange)
{
    struct sb_response *response = &exchange->response;
    const struct lb_str *body = &response->body;
    bool reset = exchange->send == SB_RESET_BODY;
    struct MHD_Response *out = exchange->send == SB_TRUNCATE || reset
                                   ? cut_response(connection, body, reset)
                                   : MHD_create_response_from_buffer(
                                         body->length, (void *)(size_t)lb_str_text(body),
                                         MHD_RESPMEM_MUST_COPY);
    if (!out) {
        return MHD_NO;
    }
    for (size_t i = 0; i < lb_value_count(response->headers); i++) {
        const struct lb_entry *entry = lb_map_nth(response->headers, i);
        MHD_add_response_header(out, entry->key, lb_text(entry->value, ""));
    }
    if (response->content_type) {
        MHD_add_response_header(out, "Content-Type", response->content_type);
    }
    MHD_add_response_header(out, "Server", "lifeboat-sandbox");
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)response->status, out);
    MHD_destroy_response(out);
    return result;
}

/* A client that gave up ends the wait: nobody is left to hold back an answer from. */
static void hold_back(struct MHD_Connection *connection, int64_t ms)
{
    struct pollfd waiting = {.fd = socket_of(connection), .events = POLLIN};
    char byte;
    if (poll(&waiting, 1, (int)ms) > 0 && recv(waiting.fd, &byte, 1, MSG_PEEK) > 0) {
        poll(NULL, 0, (int)ms); /* it sends on, and did not leave */
    }
}

static enum MHD_Result answer(struct sandbox *sandbox, struct incoming *incoming,
                              struct MHD_Connection *connection, const char *method)
{
    struct sb_exchange exchange = {0};
    enum MHD_Result result = MHD_NO;
    lb_str_init(&exchange.response.body, SB_MAX_BODY);
    fill_request(incoming, connection, method, &exchange);
    sb_serve(sandbox, &exchange);
    if (exchange.delay_ms > 0) {
        hold_back(connection, exchange.delay_ms);
    }
    if (exchange.send == SB_RESET) {
        reset_on_close(connection);
    } else if (exchange.send != SB_CLOSE) {
        result = send_response(connection, &exchange);
    }
    lb_str_release(&exchange.response.body);
    return result;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **context)
{
    (void)url;
    (void)version;
    struct incoming *incoming = *context;
    if (!incoming) {
        return MHD_NO;
    }
    if (!incoming->begun) {
        incoming->begun = true;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        lb_str_add(&incoming->body, upload, *upload_size);
        *upload_size = 0;
        return incoming->body.overflow ? MHD_NO : MHD_YES;
    }
    return answer(cls, incoming, connection, method);
}

/* "HOST:PORT", IPv4. 0 or -1. */
static int parse_listen(const char *text, struct sockaddr_in *address)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    char *end;
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    if (!colon || (size_t)(colon - text) >= sizeof host) {
        return -1;
    }
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    unsigned long port = strtoul(colon + 1, &end, 10);
    address->sin_port = htons((uint16_t)port);
    return *end || end == colon + 1 || port > 65535 ||
                   inet_pton(AF_INET, lb_streq(host, "localhost") ? "127.0.0.1" : host,
                             &address->sin_addr) != 1
               ? -1
               : 0;
}

struct sb_server *sb_server_start(struct sandbox *sandbox, const char *listen, unsigned *port)
{
    struct sockaddr_in address;
    struct sb_server *server = calloc(1, sizeof *server);
    if (!server || parse_listen(listen, &address) < 0) {
        fprintf(stderr, "lifeboat-sandbox: --listen %s: ADDRESS:PORT is expected\n", listen);
        free(server);
        return NULL;
    }
    server->sandbox = sandbox;
    server->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, ntohs(address.sin_port),
        NULL, NULL, handle, sandbox, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_URI_LOG_CALLBACK, incoming_new, NULL, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes,
        NULL, MHD_OPTION_NOTIFY_COMPLETED, incoming_done, NULL, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)256 << 10,
        MHD_OPTION_END);
    const union MHD_DaemonInfo *info = server->daemon
                                           ? MHD_get_daemon_info(server->daemon,
                                                                 MHD_DAEMON_INFO_BIND_PORT)
                                           : NULL;
    if (!info) {
        fprintf(stderr, "lifeboat-sandbox: cannot listen on %s\n", listen);
        free(server);
        return NULL;
    }
    *port = info->port;
    return server;
}

void sb_server_stop(struct sb_server *server)
{
    if (server) {
        MHD_stop_daemon(server->daemon);
        free(server);
    }
}

/* bare.c: the yardstick of the figures: recorded requests through a bare libcurl multi handle.
 *
 *     bench_bare REQUESTS PORT WINDOW
 *
 * Nothing is signed, decoded or compared; easy handles and connections are reused, at most WINDOW
 * requests are in flight per place. A request that needs another's answer (a page, an endpoint, an
 * id) waits for it, as any client must. REQUESTS holds, over and over, a line
 * "PLACE AFTER METHOD HOST TARGET HEADERS BODY_LENGTH", the header lines and the body; AFTER is the
 * index of the request that it waits for, or -1; HOST is "-" for an AWS service.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS 16384
#define PLACES 1024

struct request {
    int place, after;
    char method[16], host[256], target[4096];
    struct curl_slist *headers;
    char *body;
    size_t body_length;
    struct request *next; /* in its place's queue, or among those that wait for the same answer */
    struct request *waiting;
};

struct place {
    struct request *first, *last;
    int in_flight;
};

static struct request *requests[REQUESTS];
static struct place places[PLACES];
static CURL *idle[REQUESTS];
static size_t count, idle_count;
static CURLM *multi;
static struct curl_slist *address;
static long port, window, running;

static void queue(struct request *request)
{
    struct place *place = &places[request->place];
    request->next = NULL;
    if (place->first)
        place->last->next = request;
    else
        place->first = request;
    place->last = request;
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    int headers;
    char line[8192];
    struct request next = {0};
    if (!file)
        exit(1);
    while (count < REQUESTS &&
           fscanf(file, "%d %d %15s %255s %4095s %d %zu", &next.place, &next.after, next.method,
                  next.host, next.target, &headers, &next.body_length) == 7) {
        struct request *request = malloc(sizeof next);
        if (!request || next.place >= PLACES || !fgets(line, sizeof line, file))
            exit(1);
        *request = next;
        for (; headers > 0 && fgets(line, sizeof line, file); headers--) {
            line[strcspn(line, "\n")] = '\0';
            request->headers = curl_slist_append(request->headers, line);
        }
        request->body = malloc(request->body_length + 1);
        if (!request->body ||
            fread(request->body, 1, request->body_length, file) != request->body_length)
            exit(1);
        requests[count++] = request;
    }
    fclose(file);
}

static size_t discard(char *bytes, size_t size, size_t number, void *payload)
{
    (void)bytes, (void)payload;
    return size * number;
}

static void start(struct request *request)
{
    CURL *easy = idle_count ? idle[--idle_count] : curl_easy_init();
    char url[5120];
    bool aws = strcmp(request->host, "-") == 0;
    curl_easy_reset(easy);
    if (aws)
        snprintf(url, sizeof url, "http://127.0.0.1:%ld%s", port, request->target);
    else
        snprintf(url, sizeof url, "http://%s%s", request->host, request->target);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (!aws)
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, address);
    if (request->body_length || strcmp(request->method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)request->body_length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    }
    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    curl_multi_add_handle(multi, easy);
    running++;
}

static void dispatch(void)
{
    for (size_t i = 0; i < PLACES; i++)
        while (places[i].first && places[i].in_flight < window) {
            struct request *request = places[i].first;
            places[i].first = request->next;
            places[i].in_flight++;
            start(request);
        }
}

static void finished(CURL *easy)
{
    struct request *request;
    char *private;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    request = (struct request *)(void *)private;
    curl_multi_remove_handle(multi, easy);
    idle[idle_count++] = easy;
    places[request->place].in_flight--;
    running--;
    while (request->waiting) {
        struct request *freed = request->waiting;
        request->waiting = freed->next;
        queue(freed);
    }
}

int main(int argc, char **argv)
{
    char target[64];
    int open, left;
    if (argc != 4)
        return 64;
    port = strtol(argv[2], NULL, 10);
    window = strtol(argv[3], NULL, 10);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 256L);
    snprintf(target, sizeof target, "::127.0.0.1:%ld", port);
    address = curl_slist_append(NULL, target);
    load(argv[1]);
    for (size_t i = 0; i < count; i++) {
        struct request *before = requests[i]->after < 0 ? NULL : requests[requests[i]->after];
        if (!before) {
            queue(requests[i]);
            continue;
        }
        requests[i]->next = before->waiting;
        before->waiting = requests[i];
    }
    for (dispatch(); running > 0; dispatch()) {
        CURLMsg *message;
        curl_multi_perform(multi, &open);
        while ((message = curl_multi_info_read(multi, &left)))
            if (message->msg == CURLMSG_DONE)
                finished(message->easy_handle);
        dispatch();
        if (running > 0)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    return 0;
}

/* loadgen: glasses and apps by the thousand, in one thread, to load a relay and to time it.
 *
 *   cc -O2 -o loadgen loadgen.c
 *   loadgen --plan plan.txt --port 8002 --mode window --window 1 --seconds 4 --pid 4711
 *
 * Python would be the slowest part of the comparison, so the clients are written in C: plain
 * sockets, one epoll, frames masked as they are written.  A delivery is recognised and timed by a
 * stamp inside the payload: "~~" and the sending instant in 16 hexadecimal digits, nanoseconds.
 *
 * The plan is a text file; each line is a word, a blank and the rest:
 *   session            a new session; its connections follow
 *   glasses PATH       the session's sender
 *   app PATH           a receiver of the session
 *   key TEXT           connect this app only when the webhook has been called with this session id
 *   header LINE        one more header of the upgrade request
 *   say TEXT           a step of the opening: send this text frame
 *   await TEXT         a step of the opening: go on when a frame has come that contains this
 *   text TEMPLATE      what the glasses send; %STAMP% in it becomes the stamp
 *   binary N           what the glasses send: N bytes that begin with the stamp
 *
 * Modes:
 *   window  every sender keeps --window messages on their way: how much goes through
 *   rate    --rate messages a second over all senders, timed from the instant at which each was
 *           due, so that a late sender counts against the relay: how long it takes
 *   idle    open everything and weigh the server before and after
 *   accept  everybody connects once and leaves; then --at-once sockets connect, upgrade, are reset
 *           after the 101 and begin again
 *
 * With --webhook-port it also plays the app server: a POST is answered with success, and a
 * session_request makes the app with that session id connect.  One JSON object goes to stdout.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STAMP_LENGTH 18
#define READ_SIZE (256 * 1024)
#define HOOK_SIZE 8192
#define SECOND 1000000000ull

enum kind { CLIENT, LISTENER, HOOK };
enum role { GLASSES, APP };
enum state { WAITING, UPGRADING, OPENING, READY, GONE };
enum opcode { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

struct bytes { unsigned char *data; size_t length, capacity; };
struct step { bool say; char *text; };

struct connection {
    enum kind kind; /* first in each struct an epoll event can point to */
    enum role role;
    enum state state;
    int fd, session;
    bool wants_write;
    char *path, *headers, *key;
    struct step *steps;
    int step_count, step;
    struct bytes outgoing, incoming;
};
struct hook { enum kind kind; int fd; size_t used; char buffer[HOOK_SIZE + 1]; };
struct session {
    int first, count, apps, unready, sender; /* sender: index of a connection, -1 for none */
    enum opcode opcode;
    struct bytes payload;
    size_t stamp_at;
    uint64_t sent, delivered;
};

static struct {
    const char *host, *mode;
    int port, webhook_port, window, at_once, pids[32], pid_count;
    double rate, seconds, warm, settle, deadline;
} option = {.host = "127.0.0.1", .mode = "window", .port = 8002, .window = 1, .at_once = 32,
            .rate = 2000, .seconds = 4, .warm = 1, .settle = 0.2, .deadline = 60};

static struct connection *connections;
static struct session *sessions;
static int connection_count, session_count, poller;
static int ready_sessions, begun_sessions;
static bool measuring, sending, accepting, leaving;
static struct { uint64_t delivered, sent, bytes, other, errors, refused, resets, webhooks, closes[5000]; } tally;
static struct { uint32_t *values; size_t count, capacity; } latencies;

/* ---- small things ---- */

static uint64_t now(void)
{
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (uint64_t)moment.tv_sec * SECOND + moment.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "loadgen: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(2);
}

static void *grown(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (!memory) fail("out of memory");
    return memory;
}

static void reserve(struct bytes *bytes, size_t more)
{
    size_t need = bytes->length + more;
    if (need <= bytes->capacity) return;
    bytes->capacity = need < 512 ? 512 : need * 2;
    bytes->data = grown(bytes->data, bytes->capacity);
}

static void append(struct bytes *bytes, const void *data, size_t length)
{
    reserve(bytes, length);
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

static void watch(int fd, void *owner, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = owner};
    if (epoll_ctl(poller, how, fd, &event) < 0) fail("epoll_ctl");
}

static void write_stamp(unsigned char *at, uint64_t instant)
{
    *at++ = '~';
    *at++ = '~';
    for (int shift = 60; shift >= 0; shift -= 4) *at++ = "0123456789abcdef"[instant >> shift & 15];
}

static uint64_t read_stamp(const unsigned char *at)
{
    uint64_t instant = 0;
    for (int i = 2; i < STAMP_LENGTH; i++) instant = instant << 4 | (at[i] <= '9' ? at[i] - '0' : at[i] - 'a' + 10);
    return instant;
}

/* ---- what the server used ---- */

struct usage { double user, system; };

static struct usage server_usage(void)
{
    struct usage usage = {0, 0};
    double ticks = sysconf(_SC_CLK_TCK);
    for (int i = 0; i < option.pid_count; i++) {
        char name[64], line[1024];
        unsigned long user, system;
        snprintf(name, sizeof name, "/proc/%d/stat", option.pids[i]);
        FILE *file = fopen(name, "r");
        if (!file) continue;
        line[fread(line, 1, sizeof line - 1, file)] = 0;
        fclose(file);
        /* the program's name may hold blanks and parentheses: count from the last one */
        char *rest = strrchr(line, ')');
        if (rest && sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2) {
            usage.user += user / ticks;
            usage.system += system / ticks;
        }
    }
    return usage;
}

static long server_memory(void)
{
    long total = 0;
    for (int i = 0; i < option.pid_count; i++) {
        char name[64], line[256];
        snprintf(name, sizeof name, "/proc/%d/status", option.pids[i]);
        FILE *file = fopen(name, "r");
        if (!file) continue;
        while (fgets(line, sizeof line, file))
            if (!strncmp(line, "VmRSS:", 6)) total += atol(line + 6);
        fclose(file);
    }
    return total;
}

static double own_cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- connections ---- */

static void lose(struct connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    if (connection->state != GONE && !leaving) tally.resets++;
    connection->state = GONE;
}

static void flush(struct connection *connection)
{
    struct bytes *out = &connection->outgoing;
    size_t gone = 0;
    while (gone < out->length) {
        ssize_t written = send(connection->fd, out->data + gone, out->length - gone, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written < 0) break; /* full, or broken: then the next read tells */
        gone += written;
    }
    memmove(out->data, out->data + gone, out->length - gone);
    out->length -= gone;
    bool wants = out->length > 0;
    if (wants != connection->wants_write) {
        connection->wants_write = wants;
        watch(connection->fd, connection, EPOLL_CTL_MOD, EPOLLIN | (wants ? EPOLLOUT : 0));
    }
}

static bool dial(struct connection *connection)
{
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(option.port)};
    inet_pton(AF_INET, option.host, &address.sin_addr);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connection->fd < 0) fail("socket");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection->fd, (void *)&address, sizeof address) < 0 && errno != EINPROGRESS) {
        close(connection->fd);
        connection->fd = -1;
        return false;
    }
    char *request;
    int length = asprintf(&request,
        "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: bWVudHJhIGxvYWQgdGVzdA==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        connection->path, option.host, option.port, connection->headers ? connection->headers : "");
    if (length < 0) fail("out of memory");
    connection->state = UPGRADING;
    connection->step = 0;
    connection->incoming.length = connection->outgoing.length = 0;
    append(&connection->outgoing, request, length);
    free(request);
    connection->wants_write = true;
    watch(connection->fd, connection, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
    return true;
}

static unsigned char *put_head(struct connection *connection, enum opcode opcode, size_t length, uint32_t mask)
{
    struct bytes *out = &connection->outgoing;
    reserve(out, length + 14);
    unsigned char *at = out->data + out->length;
    *at++ = 0x80 | opcode;
    if (length < 126) *at++ = 0x80 | length;
    else if (length < 65536) { *at++ = 0x80 | 126; *at++ = length >> 8; *at++ = length; }
    else { *at++ = 0x80 | 127; for (int shift = 56; shift >= 0; shift -= 8) *at++ = (uint64_t)length >> shift; }
    memcpy(at, &mask, 4);
    out->length = at + 4 + length - out->data;
    return at + 4;
}

static void put_frame(struct connection *connection, enum opcode opcode, const void *payload, size_t length,
                      long stamp_at, uint64_t instant)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13; state ^= state >> 17; state ^= state << 5;
    uint64_t key = (uint64_t)state << 32 | state;
    unsigned char *at = put_head(connection, opcode, length, state);
    memcpy(at, payload, length);
    if (stamp_at >= 0) write_stamp(at + stamp_at, instant);
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t eight;
        memcpy(&eight, at + i, 8);
        eight ^= key;
        memcpy(at + i, &eight, 8);
    }
    for (; i < length; i++) at[i] ^= ((unsigned char *)&key)[i & 7];
}

/* ---- opening ---- */

static void advance(struct connection *connection)
{
    while (connection->step < connection->step_count && connection->steps[connection->step].say) {
        const char *text = connection->steps[connection->step++].text;
        put_frame(connection, TEXT, text, strlen(text), -1, 0);
    }
    flush(connection);
    if (connection->step < connection->step_count) return;
    connection->state = READY;
    if (--sessions[connection->session].unready == 0) ready_sessions++;
}

static void begin_sessions(void)
{
    while (begun_sessions < session_count && begun_sessions - ready_sessions < option.at_once) {
        struct session *session = &sessions[begun_sessions];
        for (int i = session->first; i < session->first + session->count; i++)
            if (!connections[i].key && connections[i].state == WAITING && !dial(&connections[i])) return;
        begun_sessions++;
    }
}

/* ---- messages ---- */

static void produce(struct session *session, uint64_t instant)
{
    put_frame(&connections[session->sender], session->opcode, session->payload.data, session->payload.length,
              session->stamp_at, instant);
    session->sent++;
    if (measuring) tally.sent++;
}

static void note_latency(uint64_t nanoseconds)
{
    if (latencies.count == latencies.capacity) {
        latencies.capacity = latencies.capacity ? latencies.capacity * 2 : 1 << 20;
        latencies.values = grown(latencies.values, latencies.capacity * sizeof *latencies.values);
    }
    latencies.values[latencies.count++] = nanoseconds > UINT32_MAX ? UINT32_MAX : nanoseconds;
}

static void delivered(struct connection *app, const unsigned char *payload, size_t length)
{
    const unsigned char *stamp = memmem(payload, length, "~~", 2);
    if (!stamp || stamp + STAMP_LENGTH > payload + length) { tally.other++; return; }
    struct session *session = &sessions[app->session];
    session->delivered++;
    if (measuring) {
        tally.delivered++;
        tally.bytes += length;
        note_latency(now() - read_stamp(stamp));
    }
    if (!sending || option.mode[0] != 'w' || session->delivered % session->apps) return;
    while (session->sent - session->delivered / session->apps < (uint64_t)option.window) produce(session, now());
}

static void on_frame(struct connection *connection, enum opcode opcode, const unsigned char *payload, size_t length)
{
    if (opcode == PING) {
        put_frame(connection, PONG, payload, length, -1, 0);
        flush(connection);
    } else if (opcode == CLOSE) {
        unsigned code = length > 1 ? payload[0] << 8 | payload[1] : 1005;
        if (!leaving) {
            tally.closes[code < 5000 ? code : 0]++;
            if (tally.errors++ < 3) fprintf(stderr, "loadgen: closed with %u %.*s\n", code, length > 2 ? (int)length - 2 : 0, payload + 2);
        }
        connection->state = GONE;
    } else if (connection->state == OPENING) {
        const char *wanted = connection->steps[connection->step].text;
        if (memmem(payload, length, wanted, strlen(wanted))) { connection->step++; advance(connection); }
    } else if (connection->role == APP && connection->state == READY && opcode != PONG) {
        delivered(connection, payload, length);
    }
}

/* How much of the bytes was whole frames, all of them handled. */
static size_t take_frames(struct connection *connection, const unsigned char *data, size_t length)
{
    size_t at = 0;
    for (;;) {
        const unsigned char *head = data + at;
        size_t left = length - at, header = 2;
        if (left < 2) return at;
        uint64_t size = head[1] & 127;
        if (size == 126) {
            if (left < 4) return at;
            size = head[2] << 8 | head[3];
            header = 4;
        } else if (size == 127) {
            if (left < 10) return at;
            size = 0;
            for (int i = 2; i < 10; i++) size = size << 8 | head[i];
            header = 10;
        }
        if (left - header < size || left < header) return at;
        at += header + size;
        on_frame(connection, head[0] & 15, head + header, size);
    }
}

/* The end of the response head, 0 if it is not whole yet, -1 if the upgrade was refused. */
static long upgraded(const unsigned char *data, size_t length)
{
    unsigned char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (length > 12 && !memcmp(data, "HTTP/1.1 101", 12)) return end + 4 - data;
    if (tally.refused++ < 3) fprintf(stderr, "loadgen: upgrade refused: %.*s\n", (int)strcspn((char *)data, "\r"), data);
    return -1;
}

/* Read what is there; false when the connection is over. */
static bool readable(struct connection *connection)
{
    static unsigned char fresh[READ_SIZE + 1];
    struct bytes *kept = &connection->incoming;
    ssize_t got = recv(connection->fd, fresh, READ_SIZE, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got <= 0) return false;
    const unsigned char *data = fresh;
    size_t length = got, used = 0;
    fresh[got] = 0;
    if (kept->length) {
        append(kept, fresh, got + 1);
        data = kept->data;
        length = --kept->length;
    }
    if (connection->state == UPGRADING) {
        long end = upgraded(data, length);
        if (end < 0) return false;
        if (end > 0) {
            used = end;
            connection->state = OPENING;
            if (accepting) return true;
            advance(connection);
        }
    }
    if (connection->state != UPGRADING) used += take_frames(connection, data + used, length - used);
    if (data == fresh) {
        if (used < length) append(kept, fresh + used, length - used);
    } else {
        memmove(kept->data, kept->data + used, length - used);
        kept->length = length - used;
    }
    return true;
}

static void on_client(struct connection *connection, uint32_t events)
{
    if (connection->fd < 0) return;
    if (events & EPOLLOUT) flush(connection);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    if (!readable(connection)) { lose(connection); return; }
    int sender = sessions[connection->session].sender;
    if (sending && sender >= 0 && connections[sender].fd >= 0 && connections[sender].outgoing.length)
        flush(&connections[sender]);
}

/* ---- the app server's half ---- */

static struct connection *app_with_key(const char *body)
{
    const char *name = strstr(body, "\"sessionId\"");
    if (!name) return NULL;
    const char *value = strchr(name + 11, '"');
    if (!value) return NULL;
    size_t length = strcspn(++value, "\"");
    for (int i = 0; i < connection_count; i++)
        if (connections[i].key && strlen(connections[i].key) == length && !memcmp(connections[i].key, value, length))
            return &connections[i];
    return NULL;
}

static void on_hook(struct hook *hook)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"status\":\"success\"}";
    ssize_t got = recv(hook->fd, hook->buffer + hook->used, HOOK_SIZE - hook->used, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { close(hook->fd); free(hook); return; }
    hook->used += got;
    hook->buffer[hook->used] = 0;
    char *body = strstr(hook->buffer, "\r\n\r\n"), *size = strcasestr(hook->buffer, "\r\ncontent-length:");
    if (!body || !size) return;
    body += 4;
    if (hook->used - (body - hook->buffer) < strtoul(size + 17, NULL, 10)) return;
    tally.webhooks++;
    struct connection *app = strstr(body, "session_request") ? app_with_key(body) : NULL;
    if (app && app->state == WAITING && !dial(app)) tally.errors++;
    hook->used = 0;
    if (send(hook->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0) tally.errors++;
}

static void on_listener(int fd)
{
    int accepted;
    while ((accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct hook *hook = grown(NULL, sizeof *hook);
        hook->kind = HOOK;
        hook->fd = accepted;
        hook->used = 0;
        watch(accepted, hook, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static struct { enum kind kind; int fd; } listener = {LISTENER, -1};

static void listen_for_webhooks(void)
{
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(option.webhook_port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener.fd, (void *)&address, sizeof address) < 0 || listen(listener.fd, 1024) < 0) fail("webhook port");
    watch(listener.fd, &listener, EPOLL_CTL_ADD, EPOLLIN);
}

static void pump(int64_t nanoseconds)
{
    struct epoll_event events[512];
    struct timespec limit = {nanoseconds / (int64_t)SECOND, nanoseconds % (int64_t)SECOND};
    int count = epoll_pwait2(poller, events, 512, &limit, NULL);
    for (int i = 0; i < count; i++) {
        enum kind kind = *(enum kind *)events[i].data.ptr;
        if (kind == CLIENT) on_client(events[i].data.ptr, events[i].events);
        else if (kind == HOOK) on_hook(events[i].data.ptr);
        else on_listener(listener.fd);
    }
}

/* ---- the plan ---- */

static void set_payload(struct session *session, int sender, const char *word, const char *rest)
{
    session->sender = sender;
    if (*word == 'b') {
        size_t length = strtoul(rest, NULL, 10);
        session->opcode = BINARY;
        session->payload.length = length < STAMP_LENGTH ? STAMP_LENGTH : length;
        session->payload.data = grown(NULL, session->payload.length);
        for (size_t i = 0; i < session->payload.length; i++) session->payload.data[i] = i * 31 % 97;
        return;
    }
    const char *mark = strstr(rest, "%STAMP%");
    if (!mark) fail("a text needs %STAMP%");
    session->opcode = TEXT;
    session->stamp_at = mark - rest;
    append(&session->payload, rest, session->stamp_at);
    append(&session->payload, "~~0000000000000000", STAMP_LENGTH);
    append(&session->payload, mark + 7, strlen(mark + 7));
}

static struct connection *add_connection(enum role role, const char *path)
{
    if (!session_count) fail("the plan begins with a session");
    if (!(connection_count & (connection_count - 1))) /* a power of two: room for as many again */
        connections = grown(connections, (connection_count ? connection_count * 2 : 1) * sizeof *connections);
    struct connection *connection = &connections[connection_count++];
    struct session *session = &sessions[session_count - 1];
    *connection = (struct connection){.kind = CLIENT, .role = role, .fd = -1, .session = session_count - 1, .path = strdup(path)};
    session->count++;
    session->unready++;
    session->apps += role == APP;
    return connection;
}

static void add_session(void)
{
    if (!(session_count & (session_count - 1)))
        sessions = grown(sessions, (session_count ? session_count * 2 : 1) * sizeof *sessions);
    sessions[session_count++] = (struct session){.first = connection_count, .sender = -1};
}

static void load_plan(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file) fail(name);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    struct connection *last = NULL;
    while ((length = getline(&line, &capacity, file)) > 0) {
        if (line[length - 1] == '\n') line[--length] = 0;
        char *rest = strchr(line, ' ');
        if (rest) *rest++ = 0; else rest = line + length;
        if (!strcmp(line, "session")) add_session();
        else if (!strcmp(line, "glasses")) last = add_connection(GLASSES, rest);
        else if (!strcmp(line, "app")) last = add_connection(APP, rest);
        else if (!last) fail("the plan names no connection yet");
        else if (!strcmp(line, "key")) last->key = strdup(rest);
        else if (!strcmp(line, "header")) {
            size_t before = last->headers ? strlen(last->headers) : 0;
            last->headers = grown(last->headers, before + strlen(rest) + 3);
            sprintf(last->headers + before, "%s\r\n", rest);
        } else if (!strcmp(line, "say") || !strcmp(line, "await")) {
            last->steps = grown(last->steps, (last->step_count + 1) * sizeof *last->steps);
            last->steps[last->step_count++] = (struct step){*line == 's', strdup(rest)};
        } else if (!strcmp(line, "text") || !strcmp(line, "binary"))
            set_payload(&sessions[last->session], last - connections, line, rest);
        else fail("a word the plan does not know");
    }
    free(line);
    fclose(file);
    if (!connection_count) fail("an empty plan");
}

/* ---- the modes ---- */

static void explain_unready(void)
{
    int told = 0;
    fprintf(stderr, "loadgen: %d of %d sessions opened; %lu upgrades refused, %lu sockets lost\n", ready_sessions,
            session_count, tally.refused, tally.resets);
    for (int i = 0; i < connection_count && told < 3; i++) {
        struct connection *connection = &connections[i];
        if (connection->state == READY || connection->session >= begun_sessions) continue;
        told++;
        fprintf(stderr, "loadgen: %s of session %d: %s%s\n", connection->role == APP ? "an app" : "the glasses",
                connection->session,
                connection->state == WAITING ? "its webhook was not called" : connection->state == GONE ? "lost"
                : connection->state == UPGRADING ? "not upgraded" : "waits for ",
                connection->state == OPENING ? connection->steps[connection->step].text : "");
    }
    exit(3);
}

static double open_all(void)
{
    uint64_t begin = now(), limit = begin + option.deadline * SECOND;
    bool hopeless = false;
    while (ready_sessions < session_count) {
        begin_sessions();
        pump(10000000);
        if (now() > limit) explain_unready();
        if (!hopeless && tally.refused + tally.resets + tally.errors) {
            hopeless = true;
            limit = now() + SECOND; /* no session recovers: see what else goes wrong, then tell */
        }
    }
    double took = (now() - begin) / 1e9;
    uint64_t settled = now() + option.settle * SECOND;
    while (now() < settled) pump(10000000);
    return took;
}

static void print_troubles(void)
{
    printf(",\"errors\":%lu,\"refused\":%lu,\"resets\":%lu,\"closes\":{", tally.errors, tally.refused, tally.resets);
    const char *comma = "";
    for (int code = 0; code < 5000; code++)
        if (tally.closes[code]) { printf("%s\"%d\":%lu", comma, code, tally.closes[code]); comma = ","; }
    printf("},\"webhooks\":%lu}\n", tally.webhooks);
}

static int by_value(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a < b ? -1 : a > b;
}

static double percentile(double part)
{
    return latencies.count ? latencies.values[(size_t)(part * (latencies.count - 1))] / 1000.0 : 0;
}

static void run_idle(void)
{
    long before = server_memory();
    double took = open_all();
    uint64_t end = now() + option.seconds * SECOND;
    while (now() < end) pump(50000000);
    long after = server_memory();
    printf("{\"mode\":\"idle\",\"connections\":%d,\"opened_in\":%.3f,\"before_kb\":%ld,\"after_kb\":%ld,\"kb_per_connection\":%.3f",
           connection_count, took, before, after, (double)(after - before) / connection_count);
    leaving = true;
    print_troubles();
}

static void hang_up(struct connection *connection)
{
    struct linger at_once = {1, 0}; /* a reset: no thousands of sockets in TIME_WAIT */
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(connection->fd);
    connection->fd = -1;
}

static uint64_t accept_until(uint64_t end)
{
    uint64_t accepted = 0;
    struct epoll_event events[256];
    while (now() < end && tally.refused + tally.resets < 1000) {
        int count = epoll_wait(poller, events, 256, 20);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) flush(connection);
            if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
            uint64_t refused = tally.refused;
            bool alive = readable(connection);
            if (alive && connection->state == UPGRADING) continue;
            if (alive) accepted++; else if (refused == tally.refused) tally.resets++;
            /* a slot goes round among users of its own, so that no two sockets are of one user */
            int next = connection->session + option.at_once;
            connection->session = next < session_count ? next : next % option.at_once;
            connection->path = connections[connection->session].path;
            connection->headers = connections[connection->session].headers;
            hang_up(connection);
            while (!dial(connection)) usleep(1000);
        }
    }
    return accepted;
}

static void run_accept(void)
{
    if (option.at_once > session_count) option.at_once = session_count;
    /* everybody has been there before, as after a network failure: no user is made meanwhile */
    open_all();
    for (int i = 0; i < connection_count; i++) hang_up(&connections[i]);
    accepting = true;
    struct connection *slots = grown(NULL, option.at_once * sizeof *slots);
    for (int i = 0; i < option.at_once; i++) {
        slots[i] = connections[i];
        slots[i].incoming = slots[i].outgoing = (struct bytes){0};
        if (!dial(&slots[i])) fail("connect");
    }
    accept_until(now() + option.warm * SECOND);
    uint64_t begin = now();
    double own = own_cpu();
    struct usage before = server_usage();
    uint64_t accepted = accept_until(begin + option.seconds * SECOND);
    double took = (now() - begin) / 1e9;
    struct usage after = server_usage();
    double user = after.user - before.user, system = after.system - before.system;
    double each = accepted ? 1e6 / accepted : 0;
    printf("{\"mode\":\"accept\",\"accepts_per_second\":%.1f,\"server_cpu\":%.4f,\"cpu_us\":%.3f,\"user_us\":%.3f,"
           "\"system_us\":%.3f,\"own_cpu\":%.3f",
           accepted / took, (user + system) / took, (user + system) * each, user * each, system * each,
           (own_cpu() - own) / took);
    print_troubles();
}

static uint64_t missing(void)
{
    uint64_t count = 0;
    for (int i = 0; i < session_count; i++)
        if (sessions[i].sender >= 0) count += sessions[i].sent * sessions[i].apps - sessions[i].delivered;
    return count;
}

static void send_until(uint64_t end, const int *senders, int count)
{
    static uint64_t first, sequence;
    double gap = SECOND / option.rate;
    if (!first) first = now();
    for (uint64_t instant; (instant = now()) < end;) {
        if (option.mode[0] == 'w') { pump(20000000); continue; }
        uint64_t due;
        while ((due = first + (uint64_t)(sequence * gap)) <= instant) {
            struct session *session = &sessions[senders[sequence++ % count]];
            if (connections[session->sender].fd < 0) continue;
            produce(session, due);
            flush(&connections[session->sender]);
        }
        int64_t wait = (int64_t)(due - now());
        pump(wait < 30000 ? 0 : wait - 20000); /* the last bit is spun: a sleep wakes too late */
    }
}

static void run_traffic(void)
{
    double opened = open_all();
    int *senders = grown(NULL, session_count * sizeof *senders), count = 0;
    for (int i = 0; i < session_count; i++)
        if (sessions[i].sender >= 0 && sessions[i].apps) senders[count++] = i;
    if (!count) fail("nobody sends");
    sending = true;
    if (option.mode[0] == 'w')
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < option.window; j++) produce(&sessions[senders[i]], now());
            flush(&connections[sessions[senders[i]].sender]);
        }
    send_until(now() + option.warm * SECOND, senders, count);
    measuring = true;
    uint64_t begin = now();
    double own = own_cpu();
    struct usage before = server_usage();
    send_until(begin + option.seconds * SECOND, senders, count);
    double took = (now() - begin) / 1e9;
    struct usage after = server_usage();
    own = own_cpu() - own;
    measuring = sending = false;
    for (uint64_t limit = now() + SECOND; missing() && now() < limit;) pump(20000000);
    qsort(latencies.values, latencies.count, sizeof *latencies.values, by_value);
    double user = after.user - before.user, system = after.system - before.system, each = tally.delivered ? 1e6 / tally.delivered : 0;
    printf("{\"mode\":\"%s\",\"opened_in\":%.3f,\"seconds\":%.3f,\"sent_per_second\":%.1f,\"delivered_per_second\":%.1f,\"megabytes_per_second\":%.2f,"
           "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
           "\"server_cpu\":%.4f,\"cpu_us\":%.4f,\"user_us\":%.4f,\"system_us\":%.4f,\"own_cpu\":%.3f,\"missing\":%lu,\"other\":%lu,\"memory_kb\":%ld",
           option.mode, opened, took, tally.sent / took, tally.delivered / took, tally.bytes / took / 1e6, percentile(.5), percentile(.9),
           percentile(.99), percentile(.999), percentile(1), (user + system) / took, (user + system) * each, user * each,
           system * each, own / took, missing(), tally.other, server_memory());
    leaving = true;
    print_troubles();
}

static void parse(int count, char **words)
{
    for (int i = 1; i + 1 < count; i += 2) {
        char *name = words[i], *value = words[i + 1];
        if (!strcmp(name, "--plan")) load_plan(value);
        else if (!strcmp(name, "--host")) option.host = value;
        else if (!strcmp(name, "--port")) option.port = atoi(value);
        else if (!strcmp(name, "--webhook-port")) option.webhook_port = atoi(value);
        else if (!strcmp(name, "--mode")) option.mode = value;
        else if (!strcmp(name, "--window")) option.window = atoi(value);
        else if (!strcmp(name, "--at-once")) option.at_once = atoi(value);
        else if (!strcmp(name, "--rate")) option.rate = atof(value);
        else if (!strcmp(name, "--seconds")) option.seconds = atof(value);
        else if (!strcmp(name, "--warm")) option.warm = atof(value);
        else if (!strcmp(name, "--settle")) option.settle = atof(value);
        else if (!strcmp(name, "--deadline")) option.deadline = atof(value);
        else if (!strcmp(name, "--pid")) {
            for (char *pid = strtok(value, ","); pid && option.pid_count < 32; pid = strtok(NULL, ","))
                option.pids[option.pid_count++] = atoi(pid);
        } else { errno = 0; fail(name); }
    }
}

int main(int count, char **words)
{
    struct rlimit files;
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    parse(count, words);
    errno = 0;
    if (!connection_count) fail("no --plan");
    if ((poller = epoll_create1(0)) < 0) fail("epoll");
    if (option.webhook_port) listen_for_webhooks();
    if (option.mode[0] == 'a') run_accept();
    else if (option.mode[0] == 'i') run_idle();
    else run_traffic();
    return 0;
}

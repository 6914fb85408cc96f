"""A recording proxy: what a no-op plan asks and what it is answered, for replay.c and bare.c.

Answers of lifeboat-sandbox are kept under what they depend on (see replay.c); requests in the order
in which they came, each with its place (service, region and host: what a window is for) and with
the request whose answer it needs.
"""
import http.client
import http.server
import re
import threading
import time

SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+/[^/]+)/")
HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "date")


class Exchange:
    """One request and its answer."""

    def __init__(self, handler, body):
        self.method, self.target, self.body = handler.command, handler.path, body
        self.headers = handler.headers.items()
        host = handler.headers.get("Host", "")
        self.host = "" if host.startswith("127.0.0.1") else host
        scope = SCOPE.search(handler.headers.get("Authorization", ""))
        self.scope = scope.group(1) if scope else ""
        self.amz_target = handler.headers.get("X-Amz-Target", "")
        self.answer = self.answer_body = b""

    @property
    def place(self):
        return self.scope, self.host

    def key(self):
        return "\n".join([f"{self.method} {self.target}", self.host, self.scope, self.amz_target,
                          ""]).encode() + self.body

    def tokens(self):
        """What another answer must have told before this could be asked."""
        if self.host:
            return [self.host]
        found = re.findall(r"/hostedzone/([A-Z0-9]{6,})", self.target)
        text = self.body.decode(errors="replace")
        found += re.findall(r"<ResourceId>([^<]+)<", text)
        found += re.findall(r'"PaginationToken":"([^"]+)"', text)
        return found


class Proxy:
    """A proxy in front of `upstream` (host:port); `exchanges` fill while it is used. Every answer
    comes `delay` seconds late."""

    def __init__(self, upstream, delay=0):
        self.exchanges = []
        self.lock = threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def relay(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                exchange = Exchange(self, body)
                link = http.client.HTTPConnection(upstream)
                link.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    link.putheader(name, value)
                link.endheaders(body)
                answer = link.getresponse()
                exchange.answer_body = answer.read()
                head = [f"HTTP/1.1 {answer.status} {answer.reason}"]
                head += [f"{n}: {v}" for n, v in answer.getheaders() if n.lower() not in HOP]
                length = answer.getheader("Content-Length") if self.command == "HEAD" else None
                head += [f"Content-Length: {length or len(exchange.answer_body)}", "", ""]
                exchange.answer = "\r\n".join(head).encode() + exchange.answer_body
                link.close()
                time.sleep(delay)
                with proxy.lock:
                    proxy.exchanges.append(exchange)
                self.wfile.write(exchange.answer)

            do_GET = do_POST = do_PUT = do_PATCH = do_HEAD = do_DELETE = relay

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def needs(exchanges):
    """For each exchange the index of the earlier one whose answer it needs, or -1."""
    found = []
    for i, exchange in enumerate(exchanges):
        tokens = [token.encode() for token in exchange.tokens()]
        after = [k for k in range(i) if not exchanges[k].host
                 and any(token in exchanges[k].answer_body for token in tokens)]
        found.append(after[0] if tokens and after else -1)
    return found


def save(exchanges, answers, requests):
    """Writes the files that replay.c and bare.c read."""
    with open(answers, "wb") as out:
        for exchange in exchanges:
            key = exchange.key()
            out.write(b"%d %d\n" % (len(key), len(exchange.answer)) + key + exchange.answer)
    places = {}
    with open(requests, "wb") as out:
        for exchange, after in zip(exchanges, needs(exchanges)):
            place = places.setdefault(exchange.place, len(places))
            headers = [f"{n}: {v}" for n, v in exchange.headers
                       if n.lower() not in ("host", "content-length")]
            out.write(f"{place} {after} {exchange.method} {exchange.host or '-'} {exchange.target} "
                      f"{len(headers)} {len(exchange.body)}\n".encode())
            out.write("".join(line + "\n" for line in headers).encode() + exchange.body)
    return places

"""Git servers on loopback: git daemon, git's own http-backend behind a password, and servers that
refuse, say nothing, trickle, or break off. Each is a context with a `port`, and ends with it."""
import base64
import http.server
import os
import pathlib
import socket
import subprocess
import threading
import time
import urllib.parse

CORE = pathlib.Path(subprocess.run(["git", "--exec-path"], stdout=subprocess.PIPE, text=True,
                                   check=True).stdout.strip())


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Daemon:
    """git daemon for everything below a folder."""

    def __init__(self, base):
        self.port = free_port()
        self.process = subprocess.Popen(
            [CORE / "git-daemon", "--listen=127.0.0.1", f"--port={self.port}", "--reuseaddr", "--export-all",
             "--enable=receive-pack", f"--base-path={base}", "--max-connections=0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError("git daemon does not start")

    def url(self, name):
        return f"git://127.0.0.1:{self.port}/{name}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def hang_up(connection):
    """Closing alone is not seen on the other side while a thread still reads here."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


class Tcp:
    """Serves each connection in a thread of its own with `serve(connection)`."""

    def __init__(self, serve):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.05)
        self.port = self.listener.getsockname()[1]
        self.serve = serve
        self.ended = threading.Event()
        self.open = []
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while not self.ended.is_set():
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            self.open.append(connection)
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        try:
            self.serve(connection)
        except OSError:
            pass
        hang_up(connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.listener.close()
        for connection in self.open:
            hang_up(connection)


def silent():
    """Takes what comes and never answers."""
    def serve(connection):
        while connection.recv(65536):
            pass
    return Tcp(serve)


def relay(port, pass_on):
    """Stands before the server at `port`; what the server says goes through `pass_on(data, send)`,
    which returns False to break off."""
    def serve(connection):
        with socket.create_connection(("127.0.0.1", port)) as server:
            def upstream():
                try:
                    while data := connection.recv(65536):
                        server.sendall(data)
                    server.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            threading.Thread(target=upstream, daemon=True).start()
            while data := server.recv(65536):
                if not pass_on(data, connection.sendall):
                    break
    return Tcp(serve)


class Http:
    """An HTTP server; `answer(request)` writes the reply. `asked` holds the Authorization of each."""

    def __init__(self, answer):
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.headers.get("Authorization"))
                answer(self)
            do_POST = do_PUT = do_PATCH = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def says(status, body=b"", **headers):
    """Always the same reply."""
    def answer(request):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
    return Http(answer)


def body_of(request):
    if "chunked" not in request.headers.get("Transfer-Encoding", ""):
        return request.rfile.read(int(request.headers.get("Content-Length") or 0))
    body = b""
    while size := int(request.rfile.readline().split(b";")[0], 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return body


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def backend(base, user, password):
    """git http-backend behind basic authentication."""
    return guarded_backend(base, lambda authorization, path: authorization == basic(user, password))


def guarded_backend(base, admits):
    """The same; `admits(authorization, path)` says who may do what."""
    def answer(request):
        body = body_of(request)
        if not admits(request.headers.get("Authorization"), request.path):
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="git"')
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        url = urllib.parse.urlsplit(request.path)
        env = {**os.environ, "GIT_PROJECT_ROOT": str(base), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": url.path,
               "QUERY_STRING": url.query, "REQUEST_METHOD": request.command, "REMOTE_USER": "somebody",
               "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": request.headers.get("Content-Type", ""),
               "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
               "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""), "CONTENT_LENGTH": str(len(body))}
        done = subprocess.run([CORE / "git-http-backend"], input=body, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=env, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        if done.returncode or not head:
            head, content = b"Status: 500 git-http-backend failed", done.stderr
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
        request.send_response(status)
        for name, value in fields:
            if name != "Status":
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
    return Http(answer)

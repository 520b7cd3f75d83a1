"""A custom handler that records what it is sent and answers as the test orders.

In its working folder: `answers.json` (by path: status, contentType, body, exit, hold: answer once that file is there), `requests.jsonl` (one line a request), `starts.jsonl`
(one line a start). The argument `broken` makes it end at once, `stubborn` makes it ignore SIGTERM.
"""

import http.server
import json
import os
import signal
import sys
import threading
import time

WRITING = threading.Lock()


def append(name, value):
    with WRITING, open(name, "a", encoding="utf-8") as file:
        file.write(json.dumps(value) + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_error(404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        append(
            "requests.jsonl",
            {"pid": os.getpid(), "path": self.path, "headers": dict(self.headers.items()), "body": body.decode()},
        )
        with open("answers.json", encoding="utf-8") as file:
            answer = json.load(file).get(self.path, {})
        if "exit" in answer:
            os._exit(answer["exit"])
        while "hold" in answer and not os.path.exists(answer["hold"]):
            time.sleep(0.01)
        content = answer.get("body", "{}").encode()
        self.send_response(answer.get("status", 200))
        if answer.get("contentType", "application/json"):
            self.send_header("Content-Type", answer.get("contentType", "application/json"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


print("handler starts", flush=True)
append("starts.jsonl", {"pid": os.getpid(), "arguments": sys.argv[1:], "environment": dict(os.environ)})
if "broken" in sys.argv:
    sys.exit("this handler is broken")
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"])), Handler).serve_forever()

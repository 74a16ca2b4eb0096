"""A page, the caller's own address, and a directory of packages, for whoever comes by HTTP."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

PAGES = {
    "/": "<h1>The internet</h1>\n",
    "/address": "{address}\n",
}


class Handler(SimpleHTTPRequestHandler):
    """Answers with a page where there is one, otherwise with a file."""

    def do_GET(self) -> None:
        if (page := PAGES.get(self.path)) is None:
            super().do_GET()
            return
        body = page.format(address=self.client_address[0]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 80), partial(Handler, directory="/srv")).serve_forever()

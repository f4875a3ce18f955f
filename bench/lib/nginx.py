"""nginx as a peer: one worker, the settings of facts/host-limits.md §3."""

import pathlib

from bench.lib.machine import need

CONFIGURATION = """
worker_processes 1;
daemon off;
master_process on;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 10000000;
    keepalive_timeout {keepalive_timeout};
    sendfile on;
    open_file_cache max=100;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 80;
        root {folder}/root;
        location / {{ index index.html; }}
        {logged}
    }}
}}
"""


def command(folder, pages, keepalive_timeout=75, logged=None):
    """Writes a configuration into `folder` that serves `pages` ({name: bytes}) on port 80; returns the command line.

    `keepalive_timeout`: in seconds, 0 to end each connection after its request. `logged`: a path whose requests go into
    an access log."""
    folder = pathlib.Path(folder)
    root = folder / "root"
    root.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for name, content in pages.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    configuration = folder / "nginx.conf"
    logging = f"location {logged} {{ access_log {folder}/access.log combined buffer=64k flush=1s; }}" if logged else ""
    configuration.write_text(CONFIGURATION.format(folder=folder, keepalive_timeout=keepalive_timeout, logged=logging))
    return [need("nginx"), "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]

"""A store that speaks the language of S3, on a free port of this machine, until it is stopped.

moto compares and writes in two steps; one thread makes them one, as the service itself does.
"""

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


app = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, app, threaded=False, request_handler=Quiet)
print(f"listens on http://127.0.0.1:{server.port}", flush=True)
server.serve_forever()

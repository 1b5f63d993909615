#!/usr/bin/env python3
"""One peer in a process of its own, so that no two pools of threads are at work at once. compare.py starts it.

usage: peer_worker.py NAME THREADS

It says what it is in one line of JSON, or why it is missing, then answers requests, one line of JSON each:
{"do": "start", "case", "size", "warm", "result": FILE} and {"do": "sample", "seconds", "least"}.
"""
import json
import os
import sys

if __name__ == "__main__":  # before any library is loaded
    os.environ.pop("OPENBLAS_CORETYPE", None)  # it may name a processor that is not this one
    for variable in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS":
        os.environ[variable] = sys.argv[2]

# pylint: disable=wrong-import-position
import peer_work


class Worker:
    def __init__(self, name, threads):
        peer_work.keep_memory()
        import numpy  # pylint: disable=import-outside-toplevel
        import peer_data  # pylint: disable=import-outside-toplevel
        self.np, self.data, self.timer = numpy, peer_data, None
        self.peer = peer_work.load(name, threads)

    def start(self, request):
        """Makes the case's work, runs it, writes its first result to the file that is asked for."""
        self.timer = None
        suite, name = request["case"].split("/")
        method = getattr(self.peer, suite, None)
        data = self.data.inputs(suite, name, request["size"]) if method else None
        work = method(name, request["size"], data) if data else None
        if not work:
            return {"has": False}
        work = peer_work.begun(work)
        self.np.save(request["result"], self.peer.array(work.first))
        self.timer = peer_work.Timer(work, request["warm"])
        return {"has": True}

    def sample(self, request):
        return self.timer.sample(request["seconds"], request["least"])


def answer(worker, request):
    try:
        return getattr(worker, request["do"])(request)
    except Exception as error:  # whatever a peer raises belongs into the table, and the next case may do
        return {"failed": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}


def main():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes to stderr
    def say(what):
        print(json.dumps(what), file=out, flush=True)
    try:
        worker = Worker(sys.argv[1], int(sys.argv[2]))
    except (peer_work.Missing, ImportError) as error:
        say({"missing": str(error)})
        return
    except Exception as error:  # one that is there and does not start
        say({"missing": f"{type(error).__name__}: {error}"})
        return
    say({"target": worker.peer.target, "version": worker.peer.version})
    for line in sys.stdin:
        say(answer(worker, json.loads(line)))


if __name__ == "__main__":
    main()

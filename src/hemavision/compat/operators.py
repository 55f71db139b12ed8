"""Numbers that a graph adds to, takes from, multiplies or divides its pixels by, as data.

``preprocess_input`` called on a model's input, or ``x / 255``, stands in the file as operators.
Those with one tensor and numbers are what a ``Rescaling`` layer does, and are read as one.
"""

from __future__ import annotations

from typing import Any

#: An operator on a tensor and a number; what is left of the pixels is scale · x + offset.
_OPERATORS = {"TrueDivide", "Divide", "Multiply", "Subtract", "Add"}
#: What to do about any other.
WAY_OUT = (
    "Of operators in the graph HemaVision reads numbers that are added, subtracted, multiplied by "
    "or divided by. If it prepares pixels, put keras.layers.Rescaling in its place (for "
    "preprocess_input to [-1, 1]: Rescaling(1 / 127.5, -1)), copy the weights, and save again; "
    "colours in another order (caffe) are left out of the graph and named with convert --scaling."
)


def is_operator(entry: dict[str, Any]) -> bool:
    """Whether a layer's entry looks like one of Keras's operators: it has nothing to train."""
    config = entry.get("config")
    return not isinstance(config, dict) or "trainable" not in config


def as_layer(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an operator on one tensor and numbers as the entry of a Rescaling; others as they are.

    Args:
        entry: of a layer or an operator, as the configuration has it.
    """
    nodes = entry.get("inbound_nodes")
    if entry.get("class_name") not in _OPERATORS or not isinstance(nodes, list) or len(nodes) != 1:
        return entry
    given = nodes[0].get("args") if isinstance(nodes[0], dict) else None
    if not isinstance(given, list) or len(given) != 2:
        return entry
    tensors = [item for item in given if _is_tensor(item)]
    if len(tensors) != 1:
        return entry
    (tensor,) = tensors
    numbers = _numbers(given[1 if given[0] is tensor else 0], _channels(tensor))
    linear = numbers and _linear(entry["class_name"], numbers, given[0] is tensor)
    if not linear:
        return entry
    scale, offset = (values[0] if len(values) == 1 else values for values in linear)
    name = str(entry.get("name") or entry["config"]["name"])
    return {
        "class_name": "Rescaling",
        "name": name,
        "config": {"name": name, "scale": scale, "offset": offset},
        "inbound_nodes": [{"args": [tensor], "kwargs": {}}],
    }


def _linear(
    kind: str, numbers: list[float], tensor_first: bool
) -> tuple[list[float], list[float]] | None:
    """Return scale and offset, a number a channel or one for all."""
    ones, none = [1.0] * len(numbers), [0.0] * len(numbers)
    if kind == "Add":
        return ones, numbers
    if kind == "Multiply":
        return numbers, none
    if kind == "Subtract":
        minus = [-number for number in numbers]
        return (ones, minus) if tensor_first else ([-1.0] * len(numbers), numbers)
    if tensor_first and all(numbers):
        return [1 / number for number in numbers], none
    return None


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def _channels(tensor: dict[str, Any]) -> Any:
    shape = tensor["config"].get("shape") or [None]
    return shape[-1]


def _numbers(value: Any, channels: Any) -> list[float] | None:
    """Return a constant as one number, or one for each channel; None where it is anything else."""
    if isinstance(value, dict) and value.get("class_name") in ("__tensor__", "__numpy__"):
        value = value["config"].get("value")
    while isinstance(value, list) and len(value) == 1:
        (value,) = value
    values = value if isinstance(value, list) else [value]
    if len(values) not in (1, channels):
        return None
    if not all(isinstance(v, (int, float)) and abs(v) < 1e30 for v in values):
        return None
    return [float(v) for v in values]

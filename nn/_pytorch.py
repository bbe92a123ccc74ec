"""What PyTorch and micrograd call otherwise, for the answers to who asks for it here."""

from __future__ import annotations

_PRECISION = "give dtype= when the model is built, and x.astype(dtype) as its batch"
_MEMORY = "arrays stay in the computer's memory, so leave it out"

INSTEAD_OF_METHODS = {  # of modules
    "to": f"{_MEMORY}; for a precision {_PRECISION}",
    **dict.fromkeys(["cuda", "cpu"], _MEMORY),
    **dict.fromkeys(["float", "double", "half"], _PRECISION),
    **dict.fromkeys(["modules", "children"], "named_modules() lists pairs of a path and a module"),
    **dict.fromkeys(
        ["buffers", "register_buffer"],
        "what is no parameter is a plain array, self.name = array, and is not saved",
    ),
    "register_parameter": "a parameter is a Tensor, self.name = Tensor(array)",
    "requires_grad_": "write p.requires_grad = False for each p of parameters()",
}

_ACTIVATIONS = ["ReLU", "ELU", "GELU", "SiLU", "Sigmoid", "Softplus", "Identity", "Softmax"]
_FUNCTIONS = {  # classes that are functions here
    **{name: name.lower() for name in _ACTIVATIONS},
    "LeakyReLU": "leaky_relu",
    "LogSoftmax": "log_softmax",
    "MSELoss": "mean_squared_error",
    "L1Loss": "mean_absolute_error",
    "HuberLoss": "huber",
    "CrossEntropyLoss": "cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy",
}

INSTEAD_OF_NAMES = {  # of nn
    **{name: f"it is a function, nn.{function}" for name, function in _FUNCTIONS.items()},
    "Tanh": "it is a function, np.tanh",
    "Parameter": "a parameter is a Tensor of autodiff, self.weight = Tensor(array)",
    "ModuleList": "write a list, self.layers = [...]",
    "ModuleDict": "write a dictionary, self.layers = {...}",
    "functional": "its functions are in nn, as nn.relu and nn.cross_entropy",
    "init": 'write nn.Linear(2, 3, init="he_normal")',
    **dict.fromkeys(["Layer", "Neuron"], "a layer is nn.Linear(inputs, outputs)"),
}

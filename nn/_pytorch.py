"""What PyTorch and micrograd call otherwise, and what is written here for it."""

_ANSWERS = {
    "cuda cpu": "arrays stay in the computer's memory, so leave it out",
    "to": "leave a device out; for a dtype give dtype= when the model is built",
    "float double half": "give dtype= when the model is built, and x.astype(dtype) as its batch",
    "modules children": "named_modules() lists pairs of a path and a module",
    "buffers register_buffer": "it is a plain array, self.name = array, and is not saved",
    "register_parameter Parameter": "a parameter is a Tensor, self.name = Tensor(array)",
    "requires_grad_": "write p.requires_grad = False for each p of parameters()",
    "ModuleList ModuleDict": "write a list, self.layers = [...], or a dictionary",
    "Layer Neuron": "a layer is nn.Linear(inputs, outputs)",
    "functional": "its functions are in nn, as nn.relu and nn.cross_entropy",
    "init": 'write nn.Linear(2, 3, init="he_normal")',
    "Tanh tanh": "write np.tanh",
    "DataLoader": "write nn.batches(x, y, size=32, seed=rng)",
    "Conv2d BatchNorm1d Embedding": "this is a library of multilayer perceptrons",
    "MSELoss": "write nn.mean_squared_error",
    "L1Loss": "write nn.mean_absolute_error",
    "BCEWithLogitsLoss": "write nn.binary_cross_entropy",
}
INSTEAD = {name: answer for names, answer in _ANSWERS.items() for name in names.split()}

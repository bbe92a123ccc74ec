"""Files of weights: what they hold, what they rebuild, and what they refuse."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autodiff import Tensor

safetensors = pytest.importorskip("safetensors", reason="safetensors is not installed")
safetensors_numpy = pytest.importorskip("safetensors.numpy")

# Of torch.nn.Sequential(Linear(2, 3), Tanh(), Linear(3, 1)).double(), written by
# safetensors.torch.save_file, with inputs and the outputs for them as metadata.
BY_PYTORCH = Path(__file__).parent / "mlp_by_pytorch.safetensors"

MODELS: dict[str, Any] = {
    "MLP": lambda: nn.MLP([2, 5, 4, 1], "tanh", "sigmoid", seed=1),
    "MLP of float32": lambda: nn.MLP([2, 12, 1], "tanh", seed=1, dtype=np.float32),
    "MLP of twelve layers": lambda: nn.MLP([3] * 13, "elu", seed=1),
    "Linear": lambda: nn.Linear(3, 2, seed=1),
    "Sequential": lambda: nn.Sequential(
        nn.Linear(2, 4, bias=False, seed=1),
        nn.LayerNorm(4, eps=1e-3),
        "gelu",
        nn.Sequential(nn.Dropout(0.25), nn.MLP([4, 3, 2], seed=2)),
        np.tanh,
    ),
}


class Scale(nn.Module):
    def __init__(self) -> None:
        self.factor = Tensor([2.0, 3.0])
        self.offset = Tensor(1.0, requires_grad=False)

    def forward(self, x: Any) -> Any:
        return self.factor * x + self.offset


def saved(model: nn.Module, folder: Path) -> Path:
    nn.save(model, folder / "model.safetensors")
    return folder / "model.safetensors"


def without_bias(model: nn.MLP) -> nn.MLP:
    model.layers[-1].bias = None
    return model


def with_bias_for_all(model: nn.MLP) -> nn.MLP:
    model.layers[0].bias = Tensor(np.ones(1))
    return model


def with_layer(model: nn.MLP, *layers: Any) -> nn.MLP:
    model.layers[1:1] = layers
    return model


class Doubled(nn.Linear):
    def forward(self, x: Any) -> Any:
        return 2 * super().forward(x)


def assert_unchanged(model: nn.Module, before: dict[str, Any]) -> None:
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


class TestWhatAFileHolds:
    def test_the_names_and_the_layout_of_pytorch(self, tmp_path: Path) -> None:
        model = nn.MLP([2, 3, 1], seed=0)
        arrays = safetensors_numpy.load_file(saved(model, tmp_path))
        assert {name: array.shape for name, array in arrays.items()} == {
            "layers.0.weight": (3, 2),
            "layers.0.bias": (3,),
            "layers.1.weight": (1, 3),
            "layers.1.bias": (1,),
        }
        np.testing.assert_array_equal(arrays["layers.0.weight"].T, model.layers[0].weight.data)

    def test_no_pickle(self, tmp_path: Path) -> None:
        content = saved(nn.MLP([2, 3, 1], seed=0), tmp_path).read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        about = json.loads(content[8 : 8 + length])["__metadata__"]["chainrule"]
        assert json.loads(about) == ["MLP", ["relu", "identity"]]

    @pytest.mark.parametrize("call", ["fsync", "replace"])
    def test_is_replaced_at_once_or_not_at_all(
        self, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = saved(nn.MLP([2, 3, 1], seed=0), tmp_path)
        content = path.read_bytes()

        def fail(*files: Any) -> None:
            raise OSError("no space left on device")

        monkeypatch.setattr(os, call, fail)
        with pytest.raises(OSError, match="no space"):
            nn.save(nn.MLP([2, 3, 1], seed=1), path)
        assert path.read_bytes() == content
        assert os.listdir(tmp_path) == [path.name]

    def test_has_the_permissions_of_any_other(self, tmp_path: Path) -> None:
        (tmp_path / "other").write_bytes(b"")
        path = saved(nn.Linear(1, 1), tmp_path)
        assert path.stat().st_mode == (tmp_path / "other").stat().st_mode

    def test_what_replaces_a_file_has_its_permissions(self, tmp_path: Path) -> None:
        path = saved(nn.Linear(1, 1), tmp_path)
        path.chmod(0o640)
        assert saved(nn.Linear(1, 1), tmp_path).stat().st_mode & 0o777 == 0o640

    def test_a_link_to_one_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "real").write_bytes(b"")
        (tmp_path / "model.safetensors").symlink_to("real")
        link = saved(nn.Linear(1, 1, seed=0), tmp_path)
        assert link.is_symlink()
        assert_unchanged(nn.load(tmp_path / "real"), nn.Linear(1, 1, seed=0).state_dict())

    def test_no_type_that_the_format_lacks(self, tmp_path: Path) -> None:
        with pytest.raises(safetensors.SafetensorError, match="complex128"):
            saved(nn.Linear(2, 1, dtype=complex), tmp_path)


class TestRebuilding:
    @pytest.mark.parametrize("name", MODELS)
    def test_a_model_without_a_word_of_code(self, name: str, tmp_path: Path) -> None:
        model = MODELS[name]()
        again = nn.load(saved(model, tmp_path))
        assert type(again) is type(model)
        assert repr(again) == repr(model)
        assert_unchanged(again, model.state_dict())
        x = np.random.default_rng(0).normal(size=(5, model.parameters()[0].shape[0]))
        x = x.astype(model.parameters()[0].dtype)
        np.testing.assert_array_equal(again(x).data, model.eval()(x).data)
        assert not again.training
        dtypes, own = ([p.dtype for p in m.parameters()] for m in (again, model))
        assert dtypes == own

    def test_a_given_model_keeps_its_state(self, tmp_path: Path) -> None:
        model = nn.Linear(2, 1, seed=0)
        assert nn.load(saved(model, tmp_path), model).training
        assert not nn.load(saved(model, tmp_path), model.eval()).training

    def test_settings_of_numpys_numbers(self, tmp_path: Path) -> None:
        layers: list[Any] = [nn.LayerNorm(2, np.float32(0.5)), nn.Dropout(np.float32(0.5))]
        again: Any = nn.load(saved(nn.Sequential(*layers), tmp_path))
        assert (again.layers[0].eps, again.layers[1].p) == (0.5, 0.5)

    def test_a_class_of_ones_own_has_to_be_given(self, tmp_path: Path) -> None:
        model = Scale()
        model.factor.data = [5.0, 6.0]
        model.offset.data = -1.0
        path = saved(model, tmp_path)
        again = Scale()
        assert nn.load(path, again) is again
        assert_unchanged(again, model.state_dict())
        with pytest.raises(ValueError, match=r"write nn\.load\(path, model\).*factor \(2,\)"):
            nn.load(path)

    @pytest.mark.parametrize(
        "model",
        [
            lambda: nn.MLP([2, 3, 1], lambda x: x * x),
            lambda: nn.Sequential(nn.Linear(2, 1), lambda x: x * x),
            lambda: nn.Sequential(nn.Sequential(Scale()), "relu"),
            lambda: nn.Sequential(*[nn.Linear(2, 2, seed=0)] * 2),
            lambda: with_layer(nn.MLP([2, 3, 1]), nn.LayerNorm(3)),
            lambda: with_layer(nn.MLP([2, 3, 1]), nn.Linear(3, 3, bias=False), nn.LayerNorm(3)),
            lambda: with_layer(nn.MLP([2, 3, 1]), Doubled(3, 3)),
            lambda: with_bias_for_all(nn.MLP([2, 3, 1])),
            lambda: without_bias(nn.MLP([2, 3, 1])),
        ],
    )
    def test_what_is_not_built_by_its_class_alone_too(self, model: Any, tmp_path: Path) -> None:
        path = saved(model(), tmp_path)
        with pytest.raises(ValueError, match="does not say how to rebuild"):
            nn.load(path)
        nn.load(path, model())

    def test_each_layer_keeps_its_own_precision(self, tmp_path: Path) -> None:
        single, double = nn.Linear(4, 4, dtype=np.float32, seed=0), nn.Linear(4, 4, seed=0)
        nn.save(nn.Sequential(single, nn.Dropout(0.5), double), tmp_path / "model")
        found = [p.dtype.name for p in nn.load(tmp_path / "model").parameters()]
        assert found == ["float32", "float32", "float64", "float64"]

    def test_a_precision_of_ones_own(self, tmp_path: Path) -> None:
        model = nn.MLP([2, 3, 1], seed=0)
        single = nn.MLP([2, 3, 1], dtype=np.float32)
        nn.load(saved(model, tmp_path), single)
        for name, value in single.state_dict().items():
            np.testing.assert_array_equal(value, model.state_dict()[name].astype(np.float32))

    @pytest.mark.parametrize("value", [1e300, -1e39, [[np.inf, 1e300]]])
    def test_what_it_cannot_hold_is_refused(self, value: Any, tmp_path: Path) -> None:
        model = nn.Linear(1, 2, seed=0)
        model.weight.data = np.broadcast_to(value, (1, 2))
        single = nn.Linear(1, 2, seed=1, dtype=np.float32)
        before = single.state_dict()
        with pytest.raises(ValueError, match=r"weight has numbers beyond float32"):
            nn.load(saved(model, tmp_path), single)
        assert_unchanged(single, before)

    def test_infinities_are_the_same_in_all(self, tmp_path: Path) -> None:
        model = nn.Linear(1, 2)
        model.weight.data = [[np.inf, np.nan]]
        single = nn.Linear(1, 2, dtype=np.float32)
        nn.load(saved(model, tmp_path), single)
        np.testing.assert_array_equal(single.weight.data, model.weight.data)


class TestPyTorch:
    def test_its_weights_load_by_order_and_shape(self) -> None:
        model = nn.MLP([2, 3, 1], "tanh", seed=5)
        assert nn.load(BY_PYTORCH, model) is model
        with safetensors.safe_open(BY_PYTORCH, framework="numpy") as file:
            about = {name: json.loads(text) for name, text in file.metadata().items()}
        out = model(np.array(about["inputs"])).data
        np.testing.assert_allclose(out, about["outputs"], rtol=1e-14)

    def test_without_a_model_its_shapes_are_named(self) -> None:
        with pytest.raises(ValueError, match=r"0\.weight \(3, 2\)"):
            nn.load(BY_PYTORCH)

    @pytest.mark.parametrize("sizes", [[2, 4, 1], [2, 3, 3, 1], [2, 3], [3, 2, 1]])
    def test_of_other_shapes_they_are_refused(self, sizes: list[int]) -> None:
        model = nn.MLP(sizes, seed=0)
        before = model.state_dict()
        with pytest.raises(ValueError, match=r"has no next array|\d.weight is no parameter"):
            nn.load(BY_PYTORCH, model)
        assert_unchanged(model, before)

    @pytest.mark.parametrize(
        "names", [("fc2", "fc10", "fc11"), ("0", "2", "10"), ("fc", "fc1", "z")]
    )
    def test_numbers_in_names_give_the_order(self, names: Any, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        arrays = {f"{name}.weight": rng.normal(size=(3, 3)) for name in names[:2]}
        arrays[f"{names[2]}.weight"] = rng.normal(size=(1, 3))
        safetensors_numpy.save_file(arrays, tmp_path / "model")
        linear = [nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)]
        model = nn.Sequential(*linear, nn.Linear(3, 1, bias=False))
        nn.load(tmp_path / "model", model)
        for layer, weight in zip(model.layers, arrays.values(), strict=True):
            np.testing.assert_array_equal(layer.weight.data, weight.T)

    def test_shapes_give_it_too(self, tmp_path: Path) -> None:
        arrays = {"output.weight": np.ones((1, 4)), "hidden.weight": np.ones((4, 2))}
        safetensors_numpy.save_file(arrays, tmp_path / "model")
        model = nn.Sequential(nn.Linear(2, 4, bias=False), nn.Linear(4, 1, bias=False))
        nn.load(tmp_path / "model", model)
        assert model(np.ones(2)).data.tolist() == [8.0]

    def test_equal_shapes_without_numbers_have_none(self, tmp_path: Path) -> None:
        arrays = {"left.weight": np.ones((2, 2)), "right.weight": np.ones((2, 2))}
        safetensors_numpy.save_file(arrays, tmp_path / "model")
        model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
        with pytest.raises(ValueError, match="only numbers in names give an order"):
            nn.load(tmp_path / "model", model)

    @pytest.mark.parametrize("name", MODELS)
    def test_loads_ours(self, name: str, tmp_path: Path) -> None:
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        from safetensors.torch import load_file

        model = MODELS[name]()
        state = load_file(saved(model, tmp_path))
        for path, module in model.named_modules():
            if isinstance(module, nn.Linear):
                inputs, outputs = module.weight.shape
                dtype = getattr(torch, str(module.weight.dtype))
                twin = torch.nn.Linear(inputs, outputs, bias=module.bias is not None, dtype=dtype)
                prefix = f"{path}." if path else ""
                own = {leaf: state[f"{prefix}{leaf}"] for leaf in twin.state_dict()}
                twin.load_state_dict(own)  # strictly: names and shapes agree
                x = np.random.default_rng(0).normal(size=(5, inputs)).astype(module.weight.dtype)
                theirs = twin(torch.from_numpy(x)).detach().numpy()
                np.testing.assert_allclose(module(x).data, theirs, rtol=1e-5)

    def test_a_type_that_numpy_lacks_is_named(self, tmp_path: Path) -> None:
        header = b'{"weight":{"dtype":"BF16","shape":[1,1],"data_offsets":[0,2]}}'
        content = struct.pack("<Q", len(header)) + header + b"\0\0"
        (tmp_path / "model").write_bytes(content)
        with pytest.raises(ValueError, match=r"no whole safetensors file of numbers: .*bfloat16"):
            nn.load(tmp_path / "model", nn.Linear(1, 1, bias=False))


class TestBadFiles:
    def test_cut_short_anywhere(self, tmp_path: Path) -> None:
        model = nn.MLP([1, 2, 1], seed=0)
        path, before = saved(model, tmp_path), model.state_dict()
        content = path.read_bytes()
        for length in range(len(content)):
            path.write_bytes(content[:length])
            with pytest.raises(ValueError, match="is no whole safetensors file"):
                nn.load(path, model)
        assert_unchanged(model, before)

    def test_with_any_byte_of_the_header_changed(self, tmp_path: Path) -> None:
        path = saved(nn.MLP([1, 2, 1], seed=0), tmp_path)
        content = path.read_bytes()
        refused = 0
        for place in range(content.index(b"\0\0\0") - 1, content.rindex(b"}") + 1):
            for other in (content[place] ^ 1, ord("["), ord("9")):
                path.write_bytes(content[:place] + bytes([other]) + content[place + 1 :])
                try:
                    nn.load(path)
                except ValueError as error:
                    refused += str(path) in str(error) or "does not fit" in str(error)
        assert refused > 500

    @pytest.mark.parametrize(
        "description",
        [
            *("{}", "3", '"relu"', '["MLP"]', '["Tensor", []]', '["MLP", []]'),
            *('["MLP", ["relu", "nothing"]]', '["Linear", null]', '["Dropout", 7]', "["),
            *(
                '["Sequential", null]',
                '["Sequential", [["Linear", null], ["Linear", null]]]',
                '[["MLP"], 1]',
            ),
        ],
    )
    def test_that_describe_no_model(self, description: str, tmp_path: Path) -> None:
        state = {"layers.0.weight": np.ones((1, 2)), "layers.0.bias": np.ones(1)}
        safetensors_numpy.save_file(state, tmp_path / "model", {"chainrule": description})
        with pytest.raises(ValueError, match="does not say how to rebuild"):
            nn.load(tmp_path / "model")
        nn.load(tmp_path / "model", nn.Sequential(nn.Linear(2, 1)))

    @pytest.mark.parametrize(
        "settings",
        [
            *(
                f'["LayerNorm", {eps}]'
                for eps in (
                    '"1"',
                    "null",
                )
            ),
            *(f'["Dropout", {p}]' for p in ('"0"', "null", "-1.0", "NaN", "1.0", "false")),
        ],
    )
    def test_with_settings_that_a_layer_cannot_have(self, settings: str, tmp_path: Path) -> None:
        state = {"layers.0.weight": np.ones(2), "layers.0.bias": np.ones(2)}
        layers = f'["Sequential", [{settings}]]'
        if "Dropout" in settings:
            layers = f'["Sequential", [["LayerNorm", 1e-5], {settings}]]'
        safetensors_numpy.save_file(state, tmp_path / "model", {"chainrule": layers})
        with pytest.raises(ValueError, match="does not say how to rebuild"):
            nn.load(tmp_path / "model")

    @pytest.mark.parametrize("description", ['["LayerNorm", 1e-5]', '["Linear", null]'])
    def test_claim_no_memory_for_empty_arrays(self, description: str, tmp_path: Path) -> None:
        state = {"weight": np.ones((10**14, 0)), "bias": np.ones((10**14, 0))}
        safetensors_numpy.save_file(state, tmp_path / "model", {"chainrule": description})
        with pytest.raises(ValueError, match="does not say how to rebuild"):
            nn.load(tmp_path / "model")

    def test_of_another_shape_leave_the_model_as_it_is(self, tmp_path: Path) -> None:
        path = saved(nn.MLP([2, 3, 1], seed=0), tmp_path)
        model = nn.MLP([2, 4, 1], seed=1)
        before = model.state_dict()
        with pytest.raises(ValueError, match=r"layers.0.weight has shape \(2, 3\), not \(2, 4\)"):
            nn.load(path, model)
        assert_unchanged(model, before)

    def test_none(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="missing"):
            nn.load(tmp_path / "missing")

    def test_a_directory(self, tmp_path: Path) -> None:
        with pytest.raises(IsADirectoryError):
            nn.load(tmp_path)
        with pytest.raises(IsADirectoryError):
            nn.save(nn.Linear(1, 1), tmp_path)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
    def test_one_that_may_not_be_read(self, tmp_path: Path) -> None:
        path = saved(nn.Linear(1, 1), tmp_path)
        path.chmod(0)
        with pytest.raises(PermissionError):
            nn.load(path)


class TestWrongArguments:
    @pytest.mark.parametrize("path", [nn.Linear(1, 1), None, 3])
    def test_what_is_no_path(self, path: Any) -> None:
        with pytest.raises(TypeError, match="PathLike"):
            nn.load(path)
        with pytest.raises(TypeError, match="PathLike"):
            nn.save(nn.Linear(1, 1), path)

    @pytest.mark.parametrize("model", [{"weight": np.ones(2)}, "model.safetensors"])
    def test_what_is_no_model(self, model: Any, tmp_path: Path) -> None:
        with pytest.raises(TypeError, match=r"expected a Module.*write nn\.save\(model, path\)"):
            nn.save(model, tmp_path / "model")

    def test_a_file_of_other_activations(self, tmp_path: Path) -> None:
        path = saved(nn.MLP([2, 3, 1], "tanh", seed=0), tmp_path)
        model = nn.MLP([2, 3, 1], "relu", seed=1)
        before = model.state_dict()
        with pytest.raises(ValueError, match=r'holds \["MLP", \["tanh".*the model is .*"relu"'):
            nn.load(path, model)
        assert_unchanged(model, before)
        same: Any = nn.MLP([2, 3, 1], np.tanh, seed=1)
        assert nn.load(path, same)(np.ones(2)).item() == nn.load(path)(np.ones(2)).item()


@pytest.mark.parametrize("call", [lambda p: nn.save(nn.Linear(1, 1), p), nn.load])
def test_without_the_package_one_line_says_what_to_install(
    call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r"pip install 'chainrule\[nn\]'$"):
        call(tmp_path / "model")
    assert os.listdir(tmp_path) == []

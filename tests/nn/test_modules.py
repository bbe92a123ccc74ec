"""Module: which Tensors are its parameters, what they are called, and their state."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autodiff import Tensor, compile, draw, grad, hessian


class Inner(nn.Module):
    def __init__(self) -> None:
        self.weight = Tensor(1.0)

    def forward(self, x: Any) -> Any:
        return self.weight * x


class Outer(nn.Module):
    def __init__(self) -> None:
        self.first = Inner()
        self.blocks = [Inner(), {"last": (Inner(),)}]
        self.shared = self.first
        self.scale = Tensor(2.0, requires_grad=False)
        self.size, self.table = 3, np.arange(3)


NAMES = ["first.weight", "blocks.0.weight", "blocks.1.last.0.weight", "scale"]


class TestParameters:
    def test_are_found_in_attributes_lists_and_dictionaries_each_once(self) -> None:
        model = Outer()
        assert [name for name, _ in model.named_parameters()] == NAMES
        assert model.parameters()[0] is model.first.weight

    def test_frozen_ones_stay_parameters(self) -> None:
        model = Outer()
        model.first.weight.requires_grad = False
        assert [name for name, _ in model.named_parameters()] == NAMES
        assert list(model.state_dict()) == NAMES

    def test_complex_ones_are_parameters(self) -> None:
        model = Inner()
        model.weight = Tensor(1j)
        assert len(model.parameters()) == 1

    def test_modules_that_hold_one_another_do_not_recurse(self) -> None:
        first, second = Inner(), Inner()
        first.other, second.other = second, first
        second.all = [first, second]
        assert [name for name, _ in first.named_parameters()] == ["weight", "other.weight"]
        assert [path for path, _ in first.named_modules()] == ["", "other"]
        assert [path for path, _ in second.named_modules()] == ["", "other"]
        assert "other: ..." in repr(first)

    def test_one_that_is_replaced_or_deleted_is_gone(self) -> None:
        model = Outer()
        new = model.first.weight = Tensor(5.0)
        del model.scale
        assert model.parameters()[0] is new
        assert [name for name, _ in model.named_parameters()] == NAMES[:-1]

    def test_modules_have_the_paths_of_their_parameters(self) -> None:
        model = Outer()
        paths = [path for path, _ in model.named_modules()]
        assert paths == ["", "first", "blocks.0", "blocks.1.last.0"]
        assert model.named_modules()[0][1] is model

    def test_zero_grad_forgets_all_gradients(self) -> None:
        model = nn.MLP([2, 3, 1], seed=0)
        np.sum(model(np.ones((4, 2)))).backward()
        assert model.layers[0].weight.grad is not None
        model.zero_grad()
        assert all(p.grad is None for p in model.parameters())

    def test_copies_share_nothing(self) -> None:
        model = Outer()
        other = copy.deepcopy(model)
        other.first.weight.data = 7.0
        assert [name for name, _ in other.named_parameters()] == NAMES
        assert model.first.weight.item() == 1.0


class TestRefusals:
    @pytest.mark.parametrize("wrap", [lambda t: t, lambda t: [t], lambda t: {"a": (t,)}])
    def test_what_an_op_made_is_no_parameter(self, wrap: Any) -> None:
        model = Inner()
        with pytest.raises(
            TypeError, match=r"Inner\.bias.* multiply made.*write Tensor\(t\.data\)"
        ):
            model.bias = wrap(2 * Tensor(1.0))
        assert [name for name, _ in model.named_parameters()] == ["weight"]
        assert not hasattr(model, "bias")

    def test_integers_are_no_parameter(self) -> None:
        model = Inner()
        with pytest.raises(TypeError, match=r"Inner\.weight.*int64.*keep the plain array"):
            model.weight = Tensor([1, 2])
        assert model.weight.item() == 1.0
        model.classes = np.array([1, 2])

    def test_nor_when_a_list_came_to_hold_it(self) -> None:
        model = Outer()
        model.blocks.append(2 * Tensor(1.0))
        with pytest.raises(TypeError, match=r"Outer\.blocks\.2 .* multiply made"):
            model.parameters()

    def test_arguments_of_differentiated_functions_may_stand_in(self) -> None:
        model = Inner()

        def f(w: Any) -> Any:
            model.weight = w
            return model(3.0) ** 3

        assert grad(grad(grad(f)))(2.0) == 6 * 27
        assert hessian(f)(2.0) == 6 * 27 * 2

    @pytest.mark.parametrize(
        "held",
        [{1: Tensor(1.0), "1": Tensor(2.0)}, {"a.b": Tensor(1.0), "a": {"b": Tensor(2.0)}}],
    )
    def test_two_parameters_of_one_name_are_refused(self, held: Any) -> None:
        model = Inner()
        with pytest.raises(ValueError, match=r"Inner would have two parameters of one name"):
            model.held = held
        assert not hasattr(model, "held")

    def test_one_parameter_may_be_held_twice_by_one_name(self) -> None:
        model, p = Inner(), Tensor(1.0)
        model.held = {1: p, "1": p}
        assert [name for name, _ in model.named_parameters()] == ["weight", "held.1"]

    def test_without_forward_says_so(self) -> None:
        with pytest.raises(NotImplementedError, match="Module defines no forward"):
            nn.Module()(1.0)

    def test_a_missing_attribute_is_python_s_own_error(self) -> None:
        class Broken(nn.Module):
            @property
            def size(self) -> Any:
                return self.sizes  # type: ignore[attr-defined]

        with pytest.raises(AttributeError, match="'Broken' object has no attribute 'sizes'"):
            _ = Broken().size
        assert not hasattr(nn.Module(), "shape")


class TestNames:
    def test_are_the_paths_from_the_outermost_module(self) -> None:
        model = Outer()
        parameters = model.parameters()
        assert [p.name for p in parameters] == NAMES
        model.first.parameters()  # where it is "weight"
        assert [p.name for p in parameters] == NAMES

    def test_are_the_first_paths_of_what_is_held_twice(self) -> None:
        model = Outer()
        model.first.tied = model.last = model.scale
        assert model.named_parameters()[1:2] == [("first.tied", model.scale)]
        assert len(model.parameters()) == len(NAMES)
        assert model.scale.name == "first.tied"

    def test_are_given_when_an_attribute_is_set(self) -> None:
        network = nn.MLP([2, 3, 1])
        assert network.layers[1].bias is not None
        assert network.layers[1].bias.name == "layers.1.bias"
        wrapped = nn.Sequential(network, "tanh")
        assert network.layers[1].bias.name == "layers.0.layers.1.bias"
        assert wrapped.parameters()[3] is network.layers[1].bias

    def test_of_what_a_list_came_to_hold_are_given_when_it_is_listed(self) -> None:
        model = Outer()
        model.blocks.append(Inner())
        assert model.named_parameters()[-2][1].name == "blocks.2.weight"

    def test_follow_a_layer_to_another_model(self) -> None:
        layer = nn.MLP([2, 3, 1]).layers[0]
        model = nn.Sequential("tanh", layer)
        assert layer.weight.name == "layers.1.weight" == model.named_parameters()[0][0]

    def test_agree_in_pictures_lists_and_state(self) -> None:
        network = nn.MLP([2, 3, 1])
        names = [f"layers.{i}.{kind}" for i in range(2) for kind in ("weight", "bias")]
        assert [name for name, _ in network.named_parameters()] == names
        assert list(network.state_dict()) == names
        picture = draw(network(np.ones((1, 2)))).source
        assert all(name in picture for name in names)


class TestMode:
    def test_train_and_eval_reach_all_inside_and_return_the_model(self) -> None:
        model = Outer()
        assert all(m.training for _, m in model.named_modules())
        assert model.eval() is model
        assert not any(m.training for _, m in model.named_modules())
        assert model.train() is model
        assert all(m.training for _, m in model.named_modules())

    def test_needs_no_call_of_the_base_class(self) -> None:
        assert Inner().training is True


class TestCalls:
    def test_call_forward_with_all_arguments(self) -> None:
        class Affine(nn.Module):
            def forward(self, x: float, slope: float, *, offset: float = 0.0) -> float:
                return slope * x + offset

        assert Affine()(2.0, 3.0, offset=1.0) == 7.0

    def test_a_call_of_ones_own_keeps_working(self) -> None:
        class Double(nn.Module):
            def __call__(self, x: float) -> float:
                return 2 * x

        assert Double()(3.0) == 6.0

    def test_listing_parameters_inside_a_compiled_step_is_no_obstacle(self) -> None:
        model = nn.MLP([2, 3, 1], seed=0)
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        @compile
        def step(x: Any) -> Any:
            model.zero_grad()
            loss = nn.mean_squared_error(model(x), x[:, :1]) + 1e-3 * nn.l2_penalty(
                model.parameters()
            )
            loss.backward()
            optimizer.step()
            return loss

        x = np.random.default_rng(0).normal(size=(20, 2))
        losses = [step(x) for _ in range(50)]
        assert losses[-1] < losses[0]
        assert step.plans[0].runs > 40

    def test_a_layer_that_is_frozen_meanwhile_stays_as_it_is(self) -> None:
        model = nn.MLP([2, 3, 1], seed=0)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        weight = model.layers[0].weight

        @compile
        def step(x: Any) -> Any:
            optimizer.zero_grad()
            loss = nn.mean_squared_error(model(x), x[:, :1])
            loss.backward()
            optimizer.step()
            return loss

        x = np.random.default_rng(0).normal(size=(20, 2))
        moves = []
        for i in range(30):
            before = weight.data.copy()
            weight.requires_grad = not 10 <= i < 20
            step(x)
            moves.append(not np.array_equal(weight.data, before))
        assert moves == [True] * 10 + [False] * 10 + [True] * 10


class TestState:
    def test_comes_back_as_it_was(self) -> None:
        model, other = (nn.MLP([2, 3, 1], seed=seed) for seed in (0, 1))
        other.load_state_dict(model.state_dict())
        for p, q in zip(model.parameters(), other.parameters(), strict=True):
            assert np.array_equal(p.data, q.data)

    def test_is_a_copy(self) -> None:
        model = Outer()
        state = model.state_dict()
        state["first.weight"][...] = 7.0
        model.scale.data = 5.0
        assert (model.first.weight.item(), state["scale"]) == (1.0, 2.0)

    def test_frozen_parameters_load_too_and_stay_frozen(self) -> None:
        model = Outer()
        model.load_state_dict(dict.fromkeys(NAMES, 4.0))
        assert model.scale.item() == 4.0
        assert not model.scale.requires_grad

    def test_takes_the_precision_of_the_model(self) -> None:
        model = nn.MLP([2, 1], seed=0, dtype=np.float32)
        model.load_state_dict({"layers.0.weight": [[1], [2]], "layers.0.bias": np.ones(1)})
        assert [p.dtype for p in model.parameters()] == [np.float32] * 2
        assert model.layers[0].weight.data.tolist() == [[1.0], [2.0]]

    def test_all_that_does_not_fit_is_listed_and_nothing_changed(self) -> None:
        model = nn.MLP([2, 3, 1], seed=0)
        before = model.state_dict()
        state: dict[str, Any] = {
            "layers.0.weight": np.zeros((3, 2)),
            "layers.0.bias": np.zeros(3),
            "layers.1.weight": np.full((3, 1), 1j),
            "extra": np.zeros(1),
        }
        with pytest.raises(ValueError, match="does not fit this MLP") as raised:
            model.load_state_dict(state)
        assert str(raised.value).partition(": ")[2].split("; ") == [
            "layers.1.bias is missing",
            "layers.0.weight has shape (3, 2), not (2, 3)",
            "layers.1.weight is of complex128, not float64",
            "extra is no parameter",
        ]
        for name, value in model.state_dict().items():
            assert np.array_equal(value, before[name])

    @pytest.mark.parametrize("value", ["text", None, [object()]])
    def test_what_holds_no_numbers_does_not_fit(self, value: Any) -> None:
        with pytest.raises(ValueError, match=r"weight (is of|has shape)"):
            Inner().load_state_dict({"weight": value})


class TestText:
    def test_shows_what_is_inside_with_shapes_and_counts(self) -> None:
        class Net(nn.Module):
            def __init__(self) -> None:
                self.body = nn.MLP([20, 60, 1], activation="tanh", output_activation=nn.softplus)
                self.drop = nn.Dropout(0.25)
                self.scale = Tensor(2.0, requires_grad=False)

        assert repr(Net()).splitlines() == [
            "Net(",
            "  body: MLP(",
            "    layers.0: Linear(weight (20, 60), bias (60,))  1,260 parameters",
            "    layers.1: Linear(weight (60, 1), bias (1,))  61 parameters",
            "    activation='tanh'",
            "    output_activation=softplus",
            "  )  1,321 parameters",
            "  drop: Dropout(p=0.25)",
            "  scale () frozen",
            ")  1,322 parameters",
        ]
        assert repr(Inner()) == "Inner(weight ())  1 parameter"
        assert repr(nn.Module()) == "Module()"


class TestPyTorchsNames:
    @pytest.mark.parametrize(
        ("name", "answer"),
        [
            ("cuda", "leave it out"),
            ("to", "dtype= when the model is built"),
            ("double", "dtype= when the model is built"),
            ("modules", "named_modules"),
            ("register_buffer", r"self\.name = array, and is not saved"),
            ("register_parameter", r"Tensor\(array\)"),
        ],
    )
    def test_of_modules_are_answered_by_ours(self, name: str, answer: str) -> None:
        with pytest.raises(AttributeError, match=rf"no {name} here: .*{answer}"):
            getattr(Inner(), name)

    @pytest.mark.parametrize(
        ("name", "answer"),
        [
            ("Parameter", r"Tensor\(array\)"),
            ("ReLU", r"nn\.relu"),
            ("LogSoftmax", r"nn\.log_softmax"),
            ("Tanh", r"np\.tanh"),
            ("CrossEntropyLoss", r"nn\.cross_entropy"),
            ("HuberLoss", r"nn\.huber"),
            ("ModuleList", "write a list"),
            ("Neuron", r"nn\.Linear"),
        ],
    )
    def test_of_the_package_are_answered_by_ours(self, name: str, answer: str) -> None:
        with pytest.raises(AttributeError, match=f"'nn' has no attribute '{name}': .*{answer}"):
            getattr(nn, name)

    def test_others_are_python_s_own_error(self) -> None:
        with pytest.raises(AttributeError, match=r"'nn' has no attribute 'Convolution'$"):
            _ = nn.Convolution

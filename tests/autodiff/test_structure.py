"""Arguments that are nested dicts, lists, tuples, named tuples and dataclasses of arrays."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest

from autodiff import (
    Tensor,
    check_grads,
    flatten,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    no_grad,
    value_and_grad,
    vjp,
)


class Line(NamedTuple):
    slope: Any
    offset: Any


@dataclass(frozen=True)
class Layer:
    weights: Any
    bias: Any


@dataclass
class Network:
    layers: list[Layer]
    scale: Any


@dataclass(frozen=True, slots=True)
class Checked:
    weights: Any

    def __post_init__(self) -> None:
        assert self.weights.shape == (2,)


@pytest.fixture
def network() -> Network:
    rng = np.random.default_rng(0)
    layers = [
        Layer(rng.normal(size=(3, 2)), rng.normal(size=3)),
        Layer(rng.normal(size=3), np.float64(0.3)),
    ]
    return Network(layers, 0.7)


def output(network: Network) -> Any:
    a = np.array([0.4, -0.2])
    for layer in network.layers:
        a = np.tanh(layer.weights @ a + layer.bias)
    return a * network.scale


def flat_arguments(network: Network) -> list[Any]:
    first, second = network.layers
    return [first.weights, first.bias, second.weights, second.bias, network.scale]


def from_flat(*x: Any) -> Any:
    return output(Network([Layer(x[0], x[1]), Layer(x[2], x[3])], x[4]))


class TestResultsComeInTheSameStructure:
    def test_a_gradient(self, network: Network) -> None:
        value, gradient = value_and_grad(output)(network)
        assert value == output(network)
        assert isinstance(gradient, Network)
        assert [type(layer) for layer in gradient.layers] == [Layer, Layer]
        expected = grad(from_flat, (0, 1, 2, 3, 4))(*flat_arguments(network))
        for g, e in zip(flat_arguments(gradient), expected, strict=True):
            np.testing.assert_array_equal(g, e)

    @pytest.mark.parametrize(
        "p",
        [
            {"a": np.ones(2), "b": 3.0},
            [np.ones(2), 3.0],
            (np.ones(2), 3.0),
            Line(np.ones(2), 3.0),
            Line(1.0, 3.0),
            Layer(np.ones(2), 3.0),
            OrderedDict(b=np.ones(2), a=3.0),
            defaultdict(list, {"b": np.ones(2), "a": 3.0}),
            {"all": [{"deep": (np.ones(2), {1: 3.0})}]},
        ],
        ids=lambda p: type(p).__name__,
    )
    def test_every_container(self, p: Any) -> None:
        def total(p: Any) -> Any:
            if isinstance(p, dict):
                return sum(map(total, p.values()))
            if isinstance(p, Layer):
                return total([p.weights, p.bias])
            return sum(map(total, p)) if isinstance(p, list | tuple) else np.sum(p**2)

        gradient = grad(total)(p)
        assert type(gradient) is type(p)
        assert str(gradient) == str(hvp(total, (p,), (p,))[0])  # of a square the gradient is H p
        assert getattr(gradient, "default_factory", list) is list
        if isinstance(p, dict):
            assert list(gradient) == list(p)

    def test_several_arguments_give_a_tuple_of_structures(self) -> None:
        f = lambda p, q: p["a"] * q[0] * q[1]["b"]  # noqa: E731
        p, q = {"a": 2.0}, [np.float64(3.0), {"b": 5.0}]
        assert grad(f, (1, 0))(p, q) == ([10.0, {"b": 6.0}], {"a": 15.0})
        assert grad(f, -1)(p, q) == [10.0, {"b": 6.0}]
        assert vjp(f, p, q)[1](1.0) == ({"a": 15.0}, [10.0, {"b": 6.0}])

    def test_a_jacobian_has_blocks_at_its_leaves(self) -> None:
        x = np.array([1.0, 2.0, 3.0])
        f = lambda p: p.slope * x + p.offset["all"]  # noqa: E731
        J = jacobian(f)(Line(2.0, {"all": np.zeros(3)}))
        assert J.slope.tolist() == [1, 2, 3]
        assert J.offset["all"].tolist() == np.eye(3).tolist()

    def test_a_hessian_is_a_structure_of_structures(self) -> None:
        f = lambda p: p["s"] ** 2 * np.sum(p["v"] ** 3)  # noqa: E731
        H = hessian(f)({"v": np.array([1.0, 2.0]), "s": 3.0})
        assert H["s"]["s"] == 18.0
        assert H["s"]["v"].tolist() == H["v"]["s"].tolist() == [18, 72]
        assert H["v"]["v"].tolist() == [[54, 0], [0, 108]]

    def test_a_hessian_of_several_structures(self) -> None:
        f = lambda p, q: p["a"] ** 2 * np.sum(q.slope) * q.offset  # noqa: E731
        H = hessian(f, (0, 1))({"a": 2.0}, Line(np.ones(2), 5.0))
        assert H[0]["a"][0]["a"] == 20.0
        assert H[0]["a"][1].slope.tolist() == [20, 20]
        assert H[1].slope[0]["a"].tolist() == [20, 20]
        assert H[1].offset[1].slope.tolist() == [4, 4]
        assert H[1].slope[1].slope.tolist() == [[0, 0], [0, 0]]

    def test_tangents_and_products_have_it_too(self, network: Network) -> None:
        x, direction = flat_arguments(network), flat_arguments(grad(output)(network))
        v = grad(output)(network)
        flat = jvp(from_flat, tuple(x), tuple(direction))
        assert jvp(output, network, v) == flat
        assert linearize(output, network)[1](v) == flat[1]
        product = hvp(output, network, v)
        assert isinstance(product, Network)
        expected = hvp(from_flat, tuple(x), tuple(direction))
        for p, e in zip(flat_arguments(product), expected, strict=True):
            np.testing.assert_array_equal(p, e)
        pulled = vjp(output, network)[1](1.0)
        assert isinstance(pulled, Network)
        assert str(pulled) == str(v)

    def test_a_named_tuple_of_primals_is_one_argument(self) -> None:
        f = lambda line: line.slope * line.offset  # noqa: E731
        assert jvp(f, Line(2.0, 3.0), Line(1.0, 0.0)) == (6.0, 3.0)
        assert hvp(f, Line(2.0, 3.0), Line(1.0, 0.0)) == Line(0.0, 1.0)

    def test_they_nest(self) -> None:
        f = lambda p: p["x"] ** 3 * p["y"]  # noqa: E731
        p = {"x": 2.0, "y": 5.0}
        assert grad(lambda p: grad(f)(p)["x"])(p) == hessian(f)(p)["x"] == {"x": 60.0, "y": 12.0}
        inner = grad(lambda s: grad(f)({"x": s, "y": s * s})["y"])  # d/ds s³
        assert inner(2.0) == 12.0
        assert jacobian(lambda p: [grad(f)(p)["x"], 0.0])(p)["y"].tolist() == [12.0, 0.0]

    def test_derivatives_of_a_structure_agree_with_differences(self, network: Network) -> None:
        def of_first_layer(weights: Any, bias: Any) -> Any:
            layers = [Layer(weights, bias), network.layers[1]]
            gradient = grad(output)(Network(layers, network.scale))
            return gradient.layers[0].weights * gradient.scale

        check_grads(of_first_layer, *flat_arguments(network)[:2], order=1)


class TestWhatIsALeaf:
    def test_a_list_of_numbers_is_one_array(self) -> None:
        assert grad(lambda x: np.sum(x**2))([1, 2.0, np.float32(3)]).tolist() == [2, 4, 6]
        assert grad(lambda x: np.sum(x**2))(((1, 2), (3, 4))).tolist() == [[2, 4], [6, 8]]
        gradient = grad(lambda p: np.sum(p["x"] ** 2))({"x": [[1.0], [2.0]]})
        assert gradient["x"].tolist() == [[2], [4]]

    def test_a_list_with_an_array_is_a_structure(self) -> None:
        f = lambda x: x[0] * np.sum(x[1])  # noqa: E731
        a, b = grad(f)([2.0, np.ones(2)])
        assert (a, b.tolist()) == (2.0, [2, 2])
        assert grad(lambda x: x[0] * x[1])([Tensor(2.0, requires_grad=False), 3.0]) == [3.0, 2.0]

    def test_integers_are_taken_as_float64(self) -> None:
        gradient = grad(lambda p: p["n"] ** 2 * np.sum(p["m"]))({"n": 3, "m": np.arange(2)})
        assert gradient["n"] == 6.0
        assert gradient["m"].dtype == np.float64

    def test_each_leaf_keeps_its_dtype(self) -> None:
        p = {"half": np.ones(2, np.float32), "full": np.ones(2)}
        f = lambda p: np.sum(p["half"] ** 2 * p["full"])  # noqa: E731
        for result in (grad(f)(p), hvp(f, p, p)):
            assert [x.dtype for x in result.values()] == [np.float32, np.float64]

    def test_one_array_in_two_places_is_two_leaves(self) -> None:
        x = np.array([1.0, 2.0])
        gradient = grad(lambda p: np.sum(p[0] ** 2 * p[1]))([x, x])
        assert [g.tolist() for g in gradient] == [[2, 8], [1, 4]]

    def test_what_is_not_used_has_derivative_zero(self) -> None:
        gradient = grad(lambda p: p["a"] ** 2)({"a": 1.0, "b": np.ones(2), "none": {}})
        assert gradient["b"].tolist() == [0, 0]
        assert gradient["none"] == {}

    def test_a_dataclass_is_rebuilt_without_its_checks(self) -> None:
        p = Checked(np.array([1.0, 2.0]))
        assert jacobian(lambda p: p.weights**2)(p).weights.tolist() == [[2, 0], [0, 4]]

    def test_the_function_may_change_its_own_copy(self) -> None:
        def f(p: dict[str, Any]) -> Any:
            return p.pop("a") ** 2 * p["b"]

        p = {"a": 3.0, "b": 2.0}
        value, pull = vjp(f, p)
        p["a"] = 0.0
        assert (value, pull(1.0)) == (18.0, {"a": 12.0, "b": 9.0})

    def test_arguments_are_left_alone(self) -> None:
        p = {"a": [np.ones(2)], "b": 2}
        grad(lambda p: np.sum(p["a"][0]) * p["b"])(p)
        assert type(p["a"][0]) is np.ndarray
        assert type(p["b"]) is int

    def test_parameters_may_be_tensors(self) -> None:
        w = Tensor(3.0)
        slope = grad(lambda p: p["w"] ** 2)({"w": w})["w"]
        slope.backward()
        assert w.grad == 2.0
        with no_grad():
            assert grad(lambda p: p["w"] ** 2)({"w": w})["w"] == 6.0


class TestRefusals:
    @pytest.mark.parametrize(
        ("p", "message"),
        [
            ({"layers": [{"w": 1.0}, Line("relu", 1.0)]}, r"argument 0\['layers'\]\[1\]\.slope"),
            ({"w": np.ones(2), 5: None}, r"argument 0\[5\] .*: None \(NoneType\)"),
            (Layer(np.ones(2), "zeros"), r"argument 0\.bias .*'zeros' \(str\)"),
            ([1.0, "two"], r"argument 0\[1\] .*'two'"),
            ([np.ones(2), np.array(["a"])], r"argument 0\[1\] .*\(ndarray\)"),
            (None, "argument 0 .*None"),
            ({"layer": Layer}, r"argument 0\['layer'\] .*\(type\)"),
        ],
        ids=str,
    )
    def test_a_leaf_that_is_no_number_is_named_by_its_path(self, p: Any, message: str) -> None:
        for differentiate in (grad, jacobian, hessian):
            with pytest.raises(TypeError, match=message):
                differentiate(lambda p: 1.0)(p)
        with pytest.raises(TypeError, match=message):
            vjp(lambda p: 1.0, p)

    def test_the_path_starts_at_the_number_of_the_argument(self) -> None:
        with pytest.raises(TypeError, match=r"argument 1\['a'\]"):
            grad(lambda x, p: x, argnums=-1)(1.0, {"a": "text"})

    def test_rows_of_different_lengths(self) -> None:
        with pytest.raises(ValueError, match=r"argument 0\['x'\] .*rows differ in length"):
            grad(lambda p: 1.0)({"x": [[1.0, 2.0], [3.0]]})

    def test_a_structure_without_a_leaf(self) -> None:
        with pytest.raises(ValueError, match="no array to differentiate by"):
            grad(lambda p: 1.0)({"layers": {}})

    def test_a_field_that_its_class_computes(self) -> None:
        @dataclass
        class Box:
            width: float
            area: float = field(init=False, default=0.0)

        with pytest.raises(TypeError, match=r"area of Box .*\(init=False\).* make it a property"):
            grad(lambda box: box.width)(Box(2.0))

    @pytest.mark.parametrize(
        ("tangent", "message"),
        [
            ({"a": 1.0}, r"argument 0 is a dict with the keys 'a', 'b', but .* the keys 'a'$"),
            ([1.0, 2.0], r"argument 0 is a dict .* but its tangent is a list of 2"),
            ({"a": 1.0, "b": (1.0, 1.0)}, r"0\['b'\] is a list of 2, but .* a tuple of 2"),
            ({"a": 1.0, "b": [1.0]}, r"0\['b'\] is a list of 2, but .* a list of 1"),
            ({"a": 1.0, "b": Line(1.0, 1.0)}, r"0\['b'\] .* a Line\(slope, offset\)"),
            ({"a": {}, "b": [1.0, 1.0]}, r"0\['a'\] is an array of shape \(\), .*keys \(none\)"),
            ({"a": np.ones(2), "b": [1.0, 1.0]}, r"0\['a'\] has shape \(\), .* tangent \(2,\)"),
            (np.ones(3), r"argument 0 is a dict .* its tangent is an array of shape \(3,\)"),
        ],
        ids=str,
    )
    def test_a_tangent_of_another_structure(self, tangent: Any, message: str) -> None:
        p = {"a": 1.0, "b": [np.float64(1.0), np.array(2.0)]}
        f = lambda p: p["a"] * p["b"][0] * p["b"][1]  # noqa: E731
        for product in (jvp, hvp):
            with pytest.raises(ValueError, match=message):
                product(f, p, tangent)

    def test_a_tangent_that_is_no_number(self) -> None:
        with pytest.raises(TypeError, match=r"the tangent of argument 0\['a'\] .*None"):
            jvp(lambda p: p["a"], {"a": 1.0}, {"a": None})
        with pytest.raises(TypeError, match=r"the tangent of argument 0 .*'1'"):
            jvp(np.sin, 1.0, "1")


class TestFlatten:
    @pytest.mark.parametrize(
        "x",
        [
            3.0,
            [1.0, 2.0],
            np.arange(6.0).reshape(2, 3),
            {"a": np.ones((2, 2)), "b": [np.zeros(0), 3]},
            Line(np.ones(2), 3.0),
        ],
        ids=lambda x: type(x).__name__,
    )
    def test_there_and_back(self, x: Any) -> None:
        vector, unflatten = flatten(x)
        assert vector.ndim == 1
        back, again = flatten(unflatten(vector))
        np.testing.assert_array_equal(back, vector)
        assert str(again(vector)) == str(unflatten(vector))

    def test_the_vector_is_a_copy(self) -> None:
        x = np.ones(3)
        vector, _ = flatten(x)
        vector[0] = 7.0
        assert x[0] == 1.0

    def test_tensors_keep_their_graph(self) -> None:
        vector, unflatten = flatten({"a": 2.0, "b": np.array([[3.0], [4.0]])})

        def f(v: Any) -> Any:
            x = unflatten(v)
            return x["a"] * np.sum(x["b"] ** 2)

        np.testing.assert_array_equal(grad(f)(vector), [25.0, 12.0, 16.0])

    def test_what_is_no_number_is_named_by_its_path(self) -> None:
        with pytest.raises(TypeError, match=r"x\['a'\]\[1\] is to be differentiated"):
            flatten({"a": [np.ones(2), "text"]})
        with pytest.raises(ValueError, match="holds no numbers"):
            flatten({})

    def test_a_vector_of_another_length_is_refused(self) -> None:
        _, unflatten = flatten([1.0, 2.0])
        with pytest.raises(ValueError, match=r"expected a vector of shape \(2,\), got \(3,\)"):
            unflatten(np.ones(3))

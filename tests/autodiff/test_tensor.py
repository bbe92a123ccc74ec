"""The Tensor: its value, what it refuses, and backward."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from autodiff import Tensor, no_grad, stop_gradient


class TestValue:
    def test_is_a_copy(self) -> None:
        array = np.ones(3)
        x = Tensor(array)
        array[0] = 7
        assert x.data.tolist() == [1, 1, 1]

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex128])
    def test_keeps_its_dtype(self, dtype: type) -> None:
        assert Tensor(np.ones(2, dtype)).dtype == dtype

    @pytest.mark.parametrize("value", [1, True, [1, 2]])
    def test_of_integers_never_requires_a_gradient(self, value: object) -> None:
        assert not Tensor(value).requires_grad  # type: ignore[arg-type]

    @pytest.mark.parametrize("value", ["text", None, {"a": 1}, [object()]])
    def test_holds_numbers_only(self, value: object) -> None:
        with pytest.raises(TypeError, match="holds numbers"):
            Tensor(value)  # type: ignore[arg-type]

    def test_data_cannot_be_written_to(self) -> None:
        x = Tensor([1.0, 2.0])
        with pytest.raises(ValueError, match="read-only"):
            x.data[0] = 5.0

    def test_data_of_a_leaf_can_be_replaced(self) -> None:
        x = Tensor([1.0, 2.0])
        x.data = [3, 4]
        assert x.data.tolist() == [3.0, 4.0]
        assert x.dtype == np.float64

    def test_data_keeps_its_shape(self) -> None:
        x = Tensor([1.0, 2.0])
        with pytest.raises(ValueError, match=r"shape \(3,\), the Tensor \(2,\)"):
            x.data = np.ones(3)
        assert x.data.tolist() == [1.0, 2.0]

    def test_data_of_a_result_cannot_be_replaced(self) -> None:
        y = Tensor(1.0) * 2
        with pytest.raises(TypeError, match="multiply made this Tensor"):
            y.data = 3.0

    def test_entries_are_not_assigned(self) -> None:
        x = Tensor([1.0, 2.0])
        with pytest.raises(
            TypeError, match=r"(?s)\]\)\.copy\(\)\n.*or x = x\.at\[0\]\.set\(3\.0\)"
        ):
            x[0] = 3.0

    def test_item_and_tolist_leave_the_graph(self) -> None:
        assert Tensor(2.5).item() == 2.5
        assert Tensor([[1.0, 2.0]]).tolist() == [[1.0, 2.0]]

    def test_has_the_attributes_of_an_array(self) -> None:
        x = Tensor(np.ones((2, 3)))
        assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((2, 3), 2, 6, 2, np.dtype(float))

    def test_a_number_has_no_length(self) -> None:
        with pytest.raises(TypeError, match="no length"):
            len(Tensor(1.0))


class TestText:
    def test_shows_value_op_and_name(self) -> None:
        x = Tensor([1.0, 2.0], name="x")
        assert repr(x) == "Tensor([1., 2.], name='x')"
        assert repr(x * 2) == "Tensor([2., 4.], op=multiply)"
        assert repr(Tensor(3.0)) == "Tensor(3.)"

    def test_a_number_takes_a_format(self) -> None:
        assert f"{Tensor(3.14159):.2f} {Tensor([2.0]):.1e}" == "3.14 2.0e+00"
        assert f"{Tensor(1.0)}" == "Tensor(1.)"


class TestLeavingTheGraph:
    """Losing a derivative is never silent."""

    x = Tensor([1.0])

    @pytest.mark.parametrize(
        "convert",
        [
            np.asarray,
            np.array,
            float,
            int,
            complex,
            lambda t: np.array([t, t]),
            lambda t: [1, 2][t],
        ],
        ids=["asarray", "array", "float", "int", "complex", "array of Tensors", "index"],
    )
    def test_a_conversion_says_what_to_write_instead(self, convert: object) -> None:
        with pytest.raises(TypeError, match=r"(?s)losing its derivative.*t\.(data|item)"):
            convert(Tensor(1.0))  # type: ignore[operator]

    def test_assignment_into_an_array(self) -> None:
        a = np.zeros(2)
        with pytest.raises((TypeError, ValueError)) as caught:
            a[0] = Tensor(1.0)
        reason = caught.value.__cause__ or caught.value
        assert "a = np.zeros(2, like=x)" in str(reason)
        assert a.tolist() == [0, 0]

    def test_in_place_arithmetic_of_an_array(self) -> None:
        a = np.zeros(2)
        with pytest.raises(TypeError, match=r"a = a \+ Tensor"):
            a += Tensor([1.0, 1.0])
        assert a.tolist() == [0, 0]

    def test_constants_convert_freely(self) -> None:
        c = Tensor([1.0, 2.0], requires_grad=False)
        assert np.asarray(c).tolist() == [1.0, 2.0]
        assert float(c[0]) == 1.0
        assert [10, 20][Tensor(1)] == 20
        assert np.arange(3)[Tensor([0.0, 1.0, 2.0]) > 0.5].tolist() == [1, 2]

    def test_truth_needs_no_gradient(self) -> None:
        assert Tensor(2.0)
        assert Tensor(2.0) > 1.0
        assert Tensor(2.0) != 1.0

    def test_is_hashed_by_identity(self) -> None:
        x, y = Tensor(1.0), Tensor(1.0)
        assert {x: "x", y: "y"}[x] == "x"


class TestCopying:
    def test_leaves_are_pickled_and_copied(self) -> None:
        x = Tensor([1.0, 2.0], name="x")
        for twin in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x), copy.copy(x)):
            assert twin.tolist() == [1.0, 2.0]
            assert (twin.name, twin.requires_grad) == ("x", True)

    def test_results_are_not(self) -> None:
        with pytest.raises(TypeError, match="exp made this Tensor"):
            pickle.dumps(np.exp(Tensor(1.0)))


class TestBackward:
    def test_accumulates_into_leaves(self) -> None:
        x = Tensor([1.0, 2.0])
        np.sum(x * x).backward()
        np.sum(3 * x).backward()
        assert x.grad.tolist() == [5.0, 7.0]

    def test_twice_adds_twice_and_keeps_interiors_right(self) -> None:
        x = Tensor(2.0)
        y = x * x
        z = y * 3
        z.backward()
        z.backward()
        assert x.grad == 24.0
        assert y.grad is None

    def test_takes_a_cotangent(self) -> None:
        x = Tensor([1.0, 2.0])
        (x * x).backward([1, 10])
        assert x.grad.tolist() == [2.0, 40.0]

    def test_of_several_entries_needs_a_cotangent(self) -> None:
        x = Tensor([1.0, 2.0])
        with pytest.raises(ValueError, match=r"shape \(2,\) needs a cotangent"):
            (x * x).backward()
        with pytest.raises(ValueError, match=r"has shape \(2,\), but its cotangent .* \(3,\)"):
            (x * x).backward(np.ones(3))
        assert x.grad is None

    def test_needs_something_that_requires_a_gradient(self) -> None:
        with pytest.raises(TypeError, match="requires one"):
            np.sum(Tensor([1, 2]) * 2).backward()

    def test_of_a_leaf_is_one(self) -> None:
        x = Tensor(5.0)
        x.backward()
        assert x.grad == 1.0

    def test_of_one_entry_keeps_its_shape(self) -> None:
        x = Tensor([[3.0]])
        (x * x).backward()
        assert x.grad.tolist() == [[6.0]]

    def test_a_replaced_value_is_noticed(self) -> None:
        x = Tensor(2.0, name="weight")
        y = x * x
        x.data = 3.0
        with pytest.raises(RuntimeError, match="'weight' was replaced after multiply had used it"):
            y.backward()
        assert x.grad is None

    def test_a_float32_leaf_gets_a_float32_gradient(self) -> None:
        x = Tensor(np.ones(3, np.float32))
        np.sum(x * np.float64(2.0) * np.ones(3)).backward()
        assert x.grad.dtype == np.float32

    def test_a_real_leaf_of_a_complex_result_gets_a_real_gradient(self) -> None:
        x = Tensor([1.0, 2.0])
        np.sum(np.abs(x * 1j + 1)).backward()
        np.testing.assert_allclose(x.grad, x.data / np.sqrt(1 + x.data**2))

    def test_gradients_share_no_memory(self) -> None:
        a, b = Tensor(np.ones(3)), Tensor(np.ones(3))
        seed = np.ones(3)
        (a + b).backward(seed)
        assert not np.shares_memory(a.grad, b.grad)
        assert not np.shares_memory(a.grad, seed)
        c = Tensor(np.ones((2, 3)))
        c.sum().backward()
        assert c.grad.flags.writeable
        assert c.grad.strides == (24, 8)


class TestConstants:
    def test_no_grad_records_nothing(self) -> None:
        x = Tensor(2.0)
        with no_grad():
            y = x * x
        assert not y.requires_grad
        assert y.inputs == ()
        assert (x * x).requires_grad

    def test_no_grad_decorates(self) -> None:
        @no_grad()
        def square(x: Tensor) -> Tensor:
            return x * x

        assert not square(Tensor(2.0)).requires_grad

    def test_no_grad_ends_with_an_exception(self) -> None:
        with pytest.raises(KeyError), no_grad():
            raise KeyError
        assert (Tensor(1.0) * 2).requires_grad

    def test_stop_gradient_is_a_constant(self) -> None:
        x = Tensor(3.0)
        (x * stop_gradient(x)).backward()
        assert x.grad == 3.0
        assert stop_gradient(2.0) == 2.0

# %% [markdown]
r"""
# Two variables: tangent planes and paraboloids

Beside a point $a$, with $h = x - a$, a function of several variables is

$$ f(a + h) \approx f(a) + \nabla f \cdot h + \frac{1}{2} \, h^T H h , $$

where the *gradient* $\nabla f$ holds the slopes and the *Hessian* $H$ the
second derivatives, both at $a$. The first two terms are the *tangent plane*.
With the third it becomes a *paraboloid*, a surface that also bends as $f$ does:
a bowl, a dome or a saddle.

Four functions, with the terms that were found by hand at the point shown:
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import linear_approximation, quadratic_approximation


def waves(p):
    x, y = p
    return (x**3 + 2 * y**2) * np.exp(-(x**2) - y**2)


def ridge(p):
    x, y = p
    return x * np.exp(-(x**2) + y / 4)


def ripples(p):
    x, y = p
    return np.cos(x - y**2) - x**2


def sheet(p):
    x, y = p
    return x**2 - x * y + np.sin(y)


functions = {
    "(x³ + 2y²) e^(-x²-y²)": (waves, [0.0, 0.0], "2y²"),
    "x e^(-x²+y/4)": (ridge, [0.0, 0.0], "x + xy/4"),
    "cos(x - y²) - x²": (ripples, [0.0, 0.0], "1 - 3x²/2"),
    "x² - xy + sin y": (sheet, [0.0, 0.0], "y + x² - xy"),
}
planes, paraboloids = {}, {}
for name, (f, a, by_hand) in functions.items():
    planes[name] = linear_approximation(f, a)
    paraboloids[name] = q = quadratic_approximation(f, a)
    print(f"{name} at ({a[0]:g}, {a[1]:g}), by hand {by_hand}")
    # + 0.0 makes 0 of -0
    print(f"  value {q.value:g}, gradient {q.gradient + 0.0}")
    print(f"  Hessian {(q.hessian + 0.0).tolist()}")

# %% [markdown]
r"""
At the origin the tangent planes of the first and the third are level: both have
a *stationary point* there. To first order nothing is known of them, and the
second tells what the surface does: the first is a trough along the x axis, the
third a ridge along the y axis, and both are flat, to this order, along their
length.

Elsewhere all terms have a part. A test of both approximations: half the
distance should leave about a quarter of the plane's error, and an eighth of
the paraboloid's.
"""

# %%
away = np.array([0.8, 0.6])  # of length 1
shrinks = {}
print("Error at 0.02 and at 0.01 from (0.4, 0.6)")
print("| function              | order | at 0.02 | at 0.01 | ratio |")
print("| :-------------------- | ----: | ------: | ------: | ----: |")
for name, (f, _, _) in functions.items():
    a = np.array([0.4, 0.6])
    both = linear_approximation(f, a), quadratic_approximation(f, a)
    for order, g in enumerate(both, 1):
        far, near = (abs(f(p) - g(p)) for p in (a + away / 50, a + away / 100))
        shrinks[name, order] = far / near
        errors = f"{far:7.1e} | {near:7.1e} | {far / near:5.2f}"
        print(f"| {name:21} | {order:5} | {errors} |")

# %% [markdown]
r"""
The surfaces are drawn as nets, with a dot at the origin. What to look for:

- The first has a hump on both sides of a trough. The paraboloid lies in the
  trough and goes up with the humps, but knows nothing of their tops.
- The second rises through the origin and turns back on both sides. The
  paraboloid does not turn, for $x^3$ is of third order. It is twisted, which
  the plane is not: that is the term $xy/4$.
- The third bends down along $y$ too, but as $y^4$. So the paraboloid is
  straight along $y$ and lies above the surface at the far ends.
- The fourth has only $\sin y$ that is no polynomial of second order already.
  The paraboloid lies on it nearly everywhere.
"""

# %%
reach = np.linspace(-1, 1, 41)
x, y = np.meshgrid(reach, reach)
points = np.stack([x, y], axis=-1)  # as the approximations take them


def draw_surfaces(name):
    z = functions[name][0]((x, y))
    figure, axes = plt.subplots(subplot_kw={"projection": "3d"})
    plane, paraboloid = planes[name](points), paraboloids[name](points)
    bowl = {"color": "C0", "alpha": 0.4, "shade": False, "label": "paraboloid"}
    axes.plot_surface(x, y, paraboloid, **bowl)
    fine = {"color": "black", "rcount": 14, "ccount": 14, "lw": 0.9}
    axes.plot_wireframe(x, y, z, linestyle="-", label="f", **fine)
    edge = {"color": "C1", "rcount": 2, "ccount": 2, "lw": 2.5}
    axes.plot_wireframe(x, y, plane, ls="-", label="tangent plane", **edge)
    axes.plot(0, 0, planes[name].value, "o", color="black", zorder=5)
    axes.set(xlabel="x", ylabel="y", zlabel="f", title=name)
    axes.view_init(25, -115)
    figure.legend(loc="outside lower center", ncols=3)


# Picture: A surface, drawn as a net, with two humps beside a trough through the
# origin. The tangent plane there, a frame, is level and lies in the trough.
# The paraboloid, a shaded sheet, bends up on both sides, as the surface does
# at first; then the humps end, and the sheet goes on.
draw_surfaces("(x³ + 2y²) e^(-x²-y²)")

# Picture: A surface that rises along x through the origin and turns back on
# both sides. The tangent plane is as steep as the surface is at the origin,
# and does not turn. The paraboloid is twisted, steeper where y is larger, and
# does not turn back either, for that is of third order.
draw_surfaces("x e^(-x²+y/4)")

# Picture: A surface that falls to both sides along x. The tangent plane is
# level on top of it. The paraboloid is arched along x and straight along y,
# where the surface bends too, but only further out.
draw_surfaces("cos(x - y²) - x²")

# Picture: A surface that bends up along x and rises along y. The tangent
# plane rises along y only. The paraboloid lies on the surface nearly
# everywhere.
draw_surfaces("x² - xy + sin y")
plt.show()

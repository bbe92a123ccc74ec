# %% [markdown]
r"""
# Ways down: gradient descent, momentum, Adam, BFGS, Newton

Every way down takes steps, and differs in what it knows about the next one.

- *Gradient descent* goes against the slope: $x \leftarrow x - \gamma \nabla f$.
- *Momentum* keeps a part of the last step:
  $v \leftarrow \beta v - \gamma \nabla f$, $x \leftarrow x + v$.
- *Adam* divides each unknown's step by the usual size of its own slope. It is
  made for networks, and changes a *Tensor* in place.
- A *line search* tries several lengths along one direction before it goes.
- *Newton's method* goes to the bottom of the paraboloid that has the slopes and
  curvatures of $f$, here only as far as that has proved to be right.
- *BFGS* does so with curvatures that it learns from how the gradient changes.

Two landscapes: Rosenbrock's bent valley, and the *sandpit* with a single
well.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import OptimizeResult

from autodiff import Tensor, hessian
from optim import Adam, bfgs, gradient_descent, newton


def valley(p):
    x, y = p
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def well(p):
    x, y = p
    hill = -((x - 4.1) ** 2) - (y - 0.9) ** 2
    return hill - 30 * np.exp(-((x - 1.5) ** 2 + (y - 3.7) ** 2) / 2.8)


lowest = newton(well, [1.0, 4.0])
bottoms = {"valley": (valley, [1.0, 1.0]), "well": (well, lowest.x)}
print(f"well: lowest at ({lowest.x[0]:.4f}, {lowest.x[1]:.4f})", end="")
print(",  expected (1.2128, 4.0093)")
curvatures = {}
for name, (f, bottom) in bottoms.items():
    curvatures[name] = low, high = np.linalg.eigvalsh(hessian(f)(bottom))
    print(f"{name}: curvatures {low:.4g} and {high:.5g} at the bottom,", end="")
    print(f" ratio {high / low:.5g}")

# %% [markdown]
r"""
The well is nearly round. The valley is 2500 times as curved across as along:
a step that is short enough not to bounce off the walls is far too short for
the way along. A fixed step has to be shorter than 2 over the largest
curvature, 0.002 at the bottom of the valley.

All start at $(-1.2, 1)$ in the valley, and stop at $f \le 10^{-10}$ or after
3000 steps. What counts is not the steps but the *evaluations*: how often $f$,
its gradient and its Hessian had to be computed.
"""


# %%
def search(method, f, start, stop, **options):
    seen = []  # how often f was evaluated, and f, after each step

    def look(intermediate_result):
        seen.append((intermediate_result.nfev, intermediate_result.fun))
        if stop(intermediate_result.x, intermediate_result.fun):
            raise StopIteration

    limits = {"maxiter": 3000, "callback": look, "path": True}
    result = method(f, start, **limits, **options)
    result.seen = np.array(seen)
    return result


def adam(f, start, *, lr, maxiter, callback, path):
    p = Tensor(np.array(start), requires_grad=True)
    optimizer = Adam([p], lr=lr)
    r = OptimizeResult(nit=0, nfev=1, njev=0, nhev=0, path=[p.data.copy()])
    try:
        while r.nit < maxiter:
            optimizer.zero_grad()
            f(p).backward()
            optimizer.step()
            r.path.append(p.data.copy())
            r.x, r.fun = r.path[-1], f(r.path[-1])
            r.nit, r.nfev, r.njev = r.nit + 1, r.nfev + 1, r.njev + 1
            callback(r)
    except StopIteration:
        pass
    r.path = np.array(r.path)
    return r


def show_counts(results):
    print("| method               | steps |     f |    ∇f | ∇²f |    best f |")
    print("| :------------------- | ----: | ----: | ----: | --: | --------: |")
    for name, r in results.items():
        counts = f"{r.nit:5} | {r.nfev:5} | {r.njev:5} | {r.nhev:3}"
        print(f"| {name:20} | {counts} | {r.fun:9.4g} |")


start = [-1.2, 1.0]
ways = {
    "gradient descent": (gradient_descent, {"step": 0.001}),
    "momentum 0.9": (gradient_descent, {"step": 0.001, "momentum": 0.9}),
    "Adam, rate 0.1": (adam, {"lr": 0.1}),
    "Armijo's line search": (gradient_descent, {"line_search": "armijo"}),
    "exact line search": (gradient_descent, {"line_search": "exact"}),
    "BFGS": (bfgs, {}),
    "Newton": (newton, {}),
}
down = {
    name: search(method, valley, start, lambda x, f: f <= 1e-10, **options)
    for name, (method, options) in ways.items()
}
show_counts(down)

# %% [markdown]
r"""
- A fixed step costs one gradient, and 3000 of them are not enough here.
- A line search pays for each length that it tries. Armijo's takes what lowers
  $f$ by enough. The exact one goes on until the slope along the line is zero,
  for about five evaluations a step, and still is not there after 3000: each
  step is at a right angle to the next, and so they zigzag. The best step is
  not the best way.
  Each has one Hessian, which gives the length that is tried first.
- BFGS tries a full step first, and seldom needs another length. It asks for a
  Hessian at the start, as they do, and now and then: here three times.
- Newton pays for a Hessian each step, about as much as a gradient for each
  unknown. With two that is nothing; with a million nobody can store it.
"""


# %%
markers = dict(zip(ways, "osD^vPX", strict=True))


def draw_paths(results, f, x, y, levels, title):
    figure, axes = plt.subplots()
    grid = np.meshgrid(np.linspace(*x, 200), np.linspace(*y, 200))
    axes.contour(*grid, f(grid), levels, colors="0.45", linewidths=0.6)
    for (name, r), lw in zip(results.items(), (4, 2, 2), strict=False):
        seen = 1 if r.nit < 50 else [-1]  # each step, or only the last
        look = {"marker": markers[name], "markevery": seen, "ms": 5, "lw": lw}
        axes.plot(*r.path.T, label=name, **look)
    end = min(results.values(), key=lambda r: r.fun).path[-1]
    axes.plot(*r.path[0], "D", color="black", ms=7)
    axes.plot(*end, "*", color="black", ms=14)
    axes.set(xlabel="x", ylabel="y", xlim=x, ylim=y, title=title)
    figure.legend(loc="outside lower center", ncols=2)
    return axes


def draw_valley(names, title):
    chosen, levels = {n: down[n] for n in names}, np.geomspace(0.3, 1000, 8)
    draw_paths(chosen, valley, (-1.7, 1.7), (-0.8, 2.2), levels, title)


# Picture: Contours of a valley bent like a U, from a diamond, the start, on
# its left arm to a star, the minimum, on the right. Gradient descent follows
# the floor and stops short of the star. With momentum the path swings to and
# fro across the floor, less and less, and arrives.
draw_valley(["gradient descent", "momentum 0.9"], "Steps and momentum")

# Picture: The same valley. Adam's path swings a little at the start, then
# lies on that of gradient descent, and goes on to the star.
draw_valley(["gradient descent", "Adam, rate 0.1"], "Steps and Adam")

# Picture: The same valley. Armijo's search leads along the floor to the star.
# The exact one leaps from the left arm over the inside of the bend to the
# right one, beyond the star, and from there creeps down the floor, and stops
# short of it.
draw_valley(["Armijo's line search", "exact line search"], "Line searches")

# Picture: The same valley. BFGS and Newton go along the floor and round the
# bend with long strides to the star.
draw_valley(["BFGS", "Newton"], "With curvatures")

# Picture: Height against evaluations of f, both on logarithmic scales. Newton
# and BFGS fall steeply to 1e-10 before 50 evaluations. Adam, momentum and
# Armijo's search need 1500 to 4000. Gradient descent and the exact search end
# high above.
figure, axes = plt.subplots()
for name, r in down.items():
    axes.loglog(*r.seen.T, marker=markers[name], markevery=0.15, label=name)
axes.set(xlabel="evaluations of f", ylabel="f", title="What a way down costs")
axes.set(ylim=(1e-11, 1e2))
figure.legend(loc="outside lower center", ncols=2)
plt.show()

# %% [markdown]
r"""
In the sandpit five of these start at (3, 3), on the slope of the hill, where
one of the two curvatures is negative. In its own lesson the depths were
rescaled. Here they are not, and all slopes and curvatures are 5.75 times as
large. The fixed step is 0.05, close to one over the curvatures at the bottom.
All stop within $10^{-4}$ of the lowest $f$, or where they leave the pit, $[0,
6]^2$. Beyond it the hill falls for ever.

From this same start the sandpit's Newton climbed the hill. This one does not:
`newton` goes to the lowest point that the paraboloid has in a *trust region*
about the place, and so downwards also where it curves down.
"""


# %%
def found_or_outside(p, height):
    outside = np.any(p < 0) or np.any(p > 6)
    return outside or height <= lowest.fun + 1e-4


ways = {
    "gradient descent": (gradient_descent, {"step": 0.05}),
    "momentum 0.9": (gradient_descent, {"step": 0.05, "momentum": 0.9}),
    "Adam, rate 0.1": (adam, {"lr": 0.1}),
    "BFGS": (bfgs, {}),
    "Newton": (newton, {}),
}
dug = {
    name: search(method, well, [3.0, 3.0], found_or_outside, **options)
    for name, (method, options) in ways.items()
}
show_counts(dug)
lost = dug["momentum 0.9"].path[-1]
print(f"\nmomentum leaves the pit, and is at ({lost[0]:.2f}, {lost[1]:.2f})")


# %%
def draw_well(names, title):
    chosen = {name: dug[name] for name in names}
    axes = draw_paths(chosen, well, (-1, 6.2), (-0.2, 6.2), 14, title)
    axes.plot([0, 6, 6, 0, 0], [0, 0, 6, 6, 0], "-", color="black", lw=1)


# Picture: Contours of a round well left of the middle, with a star at its
# bottom, and a hill to the lower right; a frame around the pit. From a
# diamond between them gradient descent walks straight to the star. With
# momentum three steps lead past the star and out of the frame. Adam passes
# the star, turns and comes back.
draw_well(list(dug)[:3], "Blind steps")

# Picture: The same well. BFGS and Newton come to the star in three and four
# steps.
draw_well(list(dug)[3:], "With curvatures")
plt.show()

# %% [markdown]
"""
Nothing here is best everywhere. The well is round, and plain gradient descent
with a good step is nearly as fast as anything. The momentum that pays in the
long valley carries too much speed into the well, rolls out of it and is lost.
"""

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
  This library's looks at the exact ones as well, but seldom.

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
print(f"well: lowest at ({lowest.x[0]:.4f}, {lowest.x[1]:.4f}),", end="")
print(" in the course (1.2128, 4.0093)")
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
def descend(method, f, start, is_done, **options):
    def look(point):
        if is_done(point.x):
            raise StopIteration

    limits = {"maxiter": 3000, "callback": look, "path": True}
    return method(f, start, **limits, **options)


def adam(f, start, is_done):
    p = Tensor(np.array(start))
    optimizer, path = Adam([p], lr=0.1), [p.data.copy()]
    while len(path) <= 3000 and not is_done(p.data):
        optimizer.zero_grad()
        f(p).backward()
        optimizer.step()
        path.append(p.data.copy())
    steps, best = len(path) - 1, f(path[-1])
    counts = {"nit": steps, "nfev": steps + 1, "njev": steps, "nhev": 0}
    return OptimizeResult(path=np.array(path), fun=best, **counts)


def show_counts(results):
    print("| method               | steps |     f |    ∇f | ∇²f |    best f |")
    print("| :------------------- | ----: | ----: | ----: | --: | --------: |")
    for name, r in results.items():
        counts = f"{r.nit:5} | {r.nfev:5} | {r.njev:5} | {r.nhev:3}"
        print(f"| {name:20} | {counts} | {r.fun:9.4g} |")


def on_the_floor(p):
    return valley(p) <= 1e-10


task = valley, [-1.2, 1.0], on_the_floor
down = {
    "gradient descent": descend(gradient_descent, *task, step=0.001),
    "momentum 0.9": descend(gradient_descent, *task, step=0.001, momentum=0.9),
    "Adam, rate 0.1": adam(*task),
    "Armijo's line search": descend(
        gradient_descent, *task, line_search="armijo"
    ),
    "exact line search": descend(gradient_descent, *task, line_search="exact"),
    "BFGS": descend(bfgs, *task),
    "Newton": descend(newton, *task),
}
show_counts(down)

# %% [markdown]
r"""
- A fixed step costs one gradient, and 3000 of them are not enough here.
- A line search pays for each length that it tries. Armijo's takes what lowers
  $f$ by enough. The exact one goes on until the slope along the line is zero,
  for about five evaluations a step, and still is not there after 3000. Its
  third step leaps across the bend, beyond the minimum. From there each step is
  at a right angle to the next: they zigzag down the floor, in strides too
  short to be seen in the picture. The best step is not the best way.
  Each has one Hessian, which gives the length that is tried first.
- BFGS tries a full step first, and seldom needs another length. It learns its
  curvatures; the Hessians, here three, are for what gradients cannot tell. One
  gives the length of the first step, before anything is learnt. The others
  come where little seems left to gain: there only exact curvatures tell a
  minimum from a saddle.
- Newton pays for a Hessian each step, about as much as a gradient for each
  unknown. With two that is nothing; with a million nobody can store it.
"""


# %%
looks = {
    "gradient descent": {"color": "C0", "ls": "-", "marker": "o"},
    "momentum 0.9": {"color": "C1", "ls": "--", "marker": "s"},
    "Adam, rate 0.1": {"color": "C2", "ls": "-.", "marker": "D"},
    "Armijo's line search": {"color": "C3", "ls": ":", "marker": "^"},
    "exact line search": {"color": "C4", "ls": "-", "marker": "v"},
    "BFGS": {"color": "C5", "ls": "--", "marker": "P"},
    "Newton": {"color": "0.45", "ls": "-", "marker": "X"},
}


def draw_paths(results, f, x, y, levels, title):
    figure, axes = plt.subplots()
    grid = np.meshgrid(np.linspace(*x, 200), np.linspace(*y, 200))
    axes.contour(*grid, f(grid), levels, colors="0.45", linewidths=0.6)
    for (name, r), lw in zip(results.items(), (4, 2, 2), strict=False):
        seen = 1 if r.nit < 50 else [-1]  # each step, or only the last
        axes.plot(*r.path.T, label=name, lw=lw, markevery=seen, **looks[name])
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

# Picture: Height against evaluations, both on logarithmic scales. Newton and
# BFGS fall steeply to 1e-10 before 100 evaluations. Adam, momentum and Armijo's
# search need 3000 to 8000. Gradient descent and the exact search end high
# above.
figure, axes = plt.subplots()
for name, r in down.items():
    # each step at the mean cost of its search
    cost = np.linspace(1, r.nfev + r.njev + r.nhev, r.nit + 1)
    axes.loglog(
        cost, valley(r.path.T), markevery=0.15, label=name, **looks[name]
    )
axes.set(xlabel="evaluations of f, ∇f and ∇²f", ylabel="f", ylim=(1e-11, 1e2))
axes.set(title="What a way down costs")
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
def found_or_outside(p):
    outside = np.any(p < 0) or np.any(p > 6)
    return outside or well(p) <= lowest.fun + 1e-4


task = well, [3.0, 3.0], found_or_outside
dug = {
    "gradient descent": descend(gradient_descent, *task, step=0.05),
    "momentum 0.9": descend(gradient_descent, *task, step=0.05, momentum=0.9),
    "Adam, rate 0.1": adam(*task),
    "BFGS": descend(bfgs, *task),
    "Newton": descend(newton, *task),
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

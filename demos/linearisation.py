# %% [markdown]
r"""
# Linearisation: the error of a measurement

A pendulum of length $L$ swings with the period $T$, and so measures gravity:

$$ g = \frac{4 \pi^2 L}{T^2} . $$

Neither is known exactly: each has an error $\sigma$. Close to what was
measured $g$ is almost its *linearisation*, the tangent plane, and a linear
function passes errors on by its slopes. If those of $L$ and $T$ have nothing
to do with each other, their effects add as squares:

$$
\sigma_g^2 = \left( \frac{\partial g}{\partial L} \sigma_L \right)^2
+ \left( \frac{\partial g}{\partial T} \sigma_T \right)^2 .
$$

This is *error propagation*. `linearize` returns $g$ and a function `push`,
which takes small changes of $L$ and $T$ to the change of $g$.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from autodiff import hessian, linearize


def gravity(length, period):
    return 4 * np.pi**2 * length / period**2


L, T = 1.000, 2.007  # in m and s
sigma_length, sigma_period = 0.002, 0.010

g, push = linearize(gravity, L, T)
by_length, by_period = push(sigma_length, 0.0), push(0.0, sigma_period)
sigma_g = np.hypot(by_length, by_period)
print(f"g = ({g:.3f} ± {sigma_g:.3f}) m/s²")
print(f"  by the error of the length, 0.2 %:  {by_length:+.3f} m/s²")
print(f"  by the error of the period, 0.5 %:  {by_period:+.3f} m/s²")
relative = np.hypot(sigma_length / L, 2 * sigma_period / T)
print(f"by hand, g √((σ_L/L)² + (2σ_T/T)²):  {g * relative:.3f} m/s²")

# %% [markdown]
r"""
The period counts twice, for it is squared, and with the opposite sign: a
longer period means less gravity. For a better $g$, first time more swings.

Does the tangent tell the truth? A *Monte Carlo* calculation asks the function
itself: $10^5$ lengths and periods are drawn from normal distributions, and
$g$ is computed from each. Three times, with a worse and worse clock.
"""

# %%
rng = np.random.default_rng(1)
lengths = L + sigma_length * rng.normal(size=100_000)
scatter = rng.normal(size=100_000)
clocks = {"good": 0.01, "poor": 0.1, "bad": 0.3}  # σ of the period, in s

print("| clock, σ of T | linearised g ± σ | mean ± σ drawn | 16 % … 84 % |")
print("| :------------ | ---------------: | -------------: | ----------: |")
draws, linear = {}, {}
for clock, sigma in clocks.items():
    linear[clock] = np.hypot(push(sigma_length, 0.0), push(0.0, sigma))
    draws[clock] = d = gravity(lengths, T + sigma * scatter)
    low, high = np.percentile(d, [15.9, 84.1])
    cells = f"{g:.2f} ± {linear[clock]:.2f} | {d.mean():.2f} ± {d.std():.2f}"
    name = f"{clock}, {sigma:g} s"
    print(f"| {name:13} | {cells} | {low:.2f} … {high:.2f} |")


# %%
def draw_clock(clock, title):
    width = linear[clock]
    bins = np.linspace(g - 3.5 * width, g + 4.5 * width, 81)
    counts, _ = np.histogram(draws[clock], bins)
    density = counts / len(lengths) / np.diff(bins)
    z = (bins - g) / width
    normal = np.exp(-(z**2) / 2) / (width * np.sqrt(2 * np.pi))
    _, axes = plt.subplots()
    axes.stairs(density, bins, label="10⁵ draws", color="C0")
    axes.plot(bins, normal, "--", color="C1", label="linearised")
    axes.axvline(g, color="black", lw=1)
    axes.set(xlabel="g in m/s²", ylabel="density", title=title)
    axes.legend()


# Picture: With the good clock, the histogram of the draws and the bell curve
# that the linearisation promises lie on each other.
draw_clock("good", "A clock good to 0.01 s")
# Picture: With the bad clock, the histogram leans: its peak is left of the
# bell curve's, and a long tail reaches to the right, far beyond the bell
# curve's.
draw_clock("bad", "A clock good to 0.3 s")
plt.show()

# %% [markdown]
r"""
With the good clock both agree. With the bad one they do not: $g$ is curved
within the error. Short periods raise $g$ by more than long ones lower it, and
so the draws lean to one side: two thirds of them lie between 7.4 and 13.5,
from 2.4 below to 3.7 above. Their mean moves too, to second order by
$\frac{1}{2} g''(T)\, \sigma_T^2$, which the *Hessian* has.

The tangent is to be trusted as long as the second-order term is small beside
the first: here, as long as $3 (\sigma_T / T)^2$ is small beside $2 \sigma_T /
T$.
"""

# %%
curvature = hessian(lambda period: gravity(L, period))(T)
print("| clock | mean drawn - g | ½ g″ σ² | the same / σ of g |")
print("| :---- | -------------: | ------: | ----------------: |")
shifts = {}
for clock, sigma in clocks.items():
    second = curvature * sigma**2 / 2
    shifts[clock] = draws[clock].mean() - g, second
    cells = f"{shifts[clock][0]:14.4f} | {second:7.4f}"
    print(f"| {clock:5} | {cells} | {second / linear[clock]:17.4f} |")

# %%
# Picture: g falls along a curve as the period grows, and a straight tangent
# touches it at 2.007 s. Inside a narrow pair of lines, the good clock's
# error, the two are one. At the edges of a wide pair, the bad clock's, the
# curve lies above the tangent.
t = np.linspace(1.55, 2.5, 200)
figure, axes = plt.subplots()
axes.plot(t, gravity(L, t), label="g(T)")
axes.plot(t, [g + push(0.0, each - T) for each in t], label="tangent")
for sigma in (clocks["good"], clocks["bad"]):
    for edge in (T - sigma, T + sigma):
        axes.axvline(edge, color="0.45", lw=1, ls=":")
axes.plot(T, g, "o", color="black")
axes.set(xlabel="T in s", ylabel="g in m/s²", title="Where the tangent serves")
axes.legend()
plt.show()

# %% [markdown]
r"""
Worst is a place where the slope vanishes. How much of a push along a rail is
lost if it is given at an angle $\theta = 0 \pm 0.1$ rad? The share that counts
is $\cos \theta$, which is level at 0. The linearisation knows of no error at
all.
"""

# %%
share, push_angle = linearize(np.cos, 0.0)
angles = 0.1 * scatter
print(f"linearised  {share:.4f} ± {abs(push_angle(0.1)):.4f}")
print(f"drawn       {np.cos(angles).mean():.4f} ± {np.cos(angles).std():.4f}")
print("never above 1: that is no symmetric error")

# %% [markdown]
r"""
# Heights: a Gaussian by steepest descent

How tall people are has been counted in bins of 2.5 cm. The shares of people are
an exercise's table, and add up to 0.995. Divided by their sum and by the bin's
width they are a density, and it looks like a *Gaussian*:

$$
p(x) = \frac{1}{\sigma \sqrt{2\pi}}
       \exp\left( -\frac{(x - \mu)^2}{2 \sigma^2} \right) .
$$

Which mean $\mu$ and which *standard deviation* $\sigma$? Those of the least χ².
No formula solves this one, since both stand inside the exponential. But χ² is a
landscape over the plane of $\mu$ and $\sigma$, its gradient comes from the
engine, and steps against the gradient lead down:

$$ (\mu, \sigma) \leftarrow (\mu, \sigma) - \gamma \, \nabla \chi^2 . $$

The table gives no errors, so nothing divides the residuals. They are densities
of some hundredths per cm, and χ² has their unit squared, 1/cm². Its gradient is
tiny, and the step $\gamma = 2000$ is large.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from autodiff import jacobian
from fit import chi_squared, curve_fit
from optim import gradient_descent

share = np.zeros(100)  # of people in bins of 2.5 cm from 50 cm to 300 cm
share[44:60] = (
    *(0.031, 0.013, 0.023, 0.064, 0.065, 0.126, 0.132, 0.127),
    *(0.113, 0.091, 0.105, 0.050, 0.018, 0.018, 0.018, 0.001),
)
height = np.arange(50, 300, 2.5) + 1.25  # the bins' centres, in cm
density = share / (share.sum() * 2.5)


def gaussian(x, mu, sigma):
    z = (x - mu) / sigma
    return np.exp(-(z**2) / 2) / (sigma * np.sqrt(2 * np.pi))


f = chi_squared(gaussian, height, density)
start = (155.0, 6.0)
path = gradient_descent(f, start, step=2000, maxiter=50, path=True).path
best, covariance = curve_fit(gaussian, height, density, p0=start)

places = {f"{n:3} steps down": path[n] for n in (0, 1, 10, 50)}
print("| where          |      μ (cm) |     σ (cm) | χ² (1/cm²)  |")
print("| :------------- | ----------: | ---------: | ----------: |")
for label, (mu, sigma) in {**places, "curve_fit": best}.items():
    least = f([mu, sigma])
    print(f"| {label:14} | {mu:11.7f} | {sigma:10.7f} | {least:.5e} |")
errors = np.sqrt(np.diag(covariance))
print(f"\nerrors by curve_fit: {errors[0]:.3f} cm and {errors[1]:.3f} cm")
print("\nexpected by the exercise: 155.926, 13.319 after 1 step,")
print("178.51982, 7.54991 and χ² 4.39245e-04 after 50,")
print("178.5198243, 7.5499077 at the least χ²")

# %% [markdown]
"""
The start is far to the left of most of the data. So the first step hardly moves
the mean. It makes the Gaussian more than twice as wide instead, which lowers it
where there are few people. It goes on growing wider up to 19.6 cm while the
mean climbs slowly; then the mean comes near to the data, and the Gaussian
narrows about them. Fifty steps find the mean to a millionth of a centimetre.
`curve_fit`, which knows how χ² bends, needs one line, and gives the errors too.
"""

# %%
# Picture: Bars of the density of heights between 160 and 200 cm, with the
# Gaussian at four times: at the start far left and narrow, after 1 step wide
# and low, after 10 steps wider still and nearer, after 50 steps on the bars.
figure, axes = plt.subplots()
x = np.linspace(130, 225, 400)
axes.bar(height, density, 2.5, color="white", edgecolor="0.45", label="data")
for step in (0, 1, 10, 50):
    axes.plot(x, gaussian(x, *path[step]), label=f"step {step}")
axes.set(xlabel="height (cm)", ylabel="density (1/cm)", xlim=(130, 225))
axes.set(title="From a poor guess to the best Gaussian")
axes.legend(fontsize="small")
plt.show()

# Picture: Contours of χ² over the mean and the standard deviation, with one
# basin at 178.5 and 7.5 cm. The path rises straight from the start at (155, 6)
# to (156, 13), bends to the right over a width of 19, and falls into the basin.
figure, axes = plt.subplots()
mu, sigma = np.linspace(150, 190, 81), np.linspace(4, 20, 81)
surface = np.array([[f((m, s)) for m in mu] for s in sigma])
levels = np.geomspace(4.3e-4, 4.3e-2, 25)
norm = LogNorm(levels[0], levels[-1])
axes.contourf(
    mu, sigma, surface, levels, cmap="cividis", norm=norm, extend="both"
)
axes.plot(*path.T, "-", lw=3, color="black")
axes.plot(*path.T, "o-", color="white", ms=4, lw=1.2, mec="black")
axes.set(xlabel="mean μ (cm)", ylabel="standard deviation σ (cm)")
axes.set(title="Fifty steps down the landscape of χ²")
plt.show()

# %% [markdown]
r"""
## The derivatives that the engine takes

By hand, steepest descent needs the model's derivative by each parameter. Here
are three models with theirs from pen and paper. The code compares them with
what the engine finds, at 50 places $x$:

$$
a_1 x^3 - a_2 x^2 + e^{-a_3 x} : \qquad
x^3, \quad -x^2, \quad -x\, e^{-a_3 x}
$$

$$
a_1 \left(1 - e^{-a_2 x^2}\right) : \qquad
1 - e^{-a_2 x^2}, \quad a_1 x^2 e^{-a_2 x^2}
$$

and a Gaussian $G = (\sigma \sqrt{2\pi})^{-1} e^{-z^2/2}$ with
$z = (x - \mu)/\sigma$, on a constant background, $b + I\,G$:

$$
1, \quad G, \quad I\,G\,\frac{z}{\sigma}, \quad I\,G\,\frac{z^2 - 1}{\sigma} .
$$
"""

# %%
x = np.linspace(0.1, 2.0, 50)


def cubic(a1, a2, a3):
    return a1 * x**3 - a2 * x**2 + np.exp(-a3 * x)


def rise(a1, a2):
    return a1 * (1 - np.exp(-a2 * x**2))


def peak(b, strength, mu, sigma):
    return b + strength * gaussian(x, mu, sigma)


falling = np.exp(-0.8 * x**2)
z, g = (x - 1.1) / 0.3, gaussian(x, 1.1, 0.3)
inner = 1.4 * g / 0.3
difference = {}
for model, a, by_hand in (
    (cubic, (1.5, 0.7, 2.0), (x**3, -(x**2), -x * np.exp(-2.0 * x))),
    (rise, (3.0, 0.8), (1 - falling, 3.0 * x**2 * falling)),
    (peak, (0.2, 1.4, 1.1, 0.3), (1 + 0 * x, g, inner * z, inner * (z**2 - 1))),
):
    found = jacobian(lambda a, model=model: model(*a))(np.array(a)).T
    largest = np.max(np.abs(found - by_hand))
    difference[model.__name__] = largest
    print(f"{model.__name__:5} largest difference: {largest:.0e}")

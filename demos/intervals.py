# %% [markdown]
r"""
# Intervals: two overlapping lines in a spectrum

A spectrum has two lines that overlap: a *Gaussian* on the left and a
*Lorentzian* on the right, on a background that slopes. How wide is the right
one, and how sure can one be?

There are two ways to an interval for a parameter $\theta$. The *linear* one
takes χ² for a parabola: $\hat{\theta} \pm \sigma$, where $\sigma$ is the
*standard error*, from the curvature at the minimum. The *profile* follows χ²
itself. For each value of $\theta$ all other parameters are fitted anew, and the
interval ends where the least χ² has risen by 1:

$$
\Delta\chi^2(\theta) =
\min_{\text{others}} \chi^2(\theta, \text{others}) - \chi^2_{\min} = 1
$$

for 1σ, 4 for 2σ and 9 for 3σ. Where the model is linear in its parameters, the
two are the same.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from fit import Gaussian, Line, Lorentzian, fit

left, right, background = Gaussian("left_"), Lorentzian("right_"), Line()
spectrum = left + right + background

# Heights in mV, places and widths in GHz; the background in mV/GHz and mV.
truth = (60.0, -0.8, 0.8, 20.0, 1.0, 0.6, -2.0, 30.0)
x = np.linspace(-5, 5, 101)
noise = np.random.default_rng(0).normal(size=101)
y = spectrum(x, *truth) + 3.0 * noise

result = fit(spectrum, x, y, 3.0)  # the parts find their own starting values
print("| parameter    | truth |  value | error |")
print("| :----------- | ----: | -----: | ----: |")
for (name, value), true in zip(result.values.items(), truth, strict=True):
    error = result.errors[name]
    print(f"| {name:12} | {true:5.1f} | {value:6.2f} | {error:5.2f} |")
print(f"\nχ² {result.chi_squared:.1f} for {result.dof} degrees of freedom")

# %%
# Picture: Above, a spectrum of 101 points with a high peak at -0.8 GHz and a
# shoulder on its right, and the fitted model with a narrow band. Below, the
# pulls of the points scatter about zero, nearly all within two.
figure = result.plot()
figure.set_size_inches(5.2, 4.6)
figure.axes[0].set_ylabel("signal (mV)")
figure.axes[1].set_xlabel("frequency from the middle (GHz)")
figure

# %%
# Picture: The data as points with the three parts of the fitted model: a
# sloping background, on it the left line, high and narrow, and on it the right
# line, a third as high, which reaches far into the left one.
figure, axes = plt.subplots()
p = list(result.values.values())
base = background(x, *p[6:])
axes.plot(x, y, ".", color="C5", ms=4, label="data")
axes.plot(x, base + left(x, *p[:3]), color="C0", label="left line")
axes.plot(x, base + right(x, *p[3:6]), color="C1", ls="--", label="right line")
axes.plot(x, base, color="C2", ls="-.", label="background")
axes.set(xlabel="frequency from the middle (GHz)", ylabel="signal (mV)")
axes.set(title="What the spectrum is made of")
axes.legend()
plt.show()

# %% [markdown]
"""
## Where the standard error misleads

The width of the right line enters the model in its denominator, so that χ² is
no parabola of it. A line that is too narrow misses the points about its top. A
line that is too wide can be made up for in part by the left line and the
background, which follow it. So the data object less to a wide line than to a
narrow one.
"""

# %%
name = "right_gamma"
value, error = result.values[name], result.errors[name]
print(f"{name} = {value:.3f} GHz\n")
print("| level   | linear (GHz)     | profile (GHz)    |")
print("| :------ | ---------------: | ---------------: |")
intervals = {}
for level, reach in ((0.6827, 1), (0.9545, 2), (0.9973, 3)):
    low, high = intervals[reach] = result.interval(name, level)
    linear = f"{value - reach * error:6.3f} to {value + reach * error:.3f}"
    print(f"| {level:.2%}  | {linear:>16} | {low:7.3f} to {high:.3f} |")

# %%
# Picture: The profile of χ² against the width of the right line, and the
# parabola of the standard error, dashed. They touch at the minimum; to the
# right the profile is flatter than the parabola, to the left it is steeper.
# Dots at heights of 1, 4 and 9 are the ends of the profile's intervals.
profile = result.profile(name, points=61, reach=4.5)
figure, axes = plt.subplots()
axes.plot(profile.values, profile.chi_squared, label="profile")
parabola = ((profile.values - value) / error) ** 2
axes.plot(profile.values, parabola, label="parabola of the standard error")
for reach, ends in intervals.items():
    axes.axhline(reach**2, color="0.45", lw=0.8, ls="-")
    axes.plot(ends, [reach**2] * 2, "o", color="C0")
    axes.text(value, reach**2 + 0.1, f"{reach}σ", ha="center")
axes.set(xlabel=f"{name} (GHz)", ylabel="Δχ²", title="How wide is the line?")
axes.set(xlim=(0.35, 1.15), ylim=(0, 13))
axes.legend(loc="upper center")
plt.show()

# %% [markdown]
r"""
The profile is not symmetric, and each of its intervals reaches further to the
right than to the left. The more sure one wants to be, the more the linear
interval is off: at 3σ it excludes widths above 0.978 GHz, which the data allow
up to 1.102 GHz. In the picture these are the ends at $\Delta\chi^2 = 9$.
(`result.plot_profile(name)` draws such a picture in one line, up to 2σ.) A
profile does not depend on how the parameter is written, either: for
$\log\gamma$ its ends would be the logarithms of these ends.

## What follows from the parameters

The strength of a line is the area under it: $\sqrt{2\pi}\, h\, \sigma$ of a
Gaussian, $\pi\, h\, \gamma$ of a Lorentzian. `propagate` carries the errors to
any function of the parameters, *correlations* included.
"""


# %%
def left_area(left_height, left_sigma):
    return np.sqrt(2 * np.pi) * left_height * left_sigma


def right_area(right_height, right_gamma):
    return np.pi * right_height * right_gamma


def ratio(left_height, left_sigma, right_height, right_gamma):
    right = right_area(right_height, right_gamma)
    return right / left_area(left_height, left_sigma)


i, j = (result.names.index(each) for each in ("left_sigma", name))
print(f"correlation of both widths: {result.correlation[i, j]:.2f}")
areas = {each: result.propagate(each) for each in (left_area, right_area)}
for each, (area, error) in areas.items():
    print(f"{each.__name__:10} {area:6.1f} ± {error:.1f} mV GHz")
value, error = result.propagate(ratio)
apart = np.hypot(*(error / area for area, error in areas.values())) * value
print(f"right/left {value:6.3f} ± {error:.3f}")
print(f"        or        ± {apart:.3f} if the areas were not correlated")

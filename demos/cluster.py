# %% [markdown]
r"""
# Two workers

Some work is the same thing many times: a fit to each of a thousand data sets,
or a sum over each part of one large data set. *Workers* can share it. They are
threads or processes of this computer, or processes on other ones, and who hands
out the work is called an *executor*.

Three questions come up. How is the work cut? Who draws random numbers? And are
the results the same as those of one worker, to the last digit?

This is the work: a decay was measured, with an error that is larger early on.
Nobody knew, so the fit takes all points for equally good. How wrong are its
*standard errors*?
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from distributed import Client

from fit import fit, fit_many

t = np.linspace(0, 4, 400)
scatter = 0.03 + 0.3 * np.exp(-1.5 * t)


def decay(t, height=1.0, rate=1.0, offset=0.0):
    return height * np.exp(-rate * t) + offset


def measure(random):
    return decay(t, 2.0, 1.5, 0.5) + scatter * random.normal(size=t.size)


y = measure(np.random.default_rng(2))
result = fit(decay, t, y)
for name, value in result.values.items():
    print(f"{name:6} = {value:.3f} ± {result.errors[name]:.3f}")

# %% [markdown]
r"""
The *bootstrap* asks the data themselves. Of the 400 points it draws 400, some
of them twice and others not at all, and fits again. After many such fits their
scatter is the error, whatever the points' own errors are.

The two workers here are threads of this process (`processes=False`), so that
this page needs no other. Without that they are processes of their own, which
Python can really run at the same time. Each of them imports the script that
started it, so a script then does its work below `if __name__ == "__main__":`.
With the address of a scheduler, `Client("tcp://scheduler:8786")`, the workers
are elsewhere.
"""

# %%
client = Client(
    n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
)
pool = client.get_executor(pure=False)

alone = result.bootstrap(300, seed=1)
shared = result.bootstrap(300, seed=1, executor=pool)
print(f"fits: {len(shared.p)}, without success: {len(shared.failures)}")
print(f"the same digits as alone: {np.array_equal(alone.p, shared.p)}")

# %% [markdown]
r"""
Not one digit differs, though nobody knows which worker made which fit, nor in
which order. The seed 1 is not that of a generator from which all fits draw one
after the other: 300 seeds come from it, one for each fit. So it does not matter
who draws first. And a fit leaves nothing behind that would change the next one.

A computer can do what no laboratory does, and measure 300 times. `fit_many`
fits them all. Where a fit fails, `values` holds `None`, and `failures` says
why: none does here. The scatter of these fits is the true error.
"""

# %%
seeds = np.random.SeedSequence(3).spawn(300)
measured = np.stack([measure(np.random.default_rng(seed)) for seed in seeds])
fits = fit_many(decay, t, measured, executor=pool)
true_errors = np.std([each.p for each in fits.values], axis=0, ddof=1)

print("| parameter | standard error | bootstrap | 300 data sets |")
print("| :-------- | -------------: | --------: | ------------: |")
for name, true_error in zip(result.names, true_errors, strict=True):
    standard, drawn = result.errors[name], shared.errors[name]
    print(
        f"| {name:9} | {standard:14.3f} | {drawn:9.3f} | {true_error:13.3f} |"
    )

# %% [markdown]
"""
The height and the rate live on the early points, and their standard errors are
far too small: about 40 % and 60 % of what they should be. That of the offset is
too large. The bootstrap has seen it, from one measurement.
"""

# %%
# Picture: A histogram of the 300 heights of the bootstrap, a broad hill. Over
# it the bell curve of the standard error, which is narrower and higher than
# the hill, and the one of the true error, which is as broad as the hill.
heights = shared.p[:, 0]
figure, axes = plt.subplots()
axes.hist(heights, bins=30, density=True, color="0.75", label="bootstrap")
grid = np.linspace(heights.min(), heights.max(), 300)
for label, error, style in (
    ("standard error", result.errors["height"], "C0-"),
    ("true error", true_errors[0], "C1--"),
):
    bell = np.exp(-(((grid - result.values["height"]) / error) ** 2) / 2)
    axes.plot(grid, bell / (error * np.sqrt(2 * np.pi)), style, label=label)
axes.set(xlabel="height", ylabel="density", title="300 fits of drawn points")
axes.legend(fontsize="small")
plt.show()

# %% [markdown]
r"""
## Data in parts

The other work is a fit of data that are too many for one memory. Here each of
20 *chunks* is made where it is needed; in earnest it is read from a disk. `fit`
takes *Dask*'s arrays, and the workers of the client compute.

A least-squares step needs of all $N$ residuals $r_i$ and their slopes $J_i$ no
more than a few sums, here of three parameters

$$
\sum_i J_i^T J_i, \qquad \sum_i J_i^T r_i, \qquad \sum_i r_i^2 ,
$$

which are nine, three and one number. A worker adds up its chunk and sends
these. The data stay where they are.
"""

# %%
import dask
import dask.array as da

times = da.linspace(0, 4, 400_000, chunks=20_000)


def measure_chunk(t):
    noise = np.random.default_rng(int(1e6 * t[0])).normal(size=t.size)
    return decay(t, 2.0, 1.5, 0.5) + 0.1 * noise


values = times.map_blocks(measure_chunk, dtype=float, meta=np.empty(0))

by_workers = fit(decay, times, values, sigma=0.1)
with dask.config.set(scheduler="synchronous"):  # one chunk after the other
    by_one = fit(decay, times, values, sigma=0.1)
rate, error = by_workers.values["rate"], by_workers.errors["rate"]
print(f"rate = {rate:.4f} ± {error:.4f}, of {times.size} points")
print(f"the same digits as by one: {np.array_equal(by_workers.p, by_one.p)}")

client.close()

# %% [markdown]
r"""
Sums of floating-point numbers depend on their order: $(a + b) + c$ and
$a + (b + c)$ differ by *rounding errors*. Were each sum added as it arrives,
the digits would depend on who was faster. So the chunks are added in pairs, the
pairs in pairs, and so on, always the same. Whether two workers or two hundred
do it, and whether one of them dies and another does its part again, the result
is one and the same.
"""
